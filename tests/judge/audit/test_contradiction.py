"""What is said in one place is not denied in another."""

import dataclasses

import pytest

from tests.judge.audit.documents import claim, document, listed, rules, statement
from verify.claims.claim import Arm, Place


@pytest.mark.parametrize(("name", "expected"), [("mlx:mlx-", ["contradiction.failed_and_fine"]), ("mlx:mlx", [])])
def test_what_failed_is_not_told_of_as_working(name: str, expected: list[str]) -> None:
    written = document(enumerations=(listed("test", name),), statements=(statement("works", "mlx", mark=True, line=8),))
    assert rules(written) == expected


def test_a_run_s_label_names_nothing_that_is_missing() -> None:
    arm = Arm(Place("old.md", 3), "tuned", {"flash_attention": "FA3", "precision": "bf16"})
    missing = statement("integrated", "flash_attention", denied=True, line=20)
    other = statement("integrated", "triton", denied=True, line=21)
    assert rules(document(arms=(arm,), statements=(missing, other))) == ["contradiction.labelled"]
    assert rules(document(arms=(arm,), statements=(other,))) == []


def test_what_is_expected_is_expected_alike() -> None:
    one = claim("speedup", "2", "x", high="3", stated_as="estimated")
    assert rules(document(one, claim("speedup", "2", "x", high="3", stated_as="estimated"))) == []
    unlike = [claim("speedup", "2", "x", high="6", line=line, stated_as="estimated") for line in (1, 9)]
    assert rules(document(one, unlike[1])) == ["contradiction.expectations"]
    assert rules(document(one, unlike[0])) == []


@pytest.mark.parametrize("setting", ["model", "device", "technique", "chip"])
def test_what_is_expected_of_something_else_may_be_another_amount(setting: str) -> None:
    one, other = (
        dataclasses.replace(
            claim("speedup", "2", "x", high=high, line=line, stated_as="estimated"), settings={setting: name}
        )
        for line, high, name in ((1, "3", "a"), (9, "6", "b"))
    )
    assert rules(document(one, other)) == []
