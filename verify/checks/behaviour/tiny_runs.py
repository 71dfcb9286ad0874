"""A training that is short enough to be repeated elsewhere: a small Llama and a few sequences to learn by heart."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.behaviour.exchange import read, write
from verify.checks.behaviour.tiny_models import IDS, make, random_ids
from verify.checks.torch_device import require_on

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel

    from verify.probe.context import Context

STEPS = 20
SAVED_AT = 10
BATCH = 4
# Three steps take all: the checkpoint lies in the middle of a round.
SEQUENCES = 12
TOKENS = 16
LEARNING_RATE = 5e-3
# The sequences are drawn of 257 tokens: chance is 5.5 nats, and what falls by so much was learnt.
FALL = 1.0
MODEL, ADAPTER = "llama", "adapter"
RANK, ALPHA = 4, 8
TARGETS = ("q_proj", "v_proj", "down_proj")

Rows = list[list[int]]


def make_material(folder: Path, seed: int, **changes: Any) -> None:
    """Write the model and the sequences."""
    make(folder / MODEL, MODEL, seed, **changes)
    write(folder / IDS, random_ids(seed, SEQUENCES, TOKENS))


def rows_of(material: Path) -> Rows:
    """The sequences."""
    rows: Rows = read(material / IDS)
    return rows


def adapted(model: "PreTrainedModel", seed: int, **settings: Any) -> "PeftModel":
    """A model with adapters, every weight of which is drawn: fresh ones add nothing."""
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(TARGETS), task_type="CAUSAL_LM", **settings)
    adapters, random = get_peft_model(model, config), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in adapters.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=random) * 0.1)
    return adapters


def trained_by_hand(ctx: "Context", model: "torch.nn.Module", rows: Rows) -> list[float]:
    """Train what is to be trained with a bare loop of torch, batch after batch; the losses in nats."""
    import torch

    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer, losses = torch.optim.AdamW(weights, lr=LEARNING_RATE), []
    model.train()
    for step in range(STEPS):
        first = step * BATCH % len(rows)
        ids = torch.tensor(rows[first : first + BATCH], device=ctx.device)
        loss = model(input_ids=ids, labels=ids).loss
        require_on(ctx, loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def trained_by_trainer(
    ctx: "Context", model: "PreTrainedModel", rows: Rows, output: Path, *, resume: Path | None = None
) -> list[float]:
    """Train with the Trainer, which is told no more than it must; the losses in nats, from the resumed step on.

    It saves a checkpoint at `SAVED_AT` and another at the end.
    """
    import torch
    from transformers import PrinterCallback, Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=str(output),
        max_steps=STEPS,
        per_device_train_batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        save_steps=SAVED_AT,
        seed=ctx.seed,
        use_cpu=ctx.device == "cpu",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    # Several GPUs would be fed several batches at once.
    arguments._n_gpu = min(arguments.n_gpu, 1)  # noqa: SLF001 - there is no other way to ask for one
    data = [{"input_ids": torch.tensor(row), "labels": torch.tensor(row)} for row in rows]
    trainer = Trainer(model, arguments, train_dataset=data)
    trainer.remove_callback(PrinterCallback)
    with _losses_of(ctx, model) as losses:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    return losses


def weights_of(model: "torch.nn.Module") -> "dict[str, torch.Tensor]":
    """Copies of what is trained, by name, on the CPU."""
    named = model.named_parameters()
    return {name: weight.detach().cpu().clone() for name, weight in named if weight.requires_grad}


@contextmanager
def _losses_of(ctx: "Context", model: "torch.nn.Module") -> Iterator[list[float]]:
    """The losses that a model gives on the way: the Trainer's log has them rounded, in some versions."""
    losses: list[float] = []

    def keep(_: Any, __: Sequence[Any], answer: Any) -> None:
        require_on(ctx, answer["loss"])
        losses.append(float(answer["loss"].detach()))

    hook = model.register_forward_hook(keep)
    try:
        yield losses
    finally:
        hook.remove()
