"""The pretrained causal language model and GPT-2's architecture, as the checks use them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.models.materials import smollm2
from verify.checks.torch_device import ready

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from verify.probe.context import Context


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A model on the check's device, in float32 and not training, and its tokenizer."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"

    def ids(self, text: str) -> "torch.Tensor":
        """The text's token ids, as a batch of one on the model's device."""
        ids: torch.Tensor = self.tokenizer(text, return_tensors="pt").input_ids
        return ids.to(self.model.device)

    def continuation(self, prompt: str, tokens: int, *, use_cache: bool = True) -> str:
        """What the model writes after the prompt, always taking its likeliest token."""
        ids = self.ids(prompt)
        settings = {"do_sample": False, "pad_token_id": self.tokenizer.eos_token_id, "use_cache": use_cache}
        written = self.model.generate(ids, attention_mask=ids.new_ones(ids.shape), max_new_tokens=tokens, **settings)
        text: str = self.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
        return text


def pretrained(ctx: "Context") -> Pretrained:
    """SmolLM2-135M on the check's device."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device, folder = ready(ctx), smollm2(ctx)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    return Pretrained(model.to(device).eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True))


def unlearnt_gpt2() -> "PreTrainedModel":
    """GPT-2's smallest architecture with random weights, or none at all under ``torch.device("meta")``."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config()).eval()


def loss_of(model: "PreTrainedModel", ids: "torch.Tensor") -> "torch.Tensor":
    """The mean cross-entropy, in nats, of each token given those before it."""
    loss: torch.Tensor = model(input_ids=ids, labels=ids).loss
    return loss
