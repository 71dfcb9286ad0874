"""What a report tells of a person, and what it leaves out."""

import dataclasses

import pytest

from tests.judge.audit.documents import claim, document, known, moment, pinned, rules
from verify.claims.claim import Document
from verify.judge.audit.audit import audit_document


def _written(*lines: str, **parts: object) -> list[str]:
    told = {"moments": (moment("2031-05-06T07:08:09"),), "pinned": pinned(torch="2.14.0")} | parts
    return rules(dataclasses.replace(document(claim("batch", "4"), lines=lines), **told), but=())  # type: ignore[arg-type]


def test_a_complete_report_is_not_flagged() -> None:
    assert _written("a line", "another") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("the data is in /Users/somebody/data", ["hygiene.leak"]),
        ("/home/somebody/x", ["hygiene.leak"]),
        ("the data is in /data/x", []),
        ("login (root/toor99)", ["hygiene.credentials"]),
        ("password: hunter22", ["hygiene.credentials"]),
        ("export TOKEN=hf_abcdefghijklmnopqrst", ["hygiene.credentials"]),
        ("set `HF_TOKEN` to load faster", []),
        ("password: $PASSWORD", []),
        ("see out/REPORT_2031-05-06.md", ["hygiene.overwritten"]),
        ("see out/REPORT_2031-05-06T07-08-09.md", []),
        ("see out/REPORT.md", []),
    ],
)
def test_what_a_line_gives_away(line: str, expected: list[str]) -> None:
    assert _written("first", line) == expected


def test_who_trained_tells_the_seed_and_the_data() -> None:
    told = claim("loss_final", "0.5"), claim("seed", "7")
    complete: Document = document(
        *told, pinned=pinned(torch="2.14.0"), moments=(moment("2031-05-06"),), lines=(f"sha256:{'a' * 64}",)
    )
    assert rules(complete, but=()) == []
    assert rules(dataclasses.replace(complete, claims=told[:1]), but=()) == ["hygiene.seed"]
    assert rules(dataclasses.replace(complete, lines=("no digest",)), but=()) == ["hygiene.dataset"]


def test_the_day_and_exact_versions_are_told() -> None:
    assert _written("a line", moments=()) == ["hygiene.date"]
    assert _written("a line", pinned=()) == ["hygiene.versions"]
    assert _written("a line", pinned=pinned(torch="2.x")) == ["hygiene.versions"]


def test_a_training_that_was_only_timed_is_one_too() -> None:
    timed = document(claim("duration", "20", "s", epochs=3), lines=("a line",), moments=(moment("2031-05-06"),))
    found = rules(dataclasses.replace(timed, pinned=pinned(torch="2.14.0")), but=())
    assert found == ["hygiene.dataset", "hygiene.seed"]


def test_a_finding_does_not_repeat_the_secret() -> None:
    written = document(lines=("made on somehost", "in /home/somebody/x"))
    secrets = dataclasses.replace(known(), secrets={"somehost": "HOST"})
    found = audit_document(written, secrets)
    assert [finding.rule for finding in found] == ["hygiene.leak", "hygiene.leak"]
    assert "somehost" not in found[0].model_dump_json()
    assert "somebody" not in found[1].model_dump_json()
