"""What sensors say in the course of a run: a look every few seconds, from a thread of the supervisor."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from verify.monitor.reading import Reading, Unread

EVERY_SECONDS = 5.0
FIRST_SECONDS = 1.0
# As many as a picture can show. When there are more, every other is let go, and looks are taken half as often.
MOST = 360

Told = Callable[[float, Reading], None]


@dataclass(slots=True)
class Recording:
    """Looks at sensors until it is over: `watch` is for a thread, what it keeps for everybody.

    Attributes:
        look: Looks once.
        told: Told of each look, and of the seconds since the beginning.
        every: Seconds between two looks, at first.
    """

    look: Callable[[], Reading]
    told: Told = lambda _seconds, _reading: None
    every: float = EVERY_SECONDS
    _looks: list[tuple[float, Reading]] = field(default_factory=list)
    _unread: dict[str, str] = field(default_factory=dict)

    def watch(self, over: threading.Event) -> None:
        """Look, again and again, until it is over."""
        begin = time.monotonic()
        # A share of time needs some time: the first look would tell of none.
        if over.wait(min(FIRST_SECONDS, self.every)):
            return
        while True:
            seconds, reading = time.monotonic() - begin, self.look()
            self.keep(seconds, reading)
            self.told(seconds, reading)
            if over.wait(self.every):
                return

    def keep(self, seconds: float, reading: Reading) -> None:
        """Keep a look; of too many every other goes."""
        self._looks.append((round(seconds, 1), reading))
        self._unread |= {unread.what: unread.reason for unread in reading.unread}
        if len(self._looks) > MOST:
            self._looks = self._looks[::2]
            self.every *= 2

    @property
    def unread(self) -> list[Unread]:
        """What could not be read at some time."""
        return [Unread(what, reason) for what, reason in self._unread.items()]

    def data(self) -> dict[str, Any] | None:
        """What a report keeps of it, as plain data; None where nothing was looked at."""
        if not self._looks:
            return None
        courses: dict[tuple[str, str, str], list[float | None]] = {}
        for number, (_, reading) in enumerate(self._looks):
            for value in reading.values:
                course = courses.setdefault((value.subject, value.name, value.unit), [None] * len(self._looks))
                course[number] = float(f"{value.value:.4g}")
        return {
            "seconds": [seconds for seconds, _ in self._looks],
            "sensors": [
                {"subject": subject, "name": name, "unit": unit, "values": values}
                for (subject, name, unit), values in courses.items()
            ],
            "unread": dict(sorted(self._unread.items())),
        }
