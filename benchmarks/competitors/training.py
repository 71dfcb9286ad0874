"""Training steps as anyone would write them: AdamW on GPT-2 in float32, one batch again and again.

Run by the environment's interpreter: ``training MODEL SECONDS LAYERS WIDTH HEADS TOKENS VOCABULARY USED BATCH RATE
PARAMETERS``, where the model is transformers', or torch's modules put together by hand; AdamW is one fused kernel.
For each line that it reads it prints the best and the median rate in samples a second; fails where the model has not so
many parameters, or does not learn.
"""

import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.competitors.stretches import print_each_turn, rates, use_all_processors

# As GPT-2 has it, and transformers by default.
DROPOUT = 0.1
SPREAD = 0.02
LOSS_FALLS_TO = 0.95


@dataclass(frozen=True, slots=True)
class Size:
    """Of a GPT-2."""

    layers: int
    width: int
    heads: int
    tokens: int
    vocabulary: int


def main() -> None:
    """Print the rates of one model, turn by turn."""
    import torch

    model_name, seconds, *numbers, rate, parameters = sys.argv[1:]
    layers, width, heads, tokens, vocabulary, used, batch = map(int, numbers)
    use_all_processors()
    torch.manual_seed(0)
    size = Size(layers, width, heads, tokens, vocabulary)
    model, loss_of = {"transformers": from_transformers, "hand": by_hand}[model_name](size)
    # The fastest that it can do, as our own check has it.
    optimizer = torch.optim.AdamW(model.parameters(), lr=float(rate), fused=True)
    ids = torch.randint(used, (batch, tokens))
    losses: list[torch.Tensor] = []

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(ids)
        loss.backward()
        optimizer.step()
        losses[1:] = [loss.detach()]

    def turn(_: str) -> tuple[float, float]:
        found = rates(step, batch, float(seconds))
        if losses[-1] > LOSS_FALLS_TO * losses[0]:
            sys.exit(f"the loss went from {losses[0]:.2f} to {losses[-1]:.2f}")
        return found

    counted = sum(parameter.numel() for parameter in model.parameters())
    if counted != int(parameters):
        sys.exit(f"{counted} parameters instead of {parameters}")
    losses.append(loss_of(ids).detach())
    print_each_turn(turn)


def from_transformers(size: Size) -> tuple[Any, Any]:
    """The library's model and its own loss."""
    from transformers import GPT2Config, GPT2LMHeadModel

    named = {"n_layer": size.layers, "n_embd": size.width, "n_head": size.heads, "n_positions": size.tokens}
    config = GPT2Config(**named, vocab_size=size.vocabulary, bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config).train()
    return model, lambda ids: model(input_ids=ids, labels=ids).loss


def by_hand(size: Size) -> tuple[Any, Any]:
    """The same architecture out of torch's modules alone: pre-norm, GELU by tanh, fused attention, a tied head."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Gpt2(nn.Module):  # type: ignore[misc] # torch's types are not to be had here
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(size.vocabulary, size.width)
            self.places = nn.Embedding(size.tokens, size.width)
            self.blocks = nn.Sequential(*(block(size) for _ in range(size.layers)))
            self.norm = nn.LayerNorm(size.width)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            states = functional.dropout(self.words(ids) + self.places.weight, DROPOUT, self.training)
            logits: torch.Tensor = functional.linear(self.norm(self.blocks(states)), self.words.weight)
            return logits

    model = Gpt2().apply(start).train()

    def loss_of(ids: torch.Tensor) -> torch.Tensor:
        logits = model(ids)[:, :-1]
        loss: torch.Tensor = functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        return loss

    return model, loss_of


def block(size: Size) -> Any:
    """One block of it."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):  # type: ignore[misc] # as above
        def __init__(self) -> None:
            super().__init__()
            width = size.width
            self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(2)])
            self.project, self.combine = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            parts = self.project(self.norms[0](states)).unflatten(2, (3, size.heads, -1))
            query, key, value = parts.permute(2, 0, 3, 1, 4)
            dropped = DROPOUT if self.training else 0.0
            seen = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropped, is_causal=True)
            seen = self.combine(seen.transpose(1, 2).flatten(2))
            states = states + functional.dropout(seen, DROPOUT, self.training)
            hidden = self.narrow(functional.gelu(self.widen(self.norms[1](states)), approximate="tanh"))
            result: torch.Tensor = states + functional.dropout(hidden, DROPOUT, self.training)
            return result

    return Block()


def start(module: Any) -> None:
    """Start weights as GPT-2 does."""
    from torch import nn

    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=SPREAD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


if __name__ == "__main__":
    main()
