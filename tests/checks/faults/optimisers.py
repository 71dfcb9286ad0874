"""Optimisers that take no step, another step, or leave parameters out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

ADAMW = "functional/optimisers.adamw_follows_its_formula"
POLAR = "functional/optimisers.polar_express_orthogonalises"
MUON = "functional/optimisers.muon_orthogonalises_its_updates"
TOGETHER = "functional/optimisers.muon_updates_matrices_and_leaves_the_rest_to_adamw"

CASES = [
    ("no_bias_correction", ADAMW, "cpu", "error_in_eps"),
    ("weight_decay_inside_the_gradient", ADAMW, "cpu", "error_in_eps"),
    ("moments_kept_in_bfloat16", ADAMW, "cpu", "error_in_eps"),
    ("fused_steps_a_hundredth_too_long", ADAMW, "cpu", "error_in_eps"),
    ("float32_products_in_bfloat16", POLAR, "cpu", "orthogonality_error is"),
    ("a_short_iteration", POLAR, "cpu", "orthogonality_error is"),
    ("rows_in_another_order", POLAR, "cpu", "distance_from_polar_factor is"),
    ("muon_that_is_plain_descent", MUON, "cpu", "smallest_singular_value is"),
    ("a_short_newton_schulz", MUON, "cpu", "update_error is"),
    ("muon_without_nesterov", MUON, "cpu", "update_error is"),
    ("muon_that_takes_anything", MUON, "cpu", "Muon accepts what is no matrix"),
    ("muon_that_does_nothing", TOGETHER, "cpu", "hidden.0.weight, hidden.2.weight did not move"),
    ("a_matrix_that_is_left_out", TOGETHER, "cpu", "hidden.2.weight did not move"),
    ("muon_that_goes_uphill", TOGETHER, "cpu", "final_loss is"),
]


@contextmanager
def no_bias_correction() -> Iterator[None]:
    def late(optimizer: Any) -> None:
        for state in optimizer.state.values():
            state["step"].fill_(10_000)

    with before_each_step("AdamW", late):
        yield


@contextmanager
def weight_decay_inside_the_gradient() -> Iterator[None]:
    def coupled(optimizer: Any) -> None:
        for group in optimizer.param_groups:
            group["decoupled_weight_decay"] = False

    with before_each_step("AdamW", coupled):
        yield


@contextmanager
def moments_kept_in_bfloat16() -> Iterator[None]:
    def rounded(optimizer: Any) -> None:
        for state in optimizer.state.values():
            state["exp_avg_sq"].copy_(state["exp_avg_sq"].bfloat16())

    with before_each_step("AdamW", rounded):
        yield


@contextmanager
def fused_steps_a_hundredth_too_long() -> Iterator[None]:
    def long(optimizer: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = 0.0101 if group["fused"] else group["lr"]

    with before_each_step("AdamW", long):
        yield


@contextmanager
def float32_products_in_bfloat16() -> Iterator[None]:
    import torch

    exact = torch.Tensor.__matmul__

    def short(left: Any, right: Any) -> Any:
        if left.dtype != torch.float32:
            return exact(left, right)
        return exact(left.bfloat16(), right.bfloat16()).float()

    with patch.object(torch.Tensor, "__matmul__", short):
        yield


@contextmanager
def a_short_iteration() -> Iterator[None]:
    from verify.checks.functional import optimisers

    with patch.object(optimisers, "ITERATIONS", optimisers.MUON_ITERATIONS):
        yield


@contextmanager
def rows_in_another_order() -> Iterator[None]:
    """As orthonormal as before, but no longer the nearest to the matrix."""
    import torch

    exact = torch.Tensor.norm

    def disordered(tensor: Any) -> Any:
        if tensor.shape == (128, 256) and tensor.dtype == torch.float32:
            tensor.copy_(tensor.flip(0))
        return exact(tensor)

    with patch.object(torch.Tensor, "norm", disordered):
        yield


@contextmanager
def muon_that_is_plain_descent() -> Iterator[None]:
    with newton_schulz(lambda _, update, *__: update):
        yield


@contextmanager
def a_short_newton_schulz() -> Iterator[None]:
    with newton_schulz(lambda exact, update, coefficients, steps, eps: exact(update, coefficients, steps - 1, eps)):
        yield


@contextmanager
def muon_without_nesterov() -> Iterator[None]:
    def plain(optimizer: Any) -> None:
        for group in optimizer.param_groups:
            group["nesterov"] = False

    with before_each_step("Muon", plain):
        yield


@contextmanager
def muon_that_takes_anything() -> Iterator[None]:
    import torch

    exact = torch.optim.Muon

    def anything(parameters: Any, **settings: Any) -> Any:
        matrices = [parameter for parameter in parameters if parameter.ndim == 2]
        return exact(matrices, **settings) if matrices else None

    with patch.object(torch.optim, "Muon", anything):
        yield


@contextmanager
def muon_that_does_nothing() -> Iterator[None]:
    import torch

    with patch.object(torch.optim.Muon, "step", lambda _: None):
        yield


@contextmanager
def a_matrix_that_is_left_out() -> Iterator[None]:
    import torch

    exact = torch.optim.Muon
    with patch.object(torch.optim, "Muon", lambda matrices, **settings: exact(matrices[:-1], **settings)):
        yield


@contextmanager
def muon_that_goes_uphill() -> Iterator[None]:
    with newton_schulz(lambda exact, *arguments: -exact(*arguments)):
        yield


@contextmanager
def before_each_step(optimizer: str, spoil: Callable[[Any], None]) -> Iterator[None]:
    import torch

    kind = getattr(torch.optim, optimizer)
    exact = kind.step

    def wrong(self: Any) -> None:
        spoil(self)
        exact(self)

    with patch.object(kind, "step", wrong):
        yield


@contextmanager
def newton_schulz(spoil: Callable[..., Any]) -> Iterator[None]:
    from torch.optim import _muon

    exact = _muon._zeropower_via_newtonschulz  # noqa: SLF001 - the framework's own step is what breaks here
    with patch.object(_muon, "_zeropower_via_newtonschulz", lambda *arguments: spoil(exact, *arguments)):
        yield
