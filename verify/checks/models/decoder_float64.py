"""The arithmetic of Llama and Qwen2 written out in float64: what a checkpoint means, whichever engine reads it.

The formulas are those of https://arxiv.org/abs/2302.13971 and https://arxiv.org/abs/2407.10671; nothing here comes
from transformers or MLX, so that neither is the judge of itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint on disk: its settings, and its weights, each read when it is wanted."""

    config: Mapping[str, Any]
    file: Any
    names: frozenset[str]

    def weight(self, name: str) -> "torch.Tensor":
        """A weight, in float64."""
        tensor: torch.Tensor = self.file.get_tensor(name)
        return tensor.double()

    def linear(self, values: "torch.Tensor", name: str) -> "torch.Tensor":
        """A product with a weight, and its bias where it has one."""
        product = values @ self.weight(f"{name}.weight").T
        return product + self.weight(f"{name}.bias") if f"{name}.bias" in self.names else product

    def norm(self, values: "torch.Tensor", name: str) -> "torch.Tensor":
        """Values divided by their root mean square."""
        mean = values.square().mean(-1, keepdim=True)
        return values * (mean + self.config["rms_norm_eps"]).rsqrt() * self.weight(f"{name}.weight")


def exact_logits(folder: Path, ids: Sequence[int]) -> "torch.Tensor":
    """The logits of each token given those before it, in float64 on the CPU."""
    import torch
    from safetensors import safe_open

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        stored = Stored(config, file, frozenset(file.keys()))
        embedding = stored.weight("model.embed_tokens.weight")
        values = embedding[torch.tensor(ids)]
        for layer in range(config["num_hidden_layers"]):
            name = f"model.layers.{layer}"
            values = values + _attention(stored, f"{name}.self_attn", stored.norm(values, f"{name}.input_layernorm"))
            values = values + _mlp(stored, f"{name}.mlp", stored.norm(values, f"{name}.post_attention_layernorm"))
        values = stored.norm(values, "model.norm")
        return values @ embedding.T if config["tie_word_embeddings"] else stored.linear(values, "lm_head")


def _attention(stored: Stored, name: str, values: "torch.Tensor") -> "torch.Tensor":
    import torch

    heads, groups = stored.config["num_attention_heads"], stored.config["num_key_value_heads"]
    tokens = len(values)
    queries, keys, mixed = (
        stored.linear(values, f"{name}.{one}_proj").reshape(tokens, count, -1).transpose(0, 1)
        for one, count in (("q", heads), ("k", groups), ("v", groups))
    )
    base = stored.config["rope_parameters"]["rope_theta"]
    queries, keys = _rotated(queries, base), _rotated(keys, base).repeat_interleave(heads // groups, 0)
    scores = queries @ keys.transpose(1, 2) / queries.shape[-1] ** 0.5
    later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    seen = scores.masked_fill(later, -torch.inf).softmax(-1) @ mixed.repeat_interleave(heads // groups, 0)
    return stored.linear(seen.transpose(0, 1).reshape(tokens, -1), f"{name}.o_proj")


def _rotated(values: "torch.Tensor", base: float) -> "torch.Tensor":
    """Pairs of a head's first and second half, turned by position / base ** (2 i / d)."""
    import torch

    _, tokens, size = values.shape
    speed = base ** -(torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.arange(tokens, dtype=torch.float64)[:, None] * speed
    first, second = values.chunk(2, -1)
    return torch.cat(
        (first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()), dim=-1
    )


def _mlp(stored: Stored, name: str, values: "torch.Tensor") -> "torch.Tensor":
    gate = stored.linear(values, f"{name}.gate_proj")
    return stored.linear(gate * gate.sigmoid() * stored.linear(values, f"{name}.up_proj"), f"{name}.down_proj")
