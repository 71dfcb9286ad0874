"""Arms that differ in more than one factor are not comparable."""

import pytest

from tests.judge.audit.documents import claim, document, rules
from verify.claims.claim import Arm, Document, Place


def _compared(first: dict[str, str], second: dict[str, str]) -> Document:
    arms = tuple(
        Arm(Place("old.md", line), name, factors) for line, name, factors in ((1, "a", first), (2, "b", second))
    )
    return document(claim("slowdown", "2.0", "x"), arms=arms)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"optimizer": "adamw", "precision": "bf16"}, []),
        ({"optimizer": "muon", "precision": "bf16"}, ["confound.arms"]),
        ({"optimizer": "adamw", "precision": "bf16", "compile": "on"}, ["confound.arms"]),
    ],
)
def test_arms_differ_in_one_factor(second: dict[str, str], expected: list[str]) -> None:
    assert rules(_compared({"optimizer": "adamw", "precision": "fp32"}, second)) == expected


def test_arms_that_nobody_compares_may_differ() -> None:
    arms = _compared({"optimizer": "adamw"}, {"precision": "bf16"}).arms
    assert rules(document(arms=arms)) == []


@pytest.mark.parametrize(("batch", "expected"), [("4", []), ("8", ["confound.settings"])])
def test_devices_that_are_compared_do_the_same_work(batch: str, expected: list[str]) -> None:
    work = claim("batch", "4", device="cpu"), claim("batch", batch, device="mps")
    assert rules(document(*work, claim("speedup", "3.0", "x"))) == expected
    assert rules(document(*work)) == []


def test_one_line_is_one_fault() -> None:
    work = claim("batch", "4", device="cpu"), claim("batch", "8", device="mps")
    arms = tuple(
        Arm(Place("old.md", 1), name, {"batch": batch, "device": name}) for name, batch in (("cpu", "4"), ("mps", "8"))
    )
    assert rules(document(*work, claim("speedup", "3.0", "x"), arms=arms)) == ["confound.arms"]
