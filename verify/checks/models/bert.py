"""BERT and its masked language modelling, whole and small, with a switch for each optimisation that is to be judged."""

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.checks.models.materials import prose

if TYPE_CHECKING:
    import torch

# The standard deviation that BERT's weights start with (Devlin 2018, https://arxiv.org/abs/1810.04805): as the
# embedding is the output layer too, larger ones start at losses far above chance.
SPREAD = 0.02
# What precedes the words in the vocabulary, and stands for a hidden one.
MASK = 4
SPECIAL = 5
# BERT's recipe: of the words to be told, so many are hidden, and half of the rest replaced by another word.
TOLD, HIDDEN, REPLACED = 0.15, 0.8, 0.9
UNTOLD = -100
CHARACTERS = 300_000


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of the model and of a batch."""

    layers: int
    tokens: int
    vocabulary: int = 30_000
    hidden: int = 256
    heads: int = 4
    batch: int = 4

    @property
    def tokens_per_step(self) -> int:
        """Tokens of a batch, none of them padding."""
        return self.batch * self.tokens

    @property
    def flops(self) -> int:
        """Floating-point operations of a training step's matrix products: a forward pass, and twice that back."""
        weights = self.layers * 12 * self.hidden**2 + self.hidden**2 + self.vocabulary * self.hidden
        scores = self.layers * 2 * self.tokens * self.hidden
        return 3 * 2 * self.tokens_per_step * (weights + scores)


@dataclass(frozen=True, slots=True)
class MaskedText:
    """Batches of English prose with hidden words, as a DataLoader reads them; a batch depends on its number alone."""

    shape: Shape
    seed: int
    steps: int

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> "tuple[torch.Tensor, torch.Tensor, int]":
        """Ids with hidden words, the words to be told (the rest `UNTOLD`), and the process that prepared them."""
        import torch

        random, shape = torch.Generator().manual_seed(self.seed * 1_000_003 + step), self.shape
        words = word_numbers() % (shape.vocabulary - SPECIAL) + SPECIAL
        starts = torch.randint(len(words) - shape.tokens, (shape.batch, 1), generator=random)
        whole = words[starts + torch.arange(shape.tokens)]
        chance, what = (torch.rand(whole.shape, generator=random) for _ in range(2))
        others = torch.randint(SPECIAL, shape.vocabulary, whole.shape, generator=random)
        shown = torch.where(what < HIDDEN, MASK, torch.where(what < REPLACED, others, whole))
        told = chance < TOLD
        return torch.where(told, shown, whole), torch.where(told, whole, UNTOLD), os.getpid()


@functools.cache
def word_numbers() -> "torch.Tensor":
    """The prose as numbers: each word's place among the words in the order in which they first occur."""
    import torch

    places: dict[str, int] = {}
    return torch.tensor([places.setdefault(word, len(places)) for word in prose(CHARACTERS).split()])


def bert(shape: Shape, *, fused: bool, qk_norm: bool) -> "torch.nn.Module":
    """BERT with a language modelling head tied to its embedding; called with ids, it gives the logits.

    Args:
        shape: Its size.
        fused: Whether attention is one operation of torch, or written out. `fused` of each layer may be changed.
        qk_norm: Whether queries and keys are normalised (Henry 2020, https://arxiv.org/abs/2010.04245).
    """
    import torch
    from torch import nn
    from torch.nn import functional

    layer = _layer_type()

    class Bert(nn.Module):  # type: ignore[misc] # torch's types are not to be had here
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(shape.vocabulary, shape.hidden)
            self.places = nn.Embedding(shape.tokens, shape.hidden)
            self.norm = nn.LayerNorm(shape.hidden)
            self.layers = nn.ModuleList([layer(shape, fused=fused, qk_norm=qk_norm) for _ in range(shape.layers)])
            self.head = nn.Sequential(nn.Linear(shape.hidden, shape.hidden), nn.GELU(), nn.LayerNorm(shape.hidden))
            self.bias = nn.Parameter(torch.zeros(shape.vocabulary))
            self.apply(_start)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            places = torch.arange(ids.shape[1], device=ids.device)
            states = self.norm(self.words(ids) + self.places(places))
            for one in self.layers:
                states = one(states)
            return functional.linear(self.head(states), self.words.weight, self.bias)

    return Bert()


def _layer_type() -> Any:
    import torch
    from torch import nn
    from torch.nn import functional

    class Layer(nn.Module):  # type: ignore[misc] # as above
        def __init__(self, shape: Shape, *, fused: bool, qk_norm: bool) -> None:
            super().__init__()
            hidden, self.heads, self.fused = shape.hidden, shape.heads, fused
            size = hidden // shape.heads
            self.project, self.combine = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
            self.widen, self.narrow = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)
            self.norms = nn.ModuleList([nn.LayerNorm(hidden) for _ in range(2)])
            self.query_norm, self.key_norm = (nn.RMSNorm(size) if qk_norm else nn.Identity() for _ in range(2))

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            states = self.norms[0](states + self.combine(self.attend(states)))
            widened: torch.Tensor = self.narrow(functional.gelu(self.widen(states)))
            normalised: torch.Tensor = self.norms[1](states + widened)
            return normalised

        def attend(self, states: torch.Tensor) -> torch.Tensor:
            batch, tokens, hidden = states.shape
            parts = self.project(states).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            query, key, value = self.query_norm(parts[0]), self.key_norm(parts[1]), parts[2]
            query, key = query.to(value.dtype), key.to(value.dtype)
            attention = functional.scaled_dot_product_attention if self.fused else _written_out
            return attention(query, key, value).transpose(1, 2).reshape(batch, tokens, hidden)

    return Layer


def _written_out(query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    return scores.softmax(dim=-1) @ value


def _start(module: "torch.nn.Module") -> None:
    from torch import nn

    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=SPREAD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
