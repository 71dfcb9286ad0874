"""The peak of a training step's memory, told before it is taken: `predicted_peak` for one, `Forecast` for many."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from verify.checks.fit.recipe import Recipe
from verify.checks.fit.recording import Recorder
from verify.checks.fit.tape import Between, Tape, is_one_work
from verify.checks.models.configs import config_of

if TYPE_CHECKING:
    from verify.checks.models.configs import Config

# AdamW keeps a mean and a variance for each number that it trains.
KEPT_BY = {"adamw": 2, "sgd": 0}
# From two batches and three lengths every other follows. Where a batch of one is a case of its own, as it is multiplied
# by other operations, the next two serve.
BATCHES = ((1, 2), (2, 3))
SHORTEST, APART = 128, 64
LARGEST = 2**20


@dataclass(frozen=True, slots=True)
class Peak:
    """Bytes at the peak of a training step, the runtime of Python and the framework left out.

    Attributes:
        parameters: How many the model has, without adapters.
        trained: How many are trained.
        weights: The model's, adapters left out, and its buffers.
        adapters: The adapters' weights.
        gradients: Of all that is trained, when the way back is at its end.
        optimiser: What the optimiser keeps.
        total: All that is there at the peak.
    """

    parameters: int
    trained: int
    weights: int
    adapters: int
    gradients: int
    optimiser: int
    total: int

    @property
    def floor(self) -> int:
        """What is there all the time: no step takes less."""
        return self.weights + self.adapters + self.optimiser

    @property
    def passing(self) -> int:
        """What comes and goes, at the peak: activations, gradients, logits, and what operations need for a moment."""
        return self.total - self.floor


def predicted_peak(
    config: "Config | str", recipe: Recipe, *, device: str = "cpu", batch: int = 1, tokens: int = 512
) -> Peak:
    """The peak of a training step with all of a recipe's steady state: weights, optimiser's state, and both passes.

    Nothing is computed, and no memory of the size of the model is taken. Call it inside the environment.

    Args:
        config: The model's ``config.json`` as a mapping; or the name of a shipped one, a path, or a name of the hub.
        recipe: What is trained, and how.
        device: ``cpu``, ``cuda`` or ``mps`` for torch, ``mlx`` for mlx-lm's trainer.
        batch: Texts in a batch.
        tokens: Of each text.

    Raises:
        LookupError: No configuration is called so.
        ValueError: The file is none, or has no layers for the adapters.
    """
    return Forecast(config_of(config), recipe, device).peak(batch, tokens)


@dataclass(slots=True)
class Forecast:
    """The peaks of one recipe on one device, at any batch and length.

    Attributes:
        config: The model's.
        recipe: What is trained, and how.
        device: Where.
        elsewhere: Whether it is another machine's device, which works as one of its kind does.
    """

    config: "Config"
    recipe: Recipe
    device: str
    elsewhere: bool = False
    _tapes: dict[tuple[int, int], Tape] = field(default_factory=dict)
    _standing: Peak | None = None
    _recorder: Recorder | None = None

    def peak(self, batch: int, tokens: int) -> Peak:
        """The peak of a step, from a recording of just that step."""
        return self._with_total(self._tape(batch, tokens).peak())

    def largest_batch(self, tokens: int, room: int) -> int:
        """The most texts of a length that a step takes without passing the room; 0 when one is too many."""
        if self._tape(1, tokens).peak() > room:
            return 0
        known = ({batch: self._tape(batch, tokens) for batch in pair} for pair in BATCHES)
        between = Between(next(tapes for tapes in known if is_one_work(tapes)))
        return _most(between.peak, room)

    def longest_text(self, tokens: int, room: int) -> int:
        """The most tokens of a single text that a step takes without passing the room, in whole tens.

        Args:
            tokens: A length that is recorded anyway.
            room: Bytes.
        """
        first = max(tokens, SHORTEST)
        between = Between({length: self._tape(1, length) for length in (first, first + APART, first + 2 * APART)})
        return _most(between.peak, room) // 10 * 10

    def _tape(self, batch: int, tokens: int) -> Tape:
        if (batch, tokens) not in self._tapes:
            self._tapes[batch, tokens] = self._record(batch, tokens)
        return self._tapes[batch, tokens]

    def _record(self, batch: int, tokens: int) -> Tape:
        if self.device != "mlx":
            return self._on_torch().record(batch, tokens)
        from verify.checks.fit.mlx_recording import recorded_by_mlx

        return recorded_by_mlx(self.config, self.recipe, batch, tokens, metal=self.elsewhere)

    def _on_torch(self) -> Recorder:
        if self._recorder is None:
            self._recorder = Recorder(self.config, self.recipe, self.device)
        return self._recorder

    def _with_total(self, total: int) -> Peak:
        if self._standing is None:
            self._standing = _mlx_standing(self.config, self.recipe) if self.device == "mlx" else self._torch_standing()
        known = self._standing
        return replace(known, total=total)

    def _torch_standing(self) -> Peak:
        model = self._on_torch().model
        arrays = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        sizes = {name: array.numel() * array.element_size() for name, array in arrays.items()}
        # What is packed holds two numbers in a byte; other buffers hold none of the model's.
        counts = {name: array.numel() for name, array in model.named_parameters()}
        counts |= {name: 2 * array.numel() * name.endswith(".packed") for name, array in model.named_buffers()}
        trained = [name for name, array in model.named_parameters() if array.requires_grad]
        return _standing(self.recipe, sizes, counts, trained)


def _mlx_standing(config: "Config", recipe: Recipe) -> Peak:
    from mlx.utils import tree_flatten

    from verify.checks.fit.mlx_recording import mlx_skeleton

    model = mlx_skeleton(config, recipe)
    arrays = dict(tree_flatten(model.parameters()))
    trained = [name for name, _ in tree_flatten(model.trainable_parameters())]
    counts = {name: _numbers_in(name, arrays) for name in arrays}
    return _standing(recipe, {name: array.nbytes for name, array in arrays.items()}, counts, trained)


def _numbers_in(name: str, arrays: dict[str, Any]) -> int:
    """How many of the model's numbers an array holds: eight of 4 bits in each of 32; in scales none."""
    layer, _, last = name.rpartition(".")
    if f"{layer}.scales" not in arrays or last == "bias":
        return int(arrays[name].size)
    return 8 * int(arrays[name].size) if last == "weight" else 0


def _standing(recipe: Recipe, sizes: dict[str, int], counts: dict[str, int], trained: list[str]) -> Peak:
    adapters = [name for name in sizes if "lora_" in name]
    gradients = sum(sizes[name] for name in trained)
    return Peak(
        parameters=sum(counts.values()) - sum(counts[name] for name in adapters),
        trained=sum(counts[name] for name in trained),
        weights=sum(sizes.values()) - sum(sizes[name] for name in adapters),
        adapters=sum(sizes[name] for name in adapters),
        gradients=gradients,
        optimiser=KEPT_BY[recipe.optimiser] * gradients,
        total=0,
    )


def _most(peak_at: Callable[[int], int], room: int) -> int:
    """The largest number whose peak is within the room, when peaks grow with it."""
    low, high = 0, 1
    while high < LARGEST and peak_at(high) <= room:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if peak_at(middle) <= room else (low, middle)
    return low
