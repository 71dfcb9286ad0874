"""A known issue excuses exactly what it says."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from tests.examples import ROOT
from verify.judge.known_issues import Entry, KnownIssues, applying, known_issue, within
from verify.report.fields import Device
from verify.report.v1 import Package

TOML = """
[[issues]]
id = "mps-quantize"
check = "quantization.*"
environments = ["m1", "m2"]
devices = ["mps"]
packages = { torch = ">=2.9,<2.12", Foo_Bar = "==1.0" }
reason = "not implemented"
link = "https://example.org/1"
expires = 2026-12-31
"""
INSTALLED = (Package(name="torch", version="2.10.0"), Package(name="foo-bar", version="1.0.0"))


def entries(**changes: Any) -> tuple[Entry, ...]:
    """The entry above, changed."""
    data = tomllib.loads(TOML)
    data["issues"][0].update(changes)
    return KnownIssues.model_validate(data).issues


def found(
    check: str = "quantization.int8",
    device: Device | None = "mps",
    environment: str = "m2",
    packages: tuple[Package, ...] = INSTALLED,
    **changes: Any,
) -> str | None:
    """The known issue that is written beside a result."""
    issue = known_issue(entries(**changes), check, device, environment, packages)
    return issue.expires if issue else None


def test_what_it_describes_is_annotated() -> None:
    assert found() == "2026-12-31"
    assert [issue.id for issue in applying(entries(), "m2", INSTALLED)] == ["mps-quantize"]


def test_what_it_does_not_describe_is_not() -> None:
    assert found(check="quantisation.int8") is None
    assert found(device="cpu") is None
    assert found(device=None) is None
    assert found(environment="m4") is None
    assert found(packages=INSTALLED[:1]) is None
    assert found(packages=(*INSTALLED[1:], Package(name="torch", version="2.12.0"))) is None
    assert applying(entries(), "m4", INSTALLED) == ()


def test_what_is_left_out_does_not_matter() -> None:
    anywhere = entries(devices=[], packages={})
    devices: tuple[Device | None, ...] = (None, "cpu")
    assert all(known_issue(anywhere, "quantization.int8", device, "m2", ()) for device in devices)
    assert found(environments=[], devices=[], environment="m4", device=None)


@pytest.mark.parametrize(
    ("version", "span", "expected"),
    [
        ("2.10.0", ">=2.9,<2.12", True),
        ("2.9", ">=2.9.0", True),
        ("2.10", "<2.9", False),
        ("2.12.0", "<2.12", False),
        ("2.10.0+cpu", "==2.10", True),
        ("2.10.0rc1", "<=2.10", True),
        ("3", ">2.99", True),
        ("unknown", ">=1", False),
    ],
)
def test_ranges_compare_releases_by_number(version: str, span: str, expected: bool) -> None:
    assert within(version, span) is expected


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"devices": ["tpu"]},
        {"expires": "soon"},
        {"expires": "2026-02-30"},
        {"link": "http://example.org"},
        {"link": "javascript:alert(1)"},
        {"packages": {"torch": "2.9"}},
        {"packages": {"torch": "~=2.9"}},
        {"reason": ""},
        {"id": "Has Blanks"},
        {"environments": [], "devices": [], "packages": {}},
        *(
            {"check": check}
            for check in ("*", "*.*", "quant*", "quantization.int*", "quantization", "a.b[mps]", "a.*b")
        ),
        *({"check": check} for check in ("installed.*", "installed.is_the_lock", "devices.*", "devices.computes")),
    ],
)
def test_an_entry_that_is_wrong_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        entries(**changes)


def test_the_policy_of_the_project_can_be_read() -> None:
    text = (ROOT / "policy/known-issues.toml").read_text(encoding="utf-8")
    assert KnownIssues.model_validate(tomllib.loads(text)).issues == ()
    shown = "\n".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and " = " in line)
    assert KnownIssues.model_validate(tomllib.loads("[[issues]]\n" + shown)).issues
