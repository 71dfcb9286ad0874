"""Training that does not train, or only seems to."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

COUNT = "functional/training.tinynet_has_74826_parameters"
LEARNS = "functional/training.tinynet_learns_what_can_be_learnt"
REPEATS = "functional/training.the_same_seed_gives_the_same_losses"
AUTOCAST = "functional/training.autocast_computes_in_the_short_format"
SHORT = "functional/training.short_formats_learn_as_float32_does"

CASES = [
    ("layers_without_bias", COUNT, "", "parameters"),
    ("an_optimiser_that_does_nothing", LEARNS, "cpu", "final_loss"),
    ("a_loss_that_falls_by_itself", LEARNS, "cpu", "control_loss"),
    ("weights_that_start_too_large", LEARNS, "cpu", "initial_loss_from_chance"),
    ("label_smoothing_that_hides_the_loss", LEARNS, "cpu", "reported_loss_gap_in_eps is"),
    ("label_smoothing_that_hides_chance", LEARNS, "cpu", "final_loss is"),
    ("a_loss_with_noise", REPEATS, "cpu", "differing_losses"),
    ("a_seed_that_is_ignored", REPEATS, "cpu", "another seed gave the same losses"),
    ("an_autocast_that_does_nothing", AUTOCAST, "cpu", "computed in {torch.float32}"),
    ("an_autocast_that_rounds_results_alone", AUTOCAST, "cpu", "error_if_inputs_are_rounded is"),
    ("a_scaler_that_never_unscales", AUTOCAST, "cpu", "gradients_gap_in_eps is"),
    ("steps_that_are_always_skipped", SHORT, "cpu", "final_loss is"),
    ("gradients_that_underflow", SHORT, "cpu", "largest_loss_gap is"),
]


@contextmanager
def layers_without_bias() -> Iterator[None]:
    from torch import nn

    exact = nn.Linear
    with patch.object(nn, "Linear", lambda *shape: exact(*shape, bias=False)):
        yield


@contextmanager
def an_optimiser_that_does_nothing() -> Iterator[None]:
    import torch

    with patch.object(torch.optim.Adam, "step", lambda _: None):
        yield


@contextmanager
def a_loss_that_falls_by_itself() -> Iterator[None]:
    steps = itertools.count()
    with losses(lambda loss: loss * 0.97 ** (next(steps) % 101)):
        yield


@contextmanager
def weights_that_start_too_large() -> Iterator[None]:
    from torch import nn

    exact = nn.Linear

    def large(*shape: int) -> Any:
        layer = exact(*shape)
        layer.weight.data *= 8
        return layer

    with patch.object(nn, "Linear", large):
        yield


@contextmanager
def a_loss_with_noise() -> Iterator[None]:
    with losses(lambda loss: loss * (1 + 1e-6 * random.random())):
        yield


@contextmanager
def a_seed_that_is_ignored() -> Iterator[None]:
    import torch

    exact = torch.manual_seed
    with patch.object(torch, "manual_seed", lambda _: exact(7)):
        yield


@contextmanager
def label_smoothing_that_hides_the_loss() -> Iterator[None]:
    with smoothing(0.1):
        yield


@contextmanager
def label_smoothing_that_hides_chance() -> Iterator[None]:
    """All labels alike: the loss stays at ln(10) however good the net is, and the net becomes no good."""
    with smoothing(1.0):
        yield


@contextmanager
def an_autocast_that_does_nothing() -> Iterator[None]:
    import torch

    with patch.object(torch, "autocast", lambda *_, **__: nullcontext()):
        yield


@contextmanager
def an_autocast_that_rounds_results_alone() -> Iterator[None]:
    import torch
    from torch.nn import functional

    exact = functional.linear

    def late(values: Any, *parameters: Any) -> Any:
        if not torch.is_autocast_enabled("cpu"):
            return exact(values, *parameters)
        with torch.autocast("cpu", enabled=False):
            return exact(values.float(), *parameters).to(torch.get_autocast_dtype("cpu"))

    with patch.object(functional, "linear", late):
        yield


@contextmanager
def a_scaler_that_never_unscales() -> Iterator[None]:
    import torch

    name = "_amp_foreach_non_finite_check_and_unscale_"
    exact = getattr(torch, name)
    with patch.object(torch, name, lambda gradients, found, by: exact(gradients, found, torch.ones_like(by))):
        yield


@contextmanager
def steps_that_are_always_skipped() -> Iterator[None]:
    import torch

    name = "_amp_foreach_non_finite_check_and_unscale_"
    with patch.object(torch, name, lambda _, found, __: found.fill_(1)):
        yield


@contextmanager
def gradients_that_underflow() -> Iterator[None]:
    """Every gradient below 1e-3, most of them, is lost in the short formats: float32's scaler is not enabled."""
    import torch

    exact = torch.amp.GradScaler.step

    def coarse(scaler: Any, optimizer: Any) -> Any:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                scale = scaler.get_scale() if scaler.is_enabled() else 0
                parameter.grad[parameter.grad.abs() < 1e-3 * scale] = 0
        return exact(scaler, optimizer)

    with patch.object(torch.amp.GradScaler, "step", coarse):
        yield


@contextmanager
def smoothing(share: float) -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy
    with patch.object(functional, "cross_entropy", lambda *arguments: exact(*arguments, label_smoothing=share)):
        yield


@contextmanager
def losses(spoil: Any) -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy
    with patch.object(functional, "cross_entropy", lambda *arguments: spoil(exact(*arguments))):
        yield
