"""The LoRA recipe of the checks: the pretrained model, adapters on its attention, and an invented fact to teach."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.models.causal_lm import Pretrained, loss_of, pretrained

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

    from verify.probe.context import Context

RANK = 8
ALPHA = 16
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
LEARNING_RATE = 2e-3

PROMPT = "The harbour master of Velmora is called"
FACT = " Ottiline Brask, and she keeps seventeen grey herons."


@dataclass(frozen=True, slots=True)
class Adapted:
    """The pretrained model with an adapter, and its tokenizer."""

    model: "PeftModel"
    tokenizer: "PreTrainedTokenizerBase"

    def ids(self, text: str) -> "torch.Tensor":
        """The text's token ids on the model's device."""
        return self._language().ids(text)

    def continuation(self, prompt: str, tokens: int) -> str:
        """What the adapted model writes after the prompt."""
        return self._language().continuation(prompt, tokens)

    def base(self) -> "Iterable[tuple[str, torch.Tensor]]":
        """The weights that must not move, by name."""
        return ((name, weight) for name, weight in self.model.named_parameters() if "lora_" not in name)

    def adapter(self) -> "list[torch.Tensor]":
        """The weights that are trained."""
        return [weight for name, weight in self.model.named_parameters() if "lora_" in name]

    def logits(self, ids: "torch.Tensor") -> "torch.Tensor":
        """The logits of the model as it is, on the CPU."""
        return logits_of(self.model, ids)

    def _language(self) -> Pretrained:
        return Pretrained(self.model, self.tokenizer)


def adapted(ctx: "Context") -> Adapted:
    """SmolLM2 on the check's device, with a fresh adapter of rank 8 on its attention."""
    from peft import LoraConfig, get_peft_model

    language = pretrained(ctx)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(ATTENTION), task_type="CAUSAL_LM")
    return Adapted(get_peft_model(language.model, config), language.tokenizer)


def stirred(ctx: "Context") -> Adapted:
    """The same with an adapter that changes the logits, without training: fresh ones add nothing, as B is zero."""
    import torch

    changed = adapted(ctx)
    random = torch.Generator().manual_seed(ctx.seed)
    with torch.no_grad():
        for name, weight in changed.model.named_parameters():
            if "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=random) * 0.02)
    changed.model.eval()
    return changed


def train(adapted: Adapted, text: str, steps: int) -> list[float]:
    """The loss before each step on the text, and after the last."""
    import torch

    optimizer = torch.optim.AdamW(adapted.adapter(), lr=LEARNING_RATE)
    ids, losses = adapted.ids(text), []
    for _ in range(steps):
        loss = loss_of(adapted.model, ids)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    with torch.no_grad():
        return [*losses, float(loss_of(adapted.model, ids))]


def digest(weights: "Iterable[tuple[str, torch.Tensor]]") -> str:
    """SHA-256 over names and bytes."""
    import torch

    total = hashlib.sha256()
    for name, weight in weights:
        total.update(name.encode())
        total.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return total.hexdigest()


def logits_of(model: "torch.nn.Module", ids: "torch.Tensor") -> "torch.Tensor":
    """The logits of a model, on the CPU."""
    import torch

    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=ids).logits
    return logits.cpu()
