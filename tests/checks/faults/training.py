"""Training that does not train, or only seems to."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

COUNT = "functional/training.tinynet_has_74826_parameters"
LEARNS = "functional/training.tinynet_learns_what_can_be_learnt"
REPEATS = "functional/training.the_same_seed_gives_the_same_losses"

CASES = [
    ("layers_without_bias", COUNT, "", "parameters"),
    ("an_optimiser_that_does_nothing", LEARNS, "cpu", "final_loss"),
    ("a_loss_that_falls_by_itself", LEARNS, "cpu", "control_loss"),
    ("weights_that_start_too_large", LEARNS, "cpu", "initial_loss_from_chance"),
    ("a_loss_with_noise", REPEATS, "cpu", "differing_losses"),
    ("a_seed_that_is_ignored", REPEATS, "cpu", "another seed gave the same losses"),
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
def losses(spoil: Any) -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy
    with patch.object(functional, "cross_entropy", lambda *arguments: spoil(exact(*arguments))):
        yield
