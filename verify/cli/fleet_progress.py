"""How far a fleet is: a live table in a terminal, plain lines of what changed elsewhere."""

import shutil
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from verify.language.speech import each, say
from verify.language.width import cut
from verify.render import words
from verify.render.kept import word
from verify.render.text import aligned
from verify.render.words import duration, visible
from verify.report.fleet import HOLD, OPEN, STATES, Node

CLEAR = "\r\x1b[J"
# Lines that a terminal keeps for what is not the table.
AROUND = 4


@dataclass(slots=True)
class FleetProgress:
    """Tells of nodes as they change.

    Attributes:
        stream: Where to write.
        live: Whether it is a terminal that can be rewritten.
        longest_seconds: After which a node's job is ended.
    """

    stream: TextIO
    live: bool
    longest_seconds: float
    _last: dict[str, str] = field(default_factory=dict)
    _lines: int = 0

    def tell(self, nodes: Sequence[Node], away_seconds: float | None = None) -> None:
        """How it stands now.

        Args:
            nodes: Every node.
            away_seconds: For how long Slurm's controller has not answered; None while it does.
        """
        if self.live:
            self._draw(nodes, away_seconds)
            return
        for node in nodes:
            if self._last.get(node.name) != node.state:
                self._last[node.name] = node.state
                if node.state != "waiting":
                    self.stream.write(f"{_line(node)}{self._left(nodes) if node.state not in OPEN else ''}\n")
        self.stream.flush()

    def away(self, seconds: float, patience: float) -> None:
        """Slurm's controller does not answer: said once where lines stay."""
        if not self.live:
            what = say(
                "Slurm's controller does not answer; waiting up to {} for it, nothing is lost", duration(patience)
            )
            self.stream.write(f"{what} ({duration(seconds)})\n")
            self.stream.flush()

    def close(self) -> None:
        """Leave the terminal as it was before the table."""
        if self.live:
            self._erase()
            self.stream.flush()

    def left(self, nodes: Sequence[Node]) -> str:
        """How long it may still take: by what others took, or at most."""
        opened = [node for node in nodes if node.state in OPEN]
        took = [node.seconds for node in nodes if node.state in HOLD and node.seconds is not None]
        if not opened:
            return say("done")
        usual = statistics.median(took) if took else self.longest_seconds
        rest = max(max(0.0, usual - (node.seconds or 0.0)) for node in opened)
        late = all(node.seconds is not None and node.seconds > usual for node in opened)
        if late:
            rest = max(max(0.0, self.longest_seconds - (node.seconds or 0.0)) for node in opened)
        return say("about {} left" if took and not late else "at most {} left", duration(rest))

    def _left(self, nodes: Sequence[Node]) -> str:
        ended = sum(node.state not in OPEN for node in nodes)
        return " · " + say("{} of {}, {}", ended, len(nodes), self.left(nodes))

    def _draw(self, nodes: Sequence[Node], away_seconds: float | None) -> None:
        width, height = shutil.get_terminal_size()
        counts = Counter(node.state for node in nodes)
        told = ", ".join(f"{counts[state]} {word(state)}" for state in STATES if counts[state])
        foot = [f"{told} · {self.left(nodes)}"]
        if away_seconds is not None:
            foot.append(say("Slurm's controller does not answer ({})", duration(away_seconds)))
        shown = sorted(nodes, key=_interest)[: max(1, height - AROUND)]
        lines = aligned([each("node", "is", "time", "why"), *map(_row, shown)]).split("\n")
        self._erase()
        lines = [cut(line, width - 1) for line in [*lines, *foot]]
        self.stream.write("\n".join(lines))
        self._lines = len(lines)
        self.stream.flush()

    def _erase(self) -> None:
        up = f"\x1b[{self._lines - 1}A" if self._lines > 1 else ""
        self.stream.write(f"{up}{CLEAR}" if self._lines else "")
        self._lines = 0


def _interest(node: Node) -> tuple[int, str]:
    """What went wrong first, then what goes on, then what holds."""
    order = 2 if node.state in HOLD else 1 if node.state in OPEN else 0
    return (order, node.name)


def _row(node: Node) -> Sequence[str]:
    time = "" if node.seconds is None else duration(node.seconds)
    return (visible(node.name), word(node.state), time, words.told(node.reason or ""))


def _line(node: Node) -> str:
    name, state, time, why = _row(node)
    return f"{name}: {state}" + (f", {time}" if time else "") + (f": {why}" if why else "")
