"""What people see, word for word.

After an intended change: ``UPDATE_GOLDEN=1 pytest tests/render``, then read the difference.
"""

import os
from collections.abc import Callable

import pytest

from tests import examples, finetuned
from verify.render import junit, markdown, text
from verify.report.versions import AnyReport

GOLDEN = examples.ROOT / "tests/golden"
# Of tests/render/test_gate.py.
GATES = ("gate-accepted", "gate-refused")


def refused() -> AnyReport:
    """A report with each outcome, a device that is absent, and a wrong machine."""
    outcomes = ("failed", "errored", "crashed", "timed_out", "out_of_memory", "skipped")
    bad = [
        examples.result(f"a.{name}", **examples.not_passed(name, f"it {name}", log="one\ntwo\n")) for name in outcomes
    ]
    facts = examples.facts(memory_bytes=16 * 2**30, devices=[examples.device("cpu", problem="torch is not installed")])
    return examples.report(results=[*examples.results()[:2], *bad], facts=facts, interrupted=True, conditions={})


def roofline() -> AnyReport:
    """A report of a processor whose figures lie under roofs."""
    processor = examples.facts()["processor"] | {
        "vendor": "AuthenticAMD",
        "family": 26,
        "model": 2,
        "clock_hertz": 2_596_096_000,
        "clock_is": "a virtual machine's nominal one",
        "caches": [{"level": 1, "bytes": 49152, "count": 2}, {"level": 3, "bytes": 33554432, "count": 1}],
    }
    product = {
        "dtype": "float32",
        "n": 1024,
        "flops": 2 * 1024**3,
        "bytes": 12 * 2**20,
        "working_set_bytes": 12 * 2**20,
    }
    copy = {"dtype": "float32", "bytes": 2**30, "working_set_bytes": 2**30, "level": "memory"}
    empty = {"flops": 1024, "bytes": 8192, "launches": 1, "dtype": "float32"}
    figures = {
        "matmul.rate": [
            examples.measured("gflops", [190, 200, 195.5], "GFLOPS", conditions=product),
            examples.measured("best_seen_gflops", [204], "GFLOPS", conditions=product),
        ],
        "bandwidth.copy": [
            examples.measured("copy_rate", [42.5, 40, 41.25], "GB/s", conditions=copy),
            examples.measured("best_seen_copy_rate", [43.75], "GB/s", conditions=copy),
        ],
        "kernel_launch.cost": [examples.measured("launch_seconds", [1.5e-6], "s", direction="lower")],
        "training.speed": [
            examples.measured(
                "step_seconds", [0.2], "s", direction="lower", conditions={"dtype": "float32", "flops": 15_000_000_000}
            )
        ],
        "activations.relu": [examples.measured("seconds", [2e-6], "s", direction="lower", conditions=empty)],
    }
    results = [
        examples.result(check, "cpu", kind="benchmark", measurements=measured) for check, measured in figures.items()
    ]
    return examples.report(results=results, facts=examples.facts(processor=processor), known_issues=[])


REPORTS: dict[str, Callable[[], AnyReport]] = {
    "conditional": examples.report,
    "quick": lambda: examples.report("v1"),
    "full": lambda: examples.report("v2"),
    "refused": refused,
    "roofline": roofline,
    "finetune": finetuned.report,
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
    known = [*REPORTS, *GATES]
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{kind}" for name in known for kind in FORMATS}
