"""What docs/how-to/attest.md shows is so."""

import re
from pathlib import Path

import pytest

from tests.examples import ROOT
from tests.report.attest.signing import attestation, key, signer
from verify.report.attest.statement import CERTIFICATE_TYPE, Certificate, Predicate

PAGE = (ROOT / "docs/how-to/attest.md").read_text(encoding="utf-8")


def test_the_example_verifies_without_this_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ada = key()
    (tmp_path / "report.intoto.json").write_bytes(attestation(ada))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    known = {"report.intoto.json": str(tmp_path / "report.intoto.json")}
    known |= {"KEYID": signer(ada).keyid, "PUBLIC_KEY": signer(ada).public_key}
    for word, value in known.items():
        code = code.replace(f'"{word}"', repr(value))
    exec(compile(code, "docs/how-to/attest.md", "exec"), {})  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == "WARNED 2026-03-17T16:41:37Z\n"


def test_the_page_names_every_field_and_every_finding() -> None:
    named = set(re.findall(r"`([\w:.-]+)`", PAGE))
    fields = {field.alias or name for name, field in Predicate.model_fields.items()} - {"url"}
    assert fields | set(Certificate.model_fields) - {"type"} | {CERTIFICATE_TYPE} <= named
    sources = [*(ROOT / "verify/report/attest").glob("*.py"), ROOT / "verify/report/keys.py"]
    sources.append(ROOT / "verify/run/signatures.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    rules = set(re.findall(r'(?:doubt|Distrust)\("(\w+)"', text))
    assert len(rules) > 12
    assert {rule for rule in rules if f"signature.{rule}" not in named and f".{rule}" not in named} == set()
