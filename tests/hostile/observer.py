"""Listens, while tests run, to what our code says of the faults they put before it: errors, findings, answers."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from verify.errors import VerifyError
from verify.report.v2 import Finding
from verify.run.answer import Answer

# A property that a test records to say itself what it saw.
OBSERVED = "observed"
# What is said where nothing is wrong: the known issue of the examples, and errors that are at hand in case.
ASIDE = re.compile(
    r"^note |known issue mps-quant|another set-up of this project is|a run of this project is in progress"
)
# A test that tries every byte makes thousands of errors: the first of each kind tell enough.
MOST = 400


@dataclass(slots=True, eq=False)
class Observer:
    """A plugin of pytest, which tells plugins apart by what they are.

    Attributes:
        seen: What was said during each test, by its name without parameters, and with them.
        outcomes: How many cases of each test ended how: passed, failed, skipped.
        reasons: Why cases were skipped or failed.
        current: The test that runs.
    """

    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    outcomes: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    reasons: dict[str, str] = field(default_factory=dict)
    current: str = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Listen while a test runs, and not while what it needs is made."""
        self.current = item.nodeid
        try:
            yield
        finally:
            self.current = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count how each case ended."""
        if report.when != "call" and report.outcome == "passed":
            return
        for name in names_of(report.nodeid):
            self.outcomes[name][report.outcome] += 1
            said = [str(value) for key, value in report.user_properties if key == OBSERVED]
            self.seen[name] = [*said, *self.seen[name]]
            if report.outcome != "passed":
                self.reasons.setdefault(name, _reason(report))

    def note(self, words: str) -> None:
        """Keep what was said, once."""
        if ASIDE.search(words):
            return
        for name in names_of(self.current) if self.current else ():
            if words not in self.seen[name] and len(self.seen[name]) < MOST:
                self.seen[name].append(words)

    def listen(self) -> None:
        """From now on, hear of every error, finding and answer that is made in this process."""
        _overhear(VerifyError, self.note, lambda error: f"exit {int(error.exit)}: {error.message}")
        _overhear(Finding, self.note, lambda found: f"{found.severity} {found.rule}: {found.subject}: {found.message}")
        _overhear(Answer, self.note, lambda answer: f"{answer.outcome}: {answer.reason}" if answer.reason else "")


def names_of(nodeid: str) -> tuple[str, ...]:
    """A test by its name, and where it has parameters with them."""
    plain = nodeid.partition("[")[0]
    return (plain,) if plain == nodeid else (plain, nodeid)


def _overhear(kind: type[Any], note: Callable[[str], None], words: Callable[[Any], str]) -> None:
    """Note what is made of a kind, as it is made."""
    made = kind.__init__

    def made_and_noted(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        if said := words(self):
            note(said)

    kind.__init__ = made_and_noted


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr).splitlines()[-1] if report.longrepr else report.outcome
