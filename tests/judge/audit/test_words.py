"""Every rule of the audit speaks, and what it says is told word for word: UPDATE_WORDS=1 writes it anew to be read."""

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.examples import ROOT
from tests.judge.audit.documents import known
from tests.judge.audit.faulty import EARLIER, FAULTY
from verify.judge.audit.audit import audit_document

WORDS = Path(__file__).with_name("words.json")
# What the audit says of itself; and rules that are named after what the policy says.
OF_ITSELF, OF_THE_POLICY = "rules", "combination"


def told(name: str) -> list[dict[str, Any]]:
    """What is found in a document, with the sum that anybody can redo."""
    earlier = (EARLIER[name],) if name in EARLIER else ()
    policies = dataclasses.replace(known(*earlier), secrets={"somehost": "HOST"})
    found = [finding.model_dump(mode="json") for finding in audit_document(FAULTY[name], policies)]
    return found if name.startswith("hygiene") else [one for one in found if not one["rule"].startswith("hygiene.")]


def recorded() -> dict[str, list[dict[str, Any]]]:
    """What was said when somebody read it last."""
    if os.environ.get("UPDATE_WORDS"):
        said = {name: told(name) for name in FAULTY}
        WORDS.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    words: dict[str, list[dict[str, Any]]] = json.loads(WORDS.read_text(encoding="utf-8"))
    return words


SAID = recorded()


@pytest.mark.parametrize("name", FAULTY)
def test_a_finding_says_what_was_read(name: str) -> None:
    found = told(name)
    assert [_without_sum(one) for one in found] == [_without_sum(one) for one in SAID[name]]
    assert [one["recomputed"] for one in found] == pytest.approx([one["recomputed"] for one in SAID[name]])


def test_every_rule_of_the_audit_finds_fault_with_something() -> None:
    sources = (ROOT / "verify/judge/audit").glob("*.py")
    named = {
        rule
        for path in sources
        for rule in re.findall(r'found\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    heard = {one["rule"] for said in SAID.values() for one in said}
    assert len(named) > 50
    assert {rule for rule in named - heard if not rule.startswith(f"{OF_ITSELF}.")} == set()
    assert any(rule.startswith(f"{OF_THE_POLICY}.") for rule in heard)


def _without_sum(finding: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in finding.items() if name != "recomputed"}
