"""What a check is handed: its device, a place to write, and the means to record and to judge."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Direction = Literal["higher", "lower", "equal"]
Number = int | float
Note = str | int | float | bool


class Failed(Exception):  # noqa: N818 - an outcome, not an error of ours
    """The answer to the question is no."""


class Skipped(Exception):  # noqa: N818 - an outcome, not an error of ours
    """The question cannot be asked here, for the reason given."""


@dataclass(slots=True)
class Context:
    """One check's view of the run.

    Attributes:
        device: ``cpu``, ``cuda``, ``mps`` or ``mlx``; empty for a question about no device.
        seed: The seed to use wherever randomness is needed.
        threads: How many CPU threads this process may keep busy.
        root: The project, read-only.
        lock: The lock that the environment was built from.
        scratch: An empty folder of this check's own, removed afterwards.
        cache: A folder kept between runs, for material that is costly to make.
        settings: What a user chose, where the question is about work of their own.
    """

    device: str
    seed: int
    threads: int
    root: Path
    lock: Path
    scratch: Path
    cache: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    assertions: int = 0

    def require(self, holds: bool, message: str) -> None:
        """Fail at once, with the message, unless it holds."""
        self.assertions += 1
        if not holds:
            raise Failed(message)

    def skip(self, reason: str) -> None:
        """Give up on the question: it cannot be asked here."""
        raise Skipped(reason)

    def note(self, **facts: Note) -> None:
        """Keep facts beside the outcome, for example ``weights="pretrained"``."""
        self.notes.update(facts)

    def measure(
        self,
        name: str,
        samples: Number | Sequence[Number],
        *,
        unit: str,
        direction: Direction = "lower",
        at_most: Number | None = None,
        at_least: Number | None = None,
        equals: Number | None = None,
        conditions: Mapping[str, Note] | None = None,
        along: str | None = None,
        inconclusive: str | None = None,
    ) -> float:
        """Record what was measured, every sample of it, and hold it against its limits.

        A limit that is broken fails the check at its end, so that the other figures are still taken.

        Args:
            name: ``snake_case``, unique within the check (conditions do not count).
            samples: One value or many, in the order they were taken.
            unit: ``1`` for a pure number, else as in ``GFLOPS``, ``GB/s``, ``s``, ``B``.
            direction: Which way is better; ``equal`` when only the exact value will do.
            at_most: Upper limit of the median.
            at_least: Lower limit of the median.
            equals: The exact value expected of the median.
            conditions: What a reader needs to repeat it: dtype, shape, threads.
            along: For a curve, such as a loss, what its samples are taken along: ``step``. They are no repetitions
                of one thing then, and the value is the last of them.
            inconclusive: Why this figure should not be believed, when something disturbed it.

        Returns:
            The median of the samples, or a curve's last.
        """
        values = [samples] if isinstance(samples, int | float) else list(samples)
        limits = {"at_most": at_most, "at_least": at_least, "equals": equals}
        return self._record(
            name=name,
            unit=unit,
            direction=direction,
            samples=values,
            value=(values[-1] if along else statistics.median(values)) if values else math.nan,
            along=along,
            limits=limits,
            conditions=dict(conditions or {}),
            provenance="measured",
            inconclusive=inconclusive,
        )

    def derive(
        self,
        name: str,
        formula: str,
        conditions: Mapping[str, Note] | None = None,
        /,
        *,
        unit: str,
        direction: Direction = "lower",
        at_most: Number | None = None,
        at_least: Number | None = None,
        equals: Number | None = None,
        inconclusive: str | None = None,
        **inputs: Number,
    ) -> float:
        """Record a figure that follows from others, with the formula and its inputs.

        The formula is arithmetic over the inputs' names (``2 * n ** 3 / seconds / 1e9``), so that whoever
        reads the report can redo the sum; the audit does. The conditions are what tells it from others of its name.

        Returns:
            The value of the formula.
        """
        from verify.probe.formula import evaluate

        return self._record(
            name=name,
            unit=unit,
            direction=direction,
            samples=[],
            value=evaluate(formula, inputs),
            limits={"at_most": at_most, "at_least": at_least, "equals": equals},
            conditions=dict(conditions or {}),
            provenance="derived",
            formula=formula,
            inputs=dict(inputs),
            inconclusive=inconclusive,
        )

    def _record(self, *, limits: dict[str, Number | None], **measurement: Any) -> float:
        value = float(measurement["value"])
        stated = {key: limit for key, limit in limits.items() if limit is not None}
        self.assertions += len(stated)
        if not all(math.isfinite(number) for number in [value, *measurement["samples"]]):
            # No JSON holds such a number; the reason of the failure does.
            self.broken.append(f"{measurement['name']} is not finite: {measurement['samples'] or value}")
            return value
        self.measurements.append({**measurement, "value": value, "limits": stated})
        self.broken += [
            f"{measurement['name']} is {value:g} {measurement['unit']}, {why}" for why in _broken(value, stated)
        ]
        return value


def _broken(value: float, limits: Mapping[str, Number]) -> list[str]:
    tests = {
        "at_most": lambda limit: value <= limit,
        "at_least": lambda limit: value >= limit,
        "equals": lambda limit: value == limit,
    }
    return [f"must be {key.replace('_', ' ')} {limit:g}" for key, limit in limits.items() if not tests[key](limit)]
