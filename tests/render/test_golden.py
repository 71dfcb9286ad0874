"""What people see, word for word.

After an intended change: ``UPDATE_GOLDEN=1 pytest tests/render``, then read the difference.
"""

import os
from collections.abc import Callable

import pytest

from tests import examples
from verify.render import junit, markdown, text
from verify.report.versions import AnyReport

GOLDEN = examples.ROOT / "tests/golden"


def refused() -> AnyReport:
    """A report with each outcome, a device that is absent, and a wrong machine."""
    outcomes = ("failed", "errored", "crashed", "timed_out", "out_of_memory", "skipped")
    bad = [
        examples.result(f"a.{name}", **examples.not_passed(name, f"it {name}", log="one\ntwo\n")) for name in outcomes
    ]
    facts = examples.facts(memory_bytes=16 * 2**30, devices=[examples.device("cpu", problem="torch is not installed")])
    return examples.report(results=[*examples.results()[:2], *bad], facts=facts, interrupted=True, conditions={})


REPORTS: dict[str, Callable[[], AnyReport]] = {
    "conditional": examples.report,
    "quick": lambda: examples.report("v1"),
    "full": lambda: examples.report("v2"),
    "refused": refused,
    "certified": lambda: examples.report(results=[examples.results()[0], examples.results()[6]]),
}
FORMATS: dict[str, Callable[[AnyReport], str]] = {
    "txt": lambda report: text.render(report, logs=True),
    "md": markdown.render,
    "xml": junit.render,
}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("format_", FORMATS)
def test_a_report_is_shown_as_it_was(name: str, format_: str) -> None:
    path = GOLDEN / f"{name}.{format_}"
    shown = FORMATS[format_](REPORTS[name]())
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{kind}" for name in REPORTS for kind in FORMATS}
