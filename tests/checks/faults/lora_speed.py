"""A Trainer that waits, does other work than it is compared with, or counts what is padded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

# As in verify.checks.measures.pace, which is there once the environment's interpreter has found it.
STEADY_FROM, TURNS = 2, 18

PACE = "benchmark/lora_throughput.fine_tuning_keeps_pace_with_a_bare_loop"

CASES = [
    ("a_trainer_that_waits", PACE, "cpu", "times_as_fast_high"),
    ("a_trainer_at_twice_the_learning_rate", PACE, "cpu", "loss_gap"),
    ("padding_that_is_counted", PACE, "cpu", "tokens were counted, of which"),
]


@contextmanager
def a_short_race(turns: int = STEADY_FROM + 4) -> Iterator[None]:
    """Two rounds, or more, of a smaller step: enough to see what is far off."""
    from verify.checks.benchmark import lora_throughput

    smaller = {"cpu": {**lora_throughput.MODELS["cpu"], "num_hidden_layers": 1, "hidden_size": 128}}
    with patch.multiple(lora_throughput, TURNS=turns, MODELS=smaller):
        yield


@contextmanager
def a_trainer_that_waits() -> Iterator[None]:
    """On a machine that nothing disturbs, whatever this one does meanwhile."""
    import time

    from transformers import Trainer

    from verify.checks.benchmark import lora_throughput
    from verify.probe import disturbance

    exact = Trainer.training_step

    def waiting(*arguments: Any, **settings: Any) -> Any:
        time.sleep(0.4)
        return exact(*arguments, **settings)

    with (
        a_short_race(TURNS),
        patch.object(disturbance, "watch", lambda _: lambda: None),
        patch.object(lora_throughput, "doubt_about_ratio", lambda *_: None),
        patch.object(Trainer, "training_step", waiting),
    ):
        yield


@contextmanager
def a_trainer_at_twice_the_learning_rate() -> Iterator[None]:
    from transformers import Trainer

    exact = Trainer.__init__

    def faster(trainer: Any, *arguments: Any, args: Any, **settings: Any) -> None:
        args.learning_rate *= 2
        exact(trainer, *arguments, args=args, **settings)

    with a_short_race(), patch.object(Trainer, "__init__", faster):
        yield


@contextmanager
def padding_that_is_counted() -> Iterator[None]:
    from verify.checks.finetune.batches import Batch

    whole = property(lambda batch: sum(len(row) for row in batch.rows))
    with a_short_race(), patch.object(Batch, "targets", whole):
        yield
