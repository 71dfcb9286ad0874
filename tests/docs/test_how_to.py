"""The code that how-tos show does what they say."""

import re
from pathlib import Path
from types import ModuleType

from tests.judge.audit.documents import known
from verify.claims.read import read_markdown
from verify.judge.audit.audit import audit_document

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def shown(name: str, language: str) -> list[str]:
    """The blocks of a page in a language, in order."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_rule_that_is_shown_finds_what_is_said_to_be_wrong() -> None:
    rule, test = shown("add-a-rule.md", "python")
    (text,) = shown("add-a-rule.md", "markdown")
    module = ModuleType("pace")
    exec(compile(rule, "pace.py", "exec"), module.__dict__)  # noqa: S102 - a page of ours
    (finding,) = audit_document(read_markdown(text.encode(), "run.md"), known(), [module.steps])
    page = (FOLDER / "add-a-rule.md").read_text(encoding="utf-8")
    assert f"{finding.place.line} ✗ {finding.rule}: {finding.message}\n" in page
    assert f"the sum: {finding.formula} = 600 s" in page
    right = text.replace("300", "640")
    assert audit_document(read_markdown(right.encode(), "run.md"), known(), [module.steps]) == []
    compile(test, "test_pace.py", "exec")
