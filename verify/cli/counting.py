"""How far something is that takes a while: one line in a terminal, with the time that is left; nothing elsewhere."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TextIO

from verify.cli.progress import CLEAR, duration
from verify.language.speech import say
from verify.language.width import cut

# What takes no longer than that needs no progress.
QUIET_SECONDS = 2.0
EVERY_SECONDS = 0.5


@dataclass(slots=True)
class Counting:
    """Counts in a terminal.

    Attributes:
        verb: What is done, in the past: ``audited``.
        things: With what: ``reports``.
        stream: Where to write; where it is no terminal, nothing is written.
        clock: Seconds, monotonic.
    """

    verb: str
    things: str
    stream: TextIO
    clock: Callable[[], float] = time.monotonic
    _begun: float = 0.0
    _said: float | None = None
    _done: int = 0

    def __enter__(self) -> Self:
        self._begun = self.clock()
        return self

    def __exit__(self, *_: object) -> None:
        if self._said is not None:
            self.stream.write(CLEAR)
            self.stream.flush()

    def told(self, done: int, of: int) -> None:
        """So many are done, of so many; the next of a series starts from none again."""
        now = self.clock()
        if done < self._done:
            self._begun = now
        self._done = done
        since = self._begun + QUIET_SECONDS if self._said is None else self._said + EVERY_SECONDS
        if not self.stream.isatty() or now < since:
            return
        self._said = now
        left = duration((now - self._begun) / max(1, done) * (of - done))
        line = say("{} {} of {} {}, about {} left", self.verb, f"{done:,}", f"{of:,}", self.things, left)
        self.stream.write(CLEAR + cut(line, shutil.get_terminal_size().columns - 1))
        self.stream.flush()
