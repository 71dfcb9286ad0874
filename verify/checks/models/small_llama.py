"""A thin Llama with random weights, and its gradients: from Trainer, in float64, and with the memory they took."""

from typing import TYPE_CHECKING, Any

from verify.checks.measures.live_memory import peak_bytes
from verify.checks.models.causal_lm import loss_of
from verify.checks.torch_device import require_on

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM

    from verify.probe.context import Context

VOCABULARY = 97
IGNORED = -100


def small_llama(ctx: "Context", layers: int, dropout: float = 0.0) -> "LlamaForCausalLM":
    """The same weights for the same seed, on the CPU and in training mode; dropout is of the attention."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(ctx.seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=256,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        attention_dropout=dropout,
        use_cache=False,
    )
    return LlamaForCausalLM(config).train()


def sequences(ctx: "Context", lengths: tuple[int, ...]) -> "list[dict[str, torch.Tensor]]":
    """Random token ids of these lengths, padded to the longest, as Trainer's data sets hold them."""
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    ids = torch.randint(VOCABULARY, (len(lengths), max(lengths)), generator=random)
    there = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    rows = zip(ids, there, strict=True)
    return [
        {"input_ids": row, "attention_mask": mask.long(), "labels": row.where(mask, torch.tensor(IGNORED))}
        for row, mask in rows
    ]


def gradients_in_float64(ctx: "Context", layers: int, lengths: tuple[int, ...]) -> "dict[str, torch.Tensor]":
    """The gradients of the mean over all predicted tokens of all sequences at once, written out, on the CPU."""
    import torch

    model, examples = small_llama(ctx, layers).double(), sequences(ctx, lengths)
    batch = {key: torch.stack([example[key] for example in examples]) for key in examples[0]}
    following = batch.pop("labels")[:, 1:]
    likelihoods = model(**batch).logits[:, :-1].log_softmax(-1)
    predicted = following != IGNORED
    loss = -likelihoods[predicted].gather(1, following[predicted][:, None]).mean()
    loss.backward()
    return gradients_of(model)


def gradients_of_trainer(
    ctx: "Context", layers: int, lengths: tuple[int, ...], micro_batches: int
) -> "dict[str, torch.Tensor]":
    """The gradients that transformers' Trainer hands to the optimiser, from so many micro-batches."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    kept: dict[str, torch.Tensor] = {}

    class Keeping(TrainerCallback):  # type: ignore[misc] # transformers has no types here
        def on_pre_optimizer_step(self, *_: Any, model: "torch.nn.Module", **__: Any) -> None:
            for parameter in model.parameters():
                require_on(ctx, parameter)
            kept.update(gradients_of(model))

    arguments = TrainingArguments(
        output_dir=str(ctx.scratch / "trainer"),
        per_device_train_batch_size=len(lengths) // micro_batches,
        gradient_accumulation_steps=micro_batches,
        max_steps=1,
        max_grad_norm=0,
        use_cpu=ctx.device == "cpu",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    # Several GPUs would be fed several micro-batches at once.
    arguments._n_gpu = min(arguments.n_gpu, 1)  # noqa: SLF001 - there is no other way to ask for one
    trainer = Trainer(small_llama(ctx, layers), arguments, train_dataset=sequences(ctx, lengths), callbacks=[Keeping()])
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return kept


def gradients_and_peak_bytes(
    ctx: "Context", model: "LlamaForCausalLM", ids: "torch.Tensor", seed: int
) -> "tuple[dict[str, torch.Tensor], int]":
    """The gradients of a batch, with the dropout of a seed, and the most memory that computing them took."""
    import torch

    model.zero_grad()
    torch.manual_seed(seed)
    peak = peak_bytes(ctx.device, lambda: loss_of(model, ids).backward())
    require_on(ctx, model.lm_head.weight.grad)
    return gradients_of(model), peak


def gradients_of(model: "torch.nn.Module") -> "dict[str, torch.Tensor]":
    """The gradients of the parameters that have one, in float64 on the CPU."""
    return {
        name: parameter.grad.detach().cpu().double()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
