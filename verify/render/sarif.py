"""An audit as SARIF 2.1.0, which puts findings on the lines of a pull request.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
import os
from typing import Any
from urllib.parse import quote

from verify.claims.finding import Audited, AuditFinding
from verify.language.speech import speaking
from verify.render import words
from verify.render.audit import sum_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "note": "note"}


@speaking("en")
def render(audited: Audited, version: str) -> str:
    """The audit as SARIF.

    Args:
        audited: What it came to.
        version: Of this program.
    """
    rules = sorted({finding.rule for finding in audited.findings})
    driver = {"name": "llm-verify", "version": version, "rules": [{"id": rule} for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules) for finding in audited.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(finding: AuditFinding, rules: list[str]) -> dict[str, Any]:
    told = [finding.message, *([f"The sum: {sum_of(finding)}"] if sum_of(finding) else [])]
    location: dict[str, Any] = {"artifactLocation": {"uri": quote(os.fsencode(finding.place.file))}}
    if finding.place.line:
        location["region"] = {"startLine": finding.place.line}
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": LEVELS[finding.severity],
        "message": {"text": words.visible(". ".join(told))},
        "locations": [{"physicalLocation": location}],
        "properties": {
            "grade": finding.grade,
            "subject": words.visible(finding.subject),
            "inputs": dict(finding.inputs),
        },
    }
