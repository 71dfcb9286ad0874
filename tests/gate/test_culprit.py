"""A refusal is traced to the packages behind it, by asking its own question of parts of the change."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.gate.sides import Answering, arm
from tests.gate.test_stages import PACKAGES, plan_of
from verify.errors import VerifyError
from verify.gate.arms import Arm
from verify.gate.culprit import Suspects, culprits
from verify.report.v2 import Finding
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.run.supervise import Bench

CHANGES = ("accelerate", "datasets", "peft", "tokenizers", "transformers")


def finding(rule: str = "checks.newly_failing", subject: str = "a.b") -> Finding:
    return Finding(rule=rule, subject=subject, message="it got worse", severity="error", grade="certain")


class Parts:
    """Installs parts of the change, of which some do not go together, and answers for what was installed last."""

    def __init__(self, folder: Path, culprits: set[str], together: tuple[str, str] | None = None) -> None:
        self.folder, self.culprits, self.together = folder, culprits, together
        self.taken: list[frozenset[str]] = []

    def take(self, names: frozenset[str]) -> Arm | None:
        if self.together and len(names & set(self.together)) == 1:
            return None
        self.taken.append(names)
        return arm("part", self.folder, PACKAGES)

    def ask(self, jobs: Sequence[Job], bench: Bench, _title: str) -> Sequence[Answer]:
        part = bench.scratch.name == "part"
        broken = part and self.culprits <= self.taken[-1]
        return [Answer(job, "failed" if broken else "passed", "it got worse" if broken else None) for job in jobs]


def found(folder: Path, parts: Parts, *findings: Finding) -> list[Mapping[str, Any]]:
    plan = plan_of(folder, Answering())
    asking = type(plan)(**{name: getattr(plan, name) for name in plan.__slots__} | {"ask": parts.ask})
    return list(culprits(findings, Suspects(CHANGES, parts.take, arm("current", folder, PACKAGES), asking)))


def test_the_one_package_of_five_is_named(tmp_path: Path) -> None:
    (row,) = found(tmp_path, Parts(tmp_path, {"peft"}), finding())
    assert row["packages"] == ["peft"]
    assert row["trials"] < 2 ** len(CHANGES)


def test_two_packages_that_break_it_together_are_both_named(tmp_path: Path) -> None:
    (row,) = found(tmp_path, Parts(tmp_path, {"peft", "datasets"}), finding())
    assert row["packages"] == ["datasets", "peft"]


def test_what_cannot_be_installed_alone_is_named_with_what_it_needs(tmp_path: Path) -> None:
    (row,) = found(tmp_path, Parts(tmp_path, {"transformers"}, ("tokenizers", "transformers")), finding())
    assert row["packages"] == ["tokenizers", "transformers"]
    assert row["unresolved"] > 0
    assert "tokenizers" in row["note"]


def test_a_second_finding_of_the_same_package_is_told_by_one_trial(tmp_path: Path) -> None:
    parts = Parts(tmp_path, {"peft"})
    behaviour = finding("behaviour.drift", "tokenizers.the_same_text_gives_the_same_ids")
    first, second = found(tmp_path, parts, finding(), behaviour)
    assert first["packages"] == second["packages"] == ["peft"]
    assert second["note"] == "as another finding's"


def test_what_does_not_come_about_again_is_told(tmp_path: Path) -> None:
    (row,) = found(tmp_path, Parts(tmp_path, {"numpy"}), finding())
    assert row["packages"] == []
    assert row["note"] == "all changes together did not bring it about again"


def test_what_shows_without_any_change_is_told(tmp_path: Path) -> None:
    (row,) = found(tmp_path, Parts(tmp_path, set()), finding())
    assert row["note"] == "it shows without any change"


@pytest.mark.parametrize("rule", ["advisories.comes", "inconclusive.noise"])
def test_what_no_process_shows_is_not_searched(tmp_path: Path, rule: str) -> None:
    assert found(tmp_path, Parts(tmp_path, {"peft"}), finding(rule)) == []


def test_a_check_of_another_name_is_no_evidence(tmp_path: Path) -> None:
    (row,) = found(tmp_path, Parts(tmp_path, {"peft"}), finding(subject="a.c"))
    assert row["packages"] == []


def test_a_search_that_cannot_go_on_is_told_and_loses_nothing(tmp_path: Path) -> None:
    class Unreachable(Parts):
        def take(self, names: frozenset[str]) -> Arm | None:
            raise VerifyError("the index is out of reach", f"look at the network, for {len(names)} changes")

    (row,) = found(tmp_path, Unreachable(tmp_path, {"peft"}), finding())
    assert row["packages"] == []
    assert row["note"] == "the search ended: the index is out of reach"
