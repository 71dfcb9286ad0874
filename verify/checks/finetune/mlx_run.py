"""What mlx-lm's trainer is given and asked for on the way: batches, their loss, reports, checkpoints to go on from."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.finetune.engine import Course, Engine, Watcher
from verify.checks.finetune.keeping import keep_folder

if TYPE_CHECKING:
    import mlx.core as mx
    from mlx.nn import Module
    from mlx.optimizers import Optimizer

STATE = "state.safetensors"
# The newest checkpoint may be made known too late: the one before it is kept.
CHECKPOINTS_KEPT = 2


@dataclass(slots=True)
class Run:
    """A training on its way: what mlx-lm's trainer takes batches from, and tells of each.

    Attributes:
        engine: What is trained.
        course: On what.
        watcher: Who is told.
        optimizer: Of the adapters.
        iteration: The last one that is done.
        share: Targets of the iteration under way, divided by its forward passes.
        nats: Loss of all targets since the last report.
        targets: How many those are.
        seconds: What training took for them.
    """

    engine: Engine
    course: Course
    watcher: Watcher
    optimizer: "Optimizer"
    iteration: int = 0
    share: float = 0.0
    nats: float = 0.0
    targets: int = 0
    seconds: float = 0.0

    def batches(self, **_: object) -> "Iterator[tuple[mx.array, mx.array, mx.array]]":
        """What `nats_of` takes for each forward pass; between two of them no clock of the trainer runs."""
        import mlx.core as mx

        each = self.course.recipe.accumulate
        while self.iteration < self.course.iterations:
            numbers = range(self.iteration * each, (self.iteration + 1) * each)
            passes = [self.course.batch(number) for number in numbers]
            targets = sum(batch.targets for batch in passes)
            self.share, self.targets = targets / each, self.targets + targets
            for batch in passes:
                yield mx.array(batch.rows), mx.array(batch.spans), mx.array(self.share)
            # Asked for the next: the last one is computed and was told of.
            self.iteration += 1
            if self._ends():
                return

    def on_train_loss_report(self, told: Mapping[str, Any]) -> None:
        """Of a forward pass: what `nats_of` gave, and how many such the trainer would do in a second."""
        self.nats += told["train_loss"] * self.share
        self.seconds += 1 / told["iterations_per_second"]

    def resume(self, folder: Path, iteration: int) -> None:
        """Go on as if it had never ended."""
        import mlx.core as mx
        from mlx.utils import tree_unflatten

        self.engine.reload(folder)
        state = mx.load(str(folder / STATE))
        high, low = state.pop("random").tolist()
        # The key cannot be set, but a seed is nothing but the two halves of one:
        # https://github.com/unslothai/unsloth-zoo/pull/1081
        mx.random.seed(high << 32 | low)
        self.optimizer.state = tree_unflatten(list(state.items()))
        self.iteration = iteration

    def _ends(self) -> bool:
        """See to what is due after an iteration; whether somebody asked to stop."""
        course, watcher, iteration = self.course, self.watcher, self.iteration
        stopped = iteration < course.iterations and watcher.stop()
        saves = stopped or course.saves(iteration)
        if stopped or course.reports(iteration):
            watcher.report(iteration, self.nats / self.targets, self.seconds)
            self.nats, self.targets, self.seconds = 0.0, 0, 0.0
        if course.validates(iteration):
            watcher.validate(iteration)
        if saves:
            watcher.saved(iteration, self._checkpoint())
        return stopped

    def _checkpoint(self) -> Path:
        """All that a resumed run needs, in a folder that is there as a whole or not at all."""
        place = self.course.checkpoints
        folder = place / f"checkpoint-{self.iteration}"
        keep_folder(folder, self._save)
        made = sorted(place.glob("checkpoint-*"), key=lambda each: int(each.name.rpartition("-")[2]))
        for old in made[:-CHECKPOINTS_KEPT]:
            shutil.rmtree(old)
        return folder

    def _save(self, folder: Path) -> None:
        import mlx.core as mx
        from mlx.utils import tree_flatten

        self.engine.save(folder)
        (key,) = mx.random.state
        mx.save_safetensors(str(folder / STATE), {**dict(tree_flatten(self.optimizer.state)), "random": key})


def nats_of(model: "Module", ids: "mx.array", spans: "mx.array", share: "mx.array") -> "tuple[mx.array, mx.array]":
    """The loss of the targets of a batch, divided by a share of those of its iteration, and how many they are.

    mlx-lm's trainer takes the mean over the forward passes of an iteration. With the share of each in all targets, it
    is the mean over those. mlx-lm's own loss is the mean of means, and counts a token of padding a row as well.
    """
    import mlx.core as mx
    from mlx.nn.losses import cross_entropy

    places = mx.arange(1, ids.shape[1])
    counts = (places >= spans[:, :1]) & (places < spans[:, 1:])
    # As transformers does: a logarithm in bfloat16 has two digits.
    nats = cross_entropy(model(ids[:, :-1]).astype(mx.float32), ids[:, 1:]) * counts
    return nats.sum() / share, counts.sum()
