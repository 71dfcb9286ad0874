"""The ledger of a piece of work: each operation, its time, and whether it ran where it was asked for."""

import re
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

# https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/mps/MPSFallback.mm
FELL_BACK = re.compile(
    r"The operator '(?P<name>[^']+)' is not currently supported on the MPS backend and will fall back"
)
# Other words for it, in another version or another part of torch.
OTHER_WORDS = re.compile(r"fall(s|ing)?[ -]?back", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What ran.

    Attributes:
        calls: How often, by operation.
        seconds: How long in all, by operation, synchronised.
        fallen: How often an operation said that it fell back to the CPU, by operation or by its words.
        elsewhere: How often the result was on another device, by operation; single numbers do not count.
    """

    calls: Counter[str]
    seconds: dict[str, float]
    fallen: Counter[str]
    elsewhere: Counter[str]

    def share(self, names: Iterable[str]) -> float:
        """The share of the time that these operations took."""
        return sum(self.seconds.get(name, 0.0) for name in {*names}) / max(sum(self.seconds.values()), 1e-9)

    def told(self) -> str:
        """What did not run where it was asked for, the slowest first."""
        found = self.fallen + self.elsewhere
        ordered = sorted(found, key=lambda name: -self.seconds.get(name, 0.0))
        return "; ".join(f"{name} {found[name]} times, {self.share([name]):.0%} of the time" for name in ordered)


def ledger_of(device: str, work: Callable[[], object], synchronise: Callable[[], object]) -> Ledger:
    """Do the work, and keep the books."""
    import torch

    ledger = Ledger(Counter(), defaultdict(float), Counter(), Counter())
    always = torch.is_warn_always_enabled()
    # Otherwise the first operation that falls back is the only one of the process to say so.
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as said, _recording(ledger, device, synchronise):
            warnings.simplefilter("always")
            work()
            synchronise()
    finally:
        torch.set_warn_always(always)
    ledger.fallen.update(fallen_back(str(one.message) for one in said))
    return ledger


def fallen_back(said: Iterable[str]) -> Counter[str]:
    """The operations that warnings name as having fallen back, or the words of one that names none."""
    found: Counter[str] = Counter()
    for words in said:
        if match := FELL_BACK.search(words):
            found[match["name"]] += 1
        elif OTHER_WORDS.search(words):
            found[words.splitlines()[0][:120]] += 1
    return found


def train(device: str, seed: int) -> None:
    """Two steps of training a very small GPT-2 with an adapter on its output, as any language model is trained."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(seed)
    width, heads, length, vocabulary, rank = 32, 4, 16, 101, 4
    table, places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
    first, last = nn.LayerNorm(width), nn.LayerNorm(width)
    joined, mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
    wide, narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
    down, up = nn.Linear(width, rank, bias=False), nn.Linear(rank, vocabulary, bias=False)
    net = nn.ModuleList([table, places, first, last, joined, mixed, wide, narrow, down, up]).to(device)
    optimizer = torch.optim.AdamW(net.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    tokens = torch.randint(vocabulary, (2, length + 1), device=device)
    for _ in range(2):
        hidden = functional.dropout(table(tokens[:, :-1]) + places.weight, 0.1)
        parts = joined(first(hidden)).view(2, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4).unbind()
        attended = functional.scaled_dot_product_attention(*parts, is_causal=True)
        hidden = hidden + functional.dropout(mixed(attended.transpose(1, 2).reshape(hidden.shape)), 0.1)
        hidden = hidden + narrow(functional.gelu(wide(last(hidden)), approximate="tanh"))
        logits = functional.linear(hidden, table.weight) + 2 * up(down(functional.dropout(hidden, 0.05)))
        loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def _recording(ledger: Ledger, device: str, synchronise: Callable[[], object]) -> Any:
    """While entered, each operation is timed, counted, and looked at for where its result lies."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class Recording(TorchDispatchMode):  # type: ignore[misc] # torch has no types here
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            synchronise()
            start = time.perf_counter()
            result = function(*args, **(kwargs or {}))
            synchronise()
            name = function.name()
            ledger.seconds[name] += time.perf_counter() - start
            ledger.calls[name] += 1
            if any(_is_elsewhere(leaf, device) for leaf in tree_leaves(result)):
                ledger.elsewhere[name] += 1
            return result

    return Recording()


def _is_elsewhere(leaf: "torch.Tensor | object", device: str) -> bool:
    """Whether it is a tensor on another device; optimisers keep their step counts on the CPU on purpose."""
    import torch

    return isinstance(leaf, torch.Tensor) and leaf.numel() > 1 and leaf.device.type != device
