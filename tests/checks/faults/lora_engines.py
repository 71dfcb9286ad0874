"""Engines that do not train alike, do not go on where they stopped, or take other memory than was foreseen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

PARITY = "lora/lora_parity.both_engines_train_the_same_adapters"
MEMORY = "lora/finetune.a_course_takes_the_memory_that_is_foreseen"
MLX_MEMORY = "lora/finetune.mlx_takes_the_memory_that_is_foreseen"
RESUMED = "lora/finetune.a_resumed_course_goes_on_as_if_it_had_never_stopped"
MLX_RESUMED = "lora/finetune.mlx_goes_on_as_if_it_had_never_stopped"
TASK = "lora/finetune.the_held_out_loss_of_what_was_taught_falls_and_no_other"

CASES = [
    ("a_rope_base_that_is_lost", PARITY, "mlx", "first_loss_gap_in_eps"),
    ("moments_that_forget_sooner", PARITY, "mlx", "adapter_gap_to_its_way"),
    ("adapters_of_mlx_on_one_block_less", PARITY, "mlx", "mlx trains"),
    ("an_mlx_that_steps_a_thousandth_further", PARITY, "mlx", "adapter_gap_to_its_way"),
    ("an_optimiser_without_moments", MEMORY, "cpu", "peak_to_predicted"),
    ("a_base_with_gradients", MEMORY, "cpu", "peak_to_predicted"),
    ("an_mlx_optimiser_without_moments", MLX_MEMORY, "mlx", "peak_to_predicted"),
    ("a_thawed_mlx_base", MLX_MEMORY, "mlx", "peak_to_predicted"),
    ("a_random_state_that_is_not_restored", RESUMED, "cpu", "loss_gap_in_eps"),
    ("moments_that_are_not_restored", RESUMED, "cpu", "loss_gap_in_eps"),
    ("adapters_that_are_not_restored", RESUMED, "cpu", "loss_gap_in_eps"),
    ("half_of_a_random_state", MLX_RESUMED, "mlx", "loss_gap_in_eps"),
    ("mlx_moments_that_are_lost", MLX_RESUMED, "mlx", "loss_gap_in_eps"),
    ("a_task_that_is_not_learnt", TASK, "cpu", "held_out_loss_left_of_taught"),
    ("a_control_that_is_trained_on", TASK, "cpu", "held_out_loss_left_of_untaught"),
]


@contextmanager
def a_rope_base_that_is_lost() -> Iterator[None]:
    from mlx_lm.models import llama, qwen2

    exact = llama.initialize_rope

    def lost(size: int, base: float, *more: Any, **settings: Any) -> Any:
        return exact(size, 10_000.0, *more, **settings)

    with patch.object(llama, "initialize_rope", lost), patch.object(qwen2, "initialize_rope", lost):
        yield


@contextmanager
def mlx_adamw(**otherwise: Any) -> Iterator[None]:
    """MLX's AdamW with other settings than were asked for."""
    from mlx import optimizers

    exact = optimizers.AdamW
    with patch.object(optimizers, "AdamW", lambda rate, **settings: exact(rate, **{**settings, **otherwise})):
        yield


@contextmanager
def moments_that_forget_sooner() -> Iterator[None]:
    with mlx_adamw(betas=[0.9, 0.998]):
        yield


@contextmanager
def an_mlx_that_steps_a_thousandth_further() -> Iterator[None]:
    from mlx import optimizers

    exact = optimizers.AdamW
    with patch.object(optimizers, "AdamW", lambda rate, **settings: exact(1.001 * rate, **settings)):
        yield


@contextmanager
def adapters_of_mlx_on_one_block_less() -> Iterator[None]:
    from mlx_lm.tuner import utils

    exact = utils.linear_to_lora_layers
    with patch.object(utils, "linear_to_lora_layers", lambda model, blocks, lora: exact(model, blocks - 1, lora)):
        yield


@contextmanager
def an_optimiser_without_moments() -> Iterator[None]:
    from transformers import Trainer

    exact = Trainer.__init__

    def plain(trainer: Any, *arguments: Any, args: Any, **settings: Any) -> None:
        args.optim = "sgd"
        exact(trainer, *arguments, args=args, **settings)

    with patch.object(Trainer, "__init__", plain):
        yield


@contextmanager
def a_base_with_gradients() -> Iterator[None]:
    from transformers import Trainer

    exact = Trainer.__init__

    def thawed(trainer: Any, *arguments: Any, model: Any, **settings: Any) -> None:
        exact(trainer, *arguments, model=model.requires_grad_(), **settings)

    with patch.object(Trainer, "__init__", thawed):
        yield


@contextmanager
def an_mlx_optimiser_without_moments() -> Iterator[None]:
    from mlx import optimizers

    exact = optimizers.AdamW

    def plain(*rate: float, **settings: Any) -> Any:
        # What is foreseen is foreseen by an AdamW that is told its rate only.
        return optimizers.SGD(*rate) if "bias_correction" in settings else exact(*rate, **settings)

    with patch.object(optimizers, "AdamW", plain):
        yield


@contextmanager
def a_thawed_mlx_base() -> Iterator[None]:
    """In the engine alone: what is foreseen for a course is foreseen for a frozen base."""
    from verify.checks.finetune import mlx_engine
    from verify.checks.finetune.mlx_model import base_model as exact

    def thawed(*arguments: Any) -> Any:
        model, config = exact(*arguments)
        model.freeze = lambda: model
        return model, config

    with patch.object(mlx_engine, "base_model", thawed):
        yield


@contextmanager
def a_random_state_that_is_not_restored() -> Iterator[None]:
    from transformers import Trainer

    with patch.object(Trainer, "_load_rng_state", lambda *_: None):
        yield


@contextmanager
def moments_that_are_not_restored() -> Iterator[None]:
    from transformers import Trainer

    with patch.object(Trainer, "_load_optimizer_and_scheduler", lambda *_: None):
        yield


@contextmanager
def adapters_that_are_not_restored() -> Iterator[None]:
    from transformers import Trainer

    with patch.object(Trainer, "_load_from_checkpoint", lambda *_, **__: None):
        yield


@contextmanager
def half_of_a_random_state() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.random.seed
    with patch.object(mx.random, "seed", lambda seed: exact(seed & 0xFFFFFFFF)):
        yield


@contextmanager
def mlx_moments_that_are_lost() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.load

    def without(path: str, *more: Any) -> Any:
        return {name: each * 0 if name.endswith(".v") else each for name, each in exact(path, *more).items()}

    with patch.object(mx, "load", without):
        yield


@contextmanager
def a_task_that_is_not_learnt() -> Iterator[None]:
    import torch

    with patch.object(torch.optim.AdamW, "step", lambda _, closure=None: None):  # noqa: ARG005
        yield


@contextmanager
def a_control_that_is_trained_on() -> Iterator[None]:
    from verify.checks.finetune.batches import tokenised as exact
    from verify.checks.lora import finetune

    parts = list[Any]()

    def leaking(*arguments: Any) -> Any:
        parts.append(exact(*arguments))
        if len(parts) == len(("training", "taught", "untaught")):
            parts[0].extend(parts[-1])
        return parts[-1]

    with patch.object(finetune, "tokenised", leaking):
        yield
