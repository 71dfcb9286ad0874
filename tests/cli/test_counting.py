"""A terminal is told how far something is; nothing else is."""

import io
from dataclasses import dataclass

from verify.cli.counting import EVERY_SECONDS, QUIET_SECONDS, Counting


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def counted(stream: io.StringIO, *moments: tuple[float, int]) -> str:
    """What is written when so many of 100 are done at these moments."""
    clock = Clock()
    with Counting("audited", "reports", stream, clock) as counting:
        for clock.now, done in moments:
            counting.told(done, 100)
    return stream.getvalue()


def test_a_terminal_is_told_with_the_time_that_is_left() -> None:
    assert "audited 25 of 100 reports, about 12 s left" in counted(Terminal(), (4.0, 25))


def test_what_is_quick_and_what_was_just_said_is_not_told() -> None:
    assert counted(Terminal(), (QUIET_SECONDS / 2, 50)) == ""
    told = counted(Terminal(), (QUIET_SECONDS, 10), (QUIET_SECONDS + EVERY_SECONDS / 2, 20), (9.0, 30))
    assert ("10 of" in told, "20 of" in told, "30 of" in told) == (True, False, True)


def test_the_line_is_gone_afterwards() -> None:
    assert counted(Terminal(), (9.0, 30)).endswith("\r\x1b[J")


def test_the_next_series_has_its_own_time() -> None:
    told = counted(Terminal(), (10.0, 100), (10.1, 1), (20.1, 51))
    assert "audited 51 of 100 reports, about 10 s left" in told


def test_nothing_else_is_told() -> None:
    assert counted(io.StringIO(), (4.0, 25), (9.0, 50)) == ""
