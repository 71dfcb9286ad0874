"""A known issue excuses exactly what it says."""

import re
import shutil
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.examples import ROOT, draft, not_passed, policy, result
from verify.errors import UsageError
from verify.judge.known_issues import Entry, KnownIssues, applying, known_issue
from verify.judge.verdict import judge
from verify.probe.discover import find_checks
from verify.report.fields import Device
from verify.report.releases import within
from verify.report.v1 import Package
from verify.run.policies import known_issues
from verify.spec.environment import environment_names
from verify.spec.lock import read_lock
from verify.spec.platform import platform_names

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


def of_the_project() -> tuple[Entry, ...]:
    """The committed policy."""
    return known_issues(ROOT)


def test_two_entries_of_one_id_are_refused() -> None:
    (one,) = tomllib.loads(TOML)["issues"]
    with pytest.raises(ValidationError, match="mps-quantize is the id of two known issues"):
        KnownIssues.model_validate({"issues": [one, {**one, "check": "lora.*"}]})


def test_an_environment_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    (tmp_path / "policy").mkdir()
    policy_file = tmp_path / "policy/known-issues.toml"
    policy_file.write_text(TOML.replace('"m1", "m2"', '"cpu"'))
    assert [entry.environments for entry in known_issues(tmp_path)] == [("cpu",)]
    policy_file.write_text(TOML.replace('"m1", "m2"', '"cpu", "nonesuch"'))
    with pytest.raises(UsageError, match="mps-quantize: there is no environment `nonesuch`") as error:
        known_issues(tmp_path)
    assert "the environments are " in error.value.hint


def locked(platform: str) -> tuple[Package, ...]:
    """What a platform installs."""
    packages = read_lock(ROOT, platform).packages
    return tuple(Package(name=package.name, version=package.version) for package in packages)


def test_the_documented_entry_is_one() -> None:
    page = (ROOT / "docs/how-to/known-issues.md").read_text(encoding="utf-8")
    shown = [text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if text.startswith("[[issues]]")]
    assert [len(KnownIssues.model_validate(tomllib.loads(text)).issues) for text in shown] == [1]


def test_every_known_issue_of_the_project_is_of_a_check_that_exists_and_of_something_that_is_locked() -> None:
    checks = {check.id: check for check in find_checks()}
    everything = [locked(platform) for platform in platform_names(ROOT)]
    for entry in of_the_project():
        asked = [check for name, check in checks.items() if fnmatchcase(name, entry.check)]
        assert asked, f"{entry.id}: there is no check {entry.check}"
        assert all(set(entry.devices) <= set(check.terms.devices) for check in asked), entry.id
        environments = entry.environments or environment_names(ROOT)
        assert any(applying([entry], name, packages) for name in environments for packages in everything), entry.id


def test_no_known_issue_of_the_project_excuses_releases_that_nobody_has_tried() -> None:
    for entry in of_the_project():
        assert any(not within("9999", span) for span in entry.packages.values()), entry.id


@pytest.mark.parametrize(
    ("answer", "day", "value", "rule"),
    [
        (not_passed("failed", "error is 2 1, must be at most 1"), "2026-11-21", "conditional", "outcomes.known_issue"),
        (not_passed("failed", "error is 2 1, must be at most 1"), "2026-12-31", "conditional", "outcomes.known_issue"),
        ({}, "2026-11-21", "certified", "outcomes.fixed"),
        (not_passed("failed", "error"), "2027-01-01", "refused", "outcomes.known_issue_expired"),
        (not_passed("failed", "error"), "2025-12-29", "refused", "outcomes.known_issue_too_long"),
        (not_passed("skipped", "there is none"), "2026-11-21", "refused", "outcomes.skipped"),
    ],
)
def test_an_entry_excuses_until_it_is_fixed_or_expires(answer: dict[str, Any], day: str, value: str, rule: str) -> None:
    issue = known_issue(entries(), "quantization.int8", "mps", "m2", INSTALLED)
    assert issue is not None
    asked = result("quantization.int8", "mps", known_issue=issue.model_dump(), **answer)
    report = draft(results=[result("a.b"), asked], started=f"{day}T08:00:00Z", finished=f"{day}T09:00:00Z")
    verdict = judge(report, policy())
    told = [finding.rule for finding in verdict.findings if finding.rule.startswith("outcomes.")]
    assert (verdict.value, told) == (value, [rule])
