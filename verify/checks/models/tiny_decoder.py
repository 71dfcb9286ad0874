"""A decoder that is small enough to be written out in float64, and to be trained by every engine in milliseconds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel

KINDS = ("qwen2", "llama")
# Neither engine's default (10,000 for Llama, 1,000,000 for Qwen2): a base that gets lost has to show.
ROPE_BASE = 50_000.0
# One token a byte, and one that ends a text.
END = 256
VOCABULARY = END + 1
# Sizes that differ wherever a mix-up could otherwise hide, and inputs in whole groups of 64, as four bits need them.
SHAPE: Mapping[str, int] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 192,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}


def drawn(kind: str, seed: int, **shape: int) -> "PreTrainedModel":
    """A model of that kind, every weight of which is drawn: one that is 0 or 1 could get lost unseen."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    rope = {"rope_parameters": {"rope_type": "default", "rope_theta": ROPE_BASE}}
    settings: dict[str, Any] = {**SHAPE, **shape, **rope, "eos_token_id": END}
    # One whose head is its embedding, and one whose head is not; MLX takes both to be so unless it is told.
    model: PreTrainedModel = (
        Qwen2ForCausalLM(Qwen2Config(**settings, tie_word_embeddings=True))
        if kind == "qwen2"
        else LlamaForCausalLM(LlamaConfig(**settings, tie_word_embeddings=False))
    )
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            numbers = torch.randn(weight.shape, generator=random)
            # Of such a size that attention is neither even nor stuck on one token.
            weight.copy_(1 + numbers / 4 if "norm" in name else numbers * (1.5 / weight.shape[-1] ** 0.5))
    return model


def state_rope_base(folder: Path) -> None:
    """Write the rope base where mlx-lm alone looks for it, beside where transformers does."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "rope_theta": ROPE_BASE}), encoding="utf-8")
