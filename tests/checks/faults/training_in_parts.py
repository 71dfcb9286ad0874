"""Training in parts that do not add up to the whole: micro-batches, recomputed layers, interrupted runs."""

import functools
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

ACCUMULATES = "functional/training.four_micro_batches_give_the_gradients_of_one_batch"
CHECKPOINTS = "functional/training.checkpointing_gives_the_same_gradients_with_less_memory"
RESUMES = "functional/training.a_resumed_run_continues_as_if_never_stopped"

CASES = [
    ("a_mean_over_the_means_of_micro_batches", ACCUMULATES, "cpu", "gradient_error_in_eps is"),
    ("micro_batches_that_are_not_divided", ACCUMULATES, "cpu", "gradient_error_in_eps is"),
    ("a_token_too_many_in_each_sequence", ACCUMULATES, "cpu", "gradient_error_in_eps is"),
    ("gradients_zeroed_between_micro_batches", ACCUMULATES, "cpu", "gradient_error_in_eps is"),
    ("a_micro_batch_that_is_dropped", ACCUMULATES, "cpu", "gradient_error_in_eps is"),
    ("checkpointing_that_does_nothing", CHECKPOINTS, "cpu", "memory_left is 1"),
    ("checkpointing_of_half_of_the_layers", CHECKPOINTS, "cpu", "memory_left is"),
    ("dropout_drawn_anew_when_recomputed", CHECKPOINTS, "cpu", "gradient_gap_in_eps is"),
    ("attention_without_dropout", CHECKPOINTS, "cpu", "comparing them would prove little"),
    ("moments_that_are_not_saved", RESUMES, "cpu", "differing_losses is"),
    ("a_random_state_of_another_time", RESUMES, "cpu", "differing_losses is"),
    ("a_schedule_that_begins_again", RESUMES, "cpu", "differing_losses is"),
    ("weights_rounded_when_saved", RESUMES, "cpu", "differing_losses is"),
    ("a_stale_checkpoint", RESUMES, "cpu", "differing_losses is"),
    ("a_checkpoint_cut_short", RESUMES, "cpu", "the new process ended with 1"),
]


@contextmanager
def a_mean_over_the_means_of_micro_batches() -> Iterator[None]:
    from transformers import Trainer

    with patch.object(Trainer, "_get_num_items_in_batch", lambda *_: None):
        yield


@contextmanager
def micro_batches_that_are_not_divided() -> Iterator[None]:
    from transformers.loss import loss_utils

    exact = loss_utils.fixed_cross_entropy

    def mean(logits: Any, labels: Any, *_: Any, **__: Any) -> Any:
        return exact(logits, labels)

    with patch.object(loss_utils, "fixed_cross_entropy", mean):
        yield


@contextmanager
def a_token_too_many_in_each_sequence() -> Iterator[None]:
    """As Trainer of transformers 5.23 counts them for GPT2LMHeadModel, whose loss it does not know by its name."""
    from transformers import trainer

    with patch.object(trainer, "LOSS_MAPPING", {}):
        yield


@contextmanager
def gradients_zeroed_between_micro_batches() -> Iterator[None]:
    from transformers import Trainer

    exact = Trainer.training_step

    def alone(trainer: Any, model: Any, *arguments: Any) -> Any:
        model.zero_grad()
        return exact(trainer, model, *arguments)

    with patch.object(Trainer, "training_step", alone):
        yield


@contextmanager
def a_micro_batch_that_is_dropped() -> Iterator[None]:
    import torch
    from transformers import Trainer

    exact, steps = Trainer.training_step, itertools.count()

    def dropped(trainer: Any, *arguments: Any) -> Any:
        # The first is the whole batch, then come four parts of it.
        return torch.zeros(()) if next(steps) == 3 else exact(trainer, *arguments)

    with patch.object(Trainer, "training_step", dropped):
        yield


@contextmanager
def checkpointing_that_does_nothing() -> Iterator[None]:
    with checkpointing(lambda _, function, *arguments, **__: function(*arguments)):
        yield


@contextmanager
def checkpointing_of_half_of_the_layers() -> Iterator[None]:
    layers = itertools.count()

    def half(exact: Any, function: Any, *arguments: Any, **settings: Any) -> Any:
        return exact(function, *arguments, **settings) if next(layers) % 2 else function(*arguments)

    with checkpointing(half):
        yield


@contextmanager
def dropout_drawn_anew_when_recomputed() -> Iterator[None]:
    with checkpointing(lambda exact, *arguments, **settings: exact(*arguments, **settings, preserve_rng_state=False)):
        yield


@contextmanager
def attention_without_dropout() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.scaled_dot_product_attention

    def without(*arguments: Any, **settings: Any) -> Any:
        return exact(*arguments, **{**settings, "dropout_p": 0.0})

    with patch.object(functional, "scaled_dot_product_attention", without):
        yield


@contextmanager
def moments_that_are_not_saved() -> Iterator[None]:
    import torch

    exact = torch.optim.AdamW.state_dict
    with patch.object(torch.optim.AdamW, "state_dict", lambda optimizer: {**exact(optimizer), "state": {}}):
        yield


@contextmanager
def a_random_state_of_another_time() -> Iterator[None]:
    import torch

    with patch.object(torch, "get_rng_state", lambda: torch.Generator().manual_seed(7).get_state()):
        yield


@contextmanager
def a_schedule_that_begins_again() -> Iterator[None]:
    from torch.optim.lr_scheduler import CosineAnnealingLR

    exact = CosineAnnealingLR.state_dict
    with patch.object(CosineAnnealingLR, "state_dict", lambda schedule: {**exact(schedule), "last_epoch": 0}):
        yield


@contextmanager
def weights_rounded_when_saved() -> Iterator[None]:
    def rounded(state: Any) -> Any:
        return {**state, "net": {name: weight.bfloat16().float() for name, weight in state["net"].items()}}

    with saving(lambda exact, state, path: exact(rounded(state), path)):
        yield


@contextmanager
def a_stale_checkpoint() -> Iterator[None]:
    with saving(lambda exact, state, path: None if path.exists() else exact(state, path)):
        yield


@contextmanager
def a_checkpoint_cut_short() -> Iterator[None]:
    with saving(lambda _, __, path: path.write_bytes(b"PK")):
        yield


@contextmanager
def checkpointing(spoil: Any) -> Iterator[None]:
    from transformers import modeling_utils

    exact = modeling_utils.checkpoint
    wrong = functools.partial(spoil, exact)
    with patch.object(modeling_utils, "checkpoint", wrong):
        yield


@contextmanager
def saving(spoil: Any) -> Iterator[None]:
    import torch

    with patch.object(torch, "save", functools.partial(spoil, torch.save)):
        yield
