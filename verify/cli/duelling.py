"""How far the timed groups of a gate are: a line each, with what is known so far."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TextIO

from verify.cli.progress import duration
from verify.gate.duel import Measured
from verify.judge.sequential import Decision, Judgement
from verify.language.speech import say
from verify.render.kept import word

ORDER: tuple[Decision, ...] = ("regressed", "undecided", "hopeless", "held")


@dataclass(slots=True)
class Duelling:
    """Tells of groups as they end.

    Attributes:
        stream: Where to write.
        clock: Seconds, monotonic.
    """

    stream: TextIO
    clock: Callable[[], float] = time.monotonic
    _ends: list[float] = field(default_factory=list)

    def told(self, number: int, budget: int, known: Mapping[Measured, Judgement]) -> None:
        """A group has ended; so much is known after it."""
        self._ends = [self.clock()] if number == 1 else [*self._ends, self.clock()]
        counts = Counter(judgement.decision for judgement in known.values())
        said = ", ".join(f"{counts[decision]} {word(decision)}" for decision in ORDER if counts[decision])
        ratios = {figure: judgement.estimate for figure, judgement in known.items() if figure.scale == "ratio"}
        worst = max(ratios, key=lambda figure: ratios[figure], default=None)
        most = (
            say("; most: {}[{}] {}%", worst.name, worst.device, f"{100 * math.expm1(ratios[worst]):+.1f}")
            if worst
            else ""
        )
        self.stream.write(
            say("[group {}/{}] {}{}{}", f"{number:>2}", budget, said, most, self._left(budget - number)) + "\n"
        )
        self.stream.flush()

    def _left(self, groups: int) -> str:
        """How long the others take, as soon as one group has been seen from its start to its end."""
        if len(self._ends) == 1:
            return ""
        each = (self._ends[-1] - self._ends[0]) / (len(self._ends) - 1)
        return say("; at most {} left", duration(each * groups))
