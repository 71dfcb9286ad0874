"""A Trainer that forgets something of what it saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.replaced import replaced

RESUMED = "behaviour/checkpoints.a_checkpoint_is_resumed_as_if_never_stopped"

CASES = [
    ("moments_that_are_forgotten", RESUMED, "cpu", "weight_gap_to_the_way"),
    ("weights_that_are_forgotten", RESUMED, "cpu", "largest_loss_gap"),
    ("a_random_state_that_is_forgotten", RESUMED, "cpu", "largest_loss_gap"),
    ("data_that_begin_anew", RESUMED, "cpu", "largest_loss_gap"),
    ("a_run_that_begins_anew", RESUMED, "cpu", "20 steps were taken, not 10"),
    ("a_checkpoint_that_cannot_be_read", RESUMED, "cpu", "step 10 cannot be read here: KeyError: 'stateful_callbacks'"),
    ("a_training_that_does_nothing", RESUMED, "cpu", "nat only"),
]


@contextmanager
def forgotten(name: str) -> Iterator[None]:
    """A step of the Trainer's resuming that does nothing."""
    from transformers import Trainer

    with patch.object(Trainer, name, lambda *_, **__: None):
        yield


@contextmanager
def moments_that_are_forgotten() -> Iterator[None]:
    with forgotten("_load_optimizer_and_scheduler"):
        yield


@contextmanager
def weights_that_are_forgotten() -> Iterator[None]:
    with forgotten("_load_from_checkpoint"):
        yield


@contextmanager
def a_random_state_that_is_forgotten() -> Iterator[None]:
    with forgotten("_load_rng_state"):
        yield


@contextmanager
def data_that_begin_anew() -> Iterator[None]:
    import transformers

    with replaced(transformers, "TrainingArguments", lambda exact, **said: exact(**said, ignore_data_skip=True)):
        yield


@contextmanager
def resumed(change: Any) -> Iterator[None]:
    from transformers import Trainer

    def train(exact: Any, trainer: Any, resume_from_checkpoint: Any) -> None:
        exact(trainer, resume_from_checkpoint=resume_from_checkpoint and change())

    with replaced(Trainer, "train", train):
        yield


@contextmanager
def a_run_that_begins_anew() -> Iterator[None]:
    with resumed(lambda: None):
        yield


@contextmanager
def a_checkpoint_that_cannot_be_read() -> Iterator[None]:
    def refuse() -> None:
        raise KeyError("stateful_callbacks")

    with resumed(refuse):
        yield


@contextmanager
def a_training_that_does_nothing() -> Iterator[None]:
    import torch

    with patch.object(torch.optim.AdamW, "step", lambda _, closure=None: None):  # noqa: ARG005
        yield
