"""A stack of GPT-2's blocks: how to make one, what it costs by formula, and what it computes in float64."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import GPT2Model

HEAD_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Blocks:
    """So many blocks, so wide, with heads of 64."""

    layers: int
    width: int

    @property
    def parameters(self) -> int:
        """Matrices of h x 3h, h x h, h x 4h and 4h x h with their biases, and two norms of 2h, in each block."""
        return self.layers * (12 * self.width**2 + 13 * self.width)

    def flops(self, batch: int, tokens: int) -> int:
        """Multiplications and additions of all matrix products of a forward pass.

        Each token sees itself and those before it: T (T + 1) / 2 pairs, with two products of h each.
        """
        products = 24 * tokens * self.width**2
        attention = 2 * tokens * (tokens + 1) * self.width
        return self.layers * batch * (products + attention)

    def make(self, tokens: int, device: "torch.device") -> "GPT2Model":
        """The stack with random weights, for sequences of so many tokens at most; its inputs are embeddings."""
        import torch
        from transformers import GPT2Config, GPT2Model

        heads = self.width // HEAD_WIDTH
        size = {"n_layer": self.layers, "n_embd": self.width, "n_head": heads, "n_positions": tokens}
        # GPT-2 begins with 0.02, for which its GELU is all but a line, and softmax a mean: nothing would be tested.
        spread = {"initializer_range": 0.05}
        # There are no tokens, only embeddings: the smallest vocabulary, of which one entry begins and ends texts.
        vocabulary = {"vocab_size": 1, "bos_token_id": 0, "eos_token_id": 0}
        # Nowhere at first: each layer would draw weights when it is made, and the model draw all of them once more.
        with torch.device("meta"):
            model = GPT2Model(GPT2Config(**size, **vocabulary, **spread, use_cache=False))
        model.to_empty(device=device).init_weights()
        return model.eval()


def exact(model: "GPT2Model", inputs: "torch.Tensor") -> "torch.Tensor":
    """What the stack makes of one sequence of embeddings, by GPT-2's formulas, in float64 on the CPU."""
    weights = {name: weight.detach().cpu() for name, weight in model.named_parameters()}
    values = inputs.cpu().double() + weights["wpe.weight"][: len(inputs)].double()
    for layer in range(model.config.n_layer):
        name = f"h.{layer}."
        block = {key.removeprefix(name): weight for key, weight in weights.items() if key.startswith(name)}
        values = values + _attention(block, _norm(block, "ln_1", values))
        hidden = _linear(block, "mlp.c_fc", _norm(block, "ln_2", values))
        gelu = hidden * (1 + (math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)).tanh()) / 2
        values = values + _linear(block, "mlp.c_proj", gelu)
    return _norm(weights, "ln_f", values)


def _attention(block: "dict[str, torch.Tensor]", values: "torch.Tensor") -> "torch.Tensor":
    import torch

    tokens, width = values.shape
    mixed = _linear(block, "attn.c_attn", values).reshape(tokens, 3, width // HEAD_WIDTH, HEAD_WIDTH)
    query, key, value = mixed.permute(1, 2, 0, 3)
    later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    scores = (query @ key.mT / math.sqrt(HEAD_WIDTH)).masked_fill(later, -math.inf)
    return _linear(block, "attn.c_proj", (scores.softmax(-1) @ value).transpose(0, 1).reshape(tokens, width))


def _linear(block: "dict[str, torch.Tensor]", name: str, values: "torch.Tensor") -> "torch.Tensor":
    weight, bias = _exact_weights(block, name)
    return values @ weight + bias


def _norm(block: "dict[str, torch.Tensor]", name: str, values: "torch.Tensor") -> "torch.Tensor":
    centred = values - values.mean(-1, keepdim=True)
    # GPT-2's epsilon is 1e-5.
    scaled = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    weight, bias = _exact_weights(block, name)
    return scaled * weight + bias


def _exact_weights(block: "dict[str, torch.Tensor]", name: str) -> "tuple[torch.Tensor, torch.Tensor]":
    """In float64 only when they are needed: all of them at once would take longer to make than to use."""
    return block[f"{name}.weight"].double(), block[f"{name}.bias"].double()
