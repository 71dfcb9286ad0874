"""Training runs that take turns: what each turn took, and whether to believe the pace that they show."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from verify.checks.measures.startup_and_rate import Cost, fitted, totals_of
from verify.probe import disturbance, paired, timing
from verify.probe.timing import FEWEST_FOR_AN_INTERVAL, HOPELESS, half_width, synchroniser

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context, Note

# The first turn is one step, start-up and all; the second may still compile; the others count, four of them a round.
STEADY_FROM = 2
TURNS = STEADY_FROM + 2 * paired.fewest_rounds()


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run goes: its steps, the seconds of each turn, and the loss before each step.

    Attributes:
        device: Where it trains.
        steps_per_turn: Between two looks at the clock.
        step: Trains once; the loss, not waited for.
    """

    device: str
    steps_per_turn: int
    step: "Callable[[], torch.Tensor]"
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: "list[torch.Tensor]" = field(default_factory=list)

    @property
    def cost(self) -> Cost:
        """Start-up and seconds a step, of which the latter is known as well as the steady turns tell."""
        return fitted(totals_of(self.steps), totals_of(self.seconds)).known_to(half_width(self.steady))

    @property
    def first_steps(self) -> int:
        """Steps before the turns that count."""
        return sum(self.steps[:STEADY_FROM])

    @property
    def first_seconds(self) -> float:
        """What they took."""
        return sum(self.seconds[:STEADY_FROM])

    @property
    def steady(self) -> list[float]:
        """Seconds a step in each turn that counts."""
        return [seconds / steps for seconds, steps in zip(self.seconds, self.steps, strict=True)][STEADY_FROM:]

    def turn(self, steps: int) -> None:
        """Make so many steps and note what they took."""
        synchronise = synchroniser(self.device)
        synchronise()
        start = time.perf_counter()
        self.losses.extend(self.step() for _ in range(steps))
        synchronise()
        self.seconds.append(time.perf_counter() - start)
        self.steps.append(steps)


@dataclass(frozen=True, slots=True)
class Doubts:
    """Why figures of a race are not to be believed, or None.

    Attributes:
        steady: Those of the turns that count.
        whole: Those that rest on the first turns too: start-up, and all that follows from it.
    """

    steady: str | None
    whole: str | None


def race(paces: Sequence[Pace], device: str, turns: int) -> Doubts:
    """Turns of each run, forwards, backwards, backwards and forwards, so that a drift of the machine favours none.

    Start-up and the steady turns are watched apart: a neighbour of the former alone would be lost in the latter.
    """
    start_up = start(paces, device)
    steady = _watched(paces, device, range(STEADY_FROM, turns))
    return Doubts(steady, start_up or steady)


def start(paces: Sequence[Pace], device: str) -> str | None:
    """The turns of each run that do not count; what disturbed them."""
    return _watched(paces, device, range(STEADY_FROM))


def record_ratio(
    ctx: "Context",
    name: str,
    own: Pace,
    other: Pace,
    *,
    doubts: Doubts,
    conditions: "Mapping[str, Note]",
    comparisons: int = 1,
) -> paired.Comparison:
    """Record how many times as fast a run is as another of the same race, and its 95% interval.

    Of several comparisons that are read side by side the intervals hold all at once; how many they are is recorded.
    """
    seen = paired.compare(own.steady, other.steady, comparisons)
    told = {**conditions, "comparisons": comparisons} if comparisons > 1 else conditions
    doubt = doubts.steady or doubt_about_ratio(own.steady, other.steady, seen)
    for end, value in {"": seen.ratio, "_low": seen.low, "_high": seen.high}.items():
        if math.isfinite(value):
            ctx.measure(name + end, value, unit="1", direction="higher", conditions=told, inconclusive=doubt)
    return seen


def _watched(paces: Sequence[Pace], device: str, turns: range) -> str | None:
    """Take the turns; what disturbed them."""
    disturbed = disturbance.watch(device)
    for turn in turns:
        _turn(paces, turn)
    return disturbed()


def _turn(paces: Sequence[Pace], turn: int) -> None:
    for pace in paces if (turn - STEADY_FROM) % 4 in {0, 3} else paces[::-1]:
        pace.turn(pace.steps_per_turn if turn else 1)


def doubt_about_ratio(own: Sequence[float], other: Sequence[float], seen: paired.Comparison) -> str | None:
    """Why the turns of two runs tell no ratio of their paces, or None.

    What slows both runs is in neither's favour, so that each may drift and spread as long as their ratio does not.
    One whose interval says which is faster is believed as far as that goes; any other must be known as well as a pace.

    Args:
        own: Seconds a step, in the order in which they were taken.
        other: Those of the other run, in turns with them.
        seen: What they come to.
    """
    ratios = [slow / fast for fast, slow in zip(own, other, strict=True)]
    if timing.still_falling(ratios) or timing.rising(ratios):
        return "the ratio was not the same from the first turns to the last"
    if not math.isfinite(seen.high):
        return f"{len(ratios)} turns are too few for an interval of the ratio"
    width = math.sqrt(seen.high / seen.low) - 1
    undecided = seen.covers_one and width > HOPELESS
    return f"which is faster is not told: the ratio is known to {width:.0%} only" if undecided else None


def doubt_about(samples: Sequence[float]) -> str | None:
    """Why times of the same work, in the order they were taken, tell no steady pace, or None.

    Too few for an interval of the median are believed if their whole range is as narrow as that must be.
    """
    if len(samples) < FEWEST_FOR_AN_INTERVAL:
        return _doubt_about_few(sorted(samples))
    return timing.doubt_about(samples)


def _doubt_about_few(ordered: Sequence[float]) -> str | None:
    if len(ordered) == 1:
        return "it was timed once"
    apart = (ordered[-1] - ordered[0]) / 2 / ordered[len(ordered) // 2]
    return f"{len(ordered)} times lie {apart:.0%} to either side of their middle" if apart > HOPELESS else None
