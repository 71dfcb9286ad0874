"""Recording what a training step would allocate, on tensors that have shapes and no data.

torch's own ``torch.distributed._tools.mem_tracker.MemTracker`` does likewise under ``FakeTensorMode``. It is not used:
transformers takes fake tensors for a trace and builds another mask than it does in training, and what is wanted is not
its sums but the order of what is allocated and freed, so that a few recordings tell the peak of every batch and length.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from verify.checks.fit.recipe import Recipe, made_ready, optimiser_of, step
from verify.checks.fit.tape import Tape
from verify.checks.torch_device import available

if TYPE_CHECKING:
    import torch

    from verify.checks.models.configs import Config

# How torch numbers its ways of attention: at::SDPBackend in c10/core/SDPBackend.h.
WRITTEN_OUT, FLASH = 0, 1


class Recorder:
    """One model and its optimiser without data, whose steps are recorded.

    Args:
        config: The model's.
        recipe: How it trains.
        device: Of which attention it is: what is fused on one device is written out on another.
    """

    def __init__(self, config: "Config", recipe: Recipe, device: str) -> None:
        self.model = made_ready(config, recipe, "meta")
        self._optimizer = _started(self.model, recipe)
        self._device = device

    def record(self, batch: int, tokens: int) -> Tape:
        """What a step allocates and frees; weights and the optimiser's state are allocated first.

        Args:
            batch: Texts in a batch.
            tokens: Of each text.
        """
        import torch

        ledger = _Ledger()
        state = [value for kept in self._optimizer.state.values() for value in kept.values()]
        for tensor in [*self.model.parameters(), *self.model.buffers(), *state]:
            if isinstance(tensor, torch.Tensor):
                ledger.see(tensor)
        with _attention_of(self._device), ledger.watching():
            step(self.model, self._optimizer, batch, tokens)
        return Tape(tuple(ledger.events), tuple(ledger.sizes))


def _started(model: "torch.nn.Module", recipe: Recipe) -> "torch.optim.Optimizer":
    """The optimiser with the state that it has from the first step on."""
    import torch

    optimizer = optimiser_of(model, recipe)
    for weight in model.parameters():
        weight.grad = torch.empty_like(weight) if weight.requires_grad else None
    optimizer.step()
    optimizer.zero_grad()
    return optimizer


class _Ledger:
    """Every storage that is seen, when it is first seen, and when nobody holds it any more."""

    def __init__(self) -> None:
        self.events: list[int] = []
        self.sizes: list[int] = []
        self._live: dict[int, weakref.ref[Any]] = {}

    def see(self, tensor: Any) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata  # noqa: SLF001 - what tells storages apart; torch's own tracker uses it
        if not tensor.is_meta or key in self._live:
            return
        number = len(self.sizes)

        def gone(_: object) -> None:
            self._live.pop(key, None)
            self.events.append(~number)

        self._live[key] = weakref.ref(storage, gone)
        self.sizes.append(storage.nbytes())
        self.events.append(number)

    def watching(self) -> Any:
        import torch
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.utils._pytree import tree_leaves

        class Watching(TorchDispatchMode):  # type: ignore[misc] # torch's types are not to be had here
            def __torch_dispatch__(_, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: N805
                if function is torch.ops.aten._local_scalar_dense.default and args[0].is_meta:  # noqa: SLF001
                    # What transformers asks of the data: is no text packed with another, is nothing padding.
                    return True
                result = function(*args, **(kwargs or {}))
                for leaf in tree_leaves(result):
                    if isinstance(leaf, torch.Tensor):
                        self.see(leaf)
                return result

        return Watching()


@contextmanager
def _attention_of(device: str) -> Iterator[None]:
    """Attention on ``meta`` as it would be on a device: torch chooses by the device, and takes it apart on ``meta``."""
    import torch
    from torch.nn import functional

    fused, asked = functional.scaled_dot_product_attention, torch.ops.aten

    def attend(query: Any, key: Any, value: Any, attn_mask: Any = None, **kwargs: Any) -> Any:
        if _way_of(device, (query, key, value), attn_mask, kwargs) == WRITTEN_OUT:
            return fused(query, key, value, attn_mask=attn_mask, **kwargs)
        flash = asked._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001 - the one that meta knows
        kept = {name: kwargs[name] for name in ("dropout_p", "is_causal", "scale") if name in kwargs}
        return flash(query, key, value, attn_mask=attn_mask, **kept)[0]

    # Put in its place, as a mode would not reach into what is computed again on the way back.
    functional.scaled_dot_product_attention = attend
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = fused


def _way_of(device: str, tensors: "tuple[torch.Tensor, ...]", mask: Any, kwargs: dict[str, Any]) -> int:
    """Which attention torch takes on a device, asked of it with small tensors of the same format.

    MPS has none that is fused and has a way back:
    https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/transformers/attention.cpp
    Of a GPU that is not here, what torch takes on every one of compute capability 8.0 and later is assumed.
    """
    import torch

    if device not in ("cpu", "cuda"):
        return WRITTEN_OUT
    if not available(device):
        return FLASH
    batch, tokens = 1, 8
    small = [
        torch.zeros(batch, each.shape[1], tokens, each.shape[3], dtype=each.dtype, device=device, requires_grad=True)
        for each in tensors
    ]
    mask = None if mask is None else torch.zeros(batch, 1, tokens, tokens, dtype=mask.dtype, device=device)
    words = {name: kwargs[name] for name in ("scale", "enable_gqa") if name in kwargs}
    return int(
        torch._fused_sdp_choice(  # noqa: SLF001 - torch's own answer
            *small, mask, kwargs.get("dropout_p", 0.0), kwargs.get("is_causal", False), **words
        )
    )
