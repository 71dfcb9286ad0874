"""What a job told, in order, and no more of it than a page can show: one that comes late is told all of it again."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# How many of each kind are kept; older ones go. A kind that is not named here is none that a job tells.
KEPT: Mapping[str, int] = {
    "plan": 1,
    "started": 10_000,
    "finished": 10_000,
    "training": 10_000,
    "sample": 720,
    "line": 2_000,
    "report": 1,
    "asked": 10,
    "ended": 1,
}

Event = tuple[int, str]


@dataclass(slots=True)
class Events:
    """Events of one job; each has a number, from 1 upwards."""

    _count: int = 0
    _kept: dict[str, deque[Event]] = field(
        default_factory=lambda: {kind: deque(maxlen=most) for kind, most in KEPT.items()}
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Keep one.

        Args:
            kind: One of `KEPT`.
            facts: Plain data.
        """
        text = json.dumps({**facts, "kind": kind})
        with self._lock:
            self._count += 1
            self._kept[kind].append((self._count, text))

    def after(self, number: int) -> list[Event]:
        """Those that came later, the oldest first, each as JSON."""
        with self._lock:
            if number >= self._count:
                return []
            return sorted(event for events in self._kept.values() for event in events if event[0] > number)
