"""What the Trainer is given, and asked for on the way: its settings, its batches, and the moments that it tells of."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.finetune.batches import Batch
from verify.checks.finetune.engine import Course, Watcher
from verify.checks.finetune.keeping import Unkept, unkept

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback

IGNORED = -100
# The newest checkpoint may be lost while it is written: the one before it is kept.
CHECKPOINTS_KEPT = 2
# Beside the Trainer's, which keeps the random state of every device but this one.
MPS_RANDOM = "mps_random_state.safetensors"


@dataclass(frozen=True, slots=True)
class Passes:
    """The forward passes of a course, as a dataset of which the Trainer takes one item at a time."""

    course: Course

    def __len__(self) -> int:
        return len(self.course.passes)

    def __getitem__(self, number: int) -> "dict[str, torch.Tensor]":
        return tensors(self.course.batch(number))


def tensors(batch: Batch) -> "dict[str, torch.Tensor]":
    """What a causal model of transformers takes.

    There is no mask: rows are padded at their ends, and no token attends to what comes after it. A mask would also
    keep torch from its fastest attention.
    """
    import torch

    ids = torch.tensor(batch.rows)
    places = torch.arange(ids.shape[1])
    spans = torch.tensor(batch.spans)
    counts = (places >= spans[:, :1]) & (places < spans[:, 1:])
    return {"input_ids": ids, "labels": torch.where(counts, ids, IGNORED)}


def only_one(items: "list[dict[str, torch.Tensor]]") -> "dict[str, torch.Tensor]":
    """An item is a batch already."""
    return items[0]


def arguments_of(course: Course, device: str) -> Any:
    """The Trainer's settings: it only steps, tells of it, and saves; nothing is filtered, clipped or reported away."""
    from transformers import TrainingArguments

    recipe = course.recipe
    arguments = TrainingArguments(
        output_dir=str(course.checkpoints),
        max_steps=course.iterations,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=recipe.accumulate,
        train_sampling_strategy="sequential",
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        max_grad_norm=0.0,
        activation_checkpointing=recipe.checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False} if recipe.checkpointing else None,
        logging_strategy="no",
        # It would put the mean of earlier losses in the place of one that is not a number, and wait for each.
        logging_nan_inf_filter=False,
        save_strategy="no",
        save_total_limit=CHECKPOINTS_KEPT,
        seed=recipe.seed,
        use_cpu=device == "cpu",
        dataloader_pin_memory=device == "cuda",
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
    )
    # With several GPUs the Trainer would split each batch over all of them, and the figures would be of another run.
    arguments._n_gpu = min(arguments.n_gpu, 1)  # noqa: SLF001 - it has no setting
    return arguments


def callback_of(course: Course, watcher: Watcher, device: str) -> "TrainerCallback":
    """Hands the Trainer's moments to whoever watches; the clock runs for training only."""
    from transformers import TrainerCallback

    class Watching(TrainerCallback):  # type: ignore[misc]
        since: float | None = None
        saving = False

        def on_train_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
            if course.resume:
                _restore_random(device, course.resume[0])

        def on_step_begin(self, _args: Any, _state: Any, _control: Any, **_: Any) -> None:
            self.since = self.since or time.perf_counter()

        def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
            step = state.global_step
            control.should_log = course.reports(step)
            control.should_save = course.saves(step)
            if watcher.stop():
                control.should_log = control.should_save = control.should_training_stop = True

        def on_log(self, _args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
            if "loss" not in logs or self.since is None:
                return  # what it says at the end of the run
            # The loss was just read from the device: all that was queued is done.
            now, step = time.perf_counter(), state.global_step
            watcher.report(step, logs["loss"], now - self.since)
            if course.validates(step):
                watcher.validate(step)
            self.since = time.perf_counter()
            # Of a step that is saved, what comes next.
            self.saving = control.should_save

        def on_save(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            step = state.global_step
            folder = course.checkpoints / f"checkpoint-{step}"
            _keep_random(device, folder)
            self.saving = False
            watcher.saved(step, folder)
            self.since = time.perf_counter()

    return Watching()


@contextmanager
def checkpoints_kept(folder: Path, watching: Any) -> Iterator[None]:
    """While the Trainer trains, tell whatever goes wrong while it saves as of the disk: torch's errors name none.

    Args:
        folder: Of the checkpoints.
        watching: From `callback_of`.

    Raises:
        Unkept: A checkpoint could not be written.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if isinstance(error, Unkept) or not watching.saving:
            raise
        raise unkept(folder, error) from error


def _keep_random(device: str, folder: Path) -> None:
    if device != "mps":
        return
    import torch
    from safetensors.torch import save_file

    save_file({"state": torch.mps.get_rng_state()}, folder / MPS_RANDOM)


def _restore_random(device: str, folder: Path) -> None:
    if device != "mps":
        return
    import torch
    from safetensors.torch import load_file

    torch.mps.set_rng_state(load_file(folder / MPS_RANDOM)["state"])
