"""Set-up tells what is known to go wrong before it installs anything."""

import platform
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Verify
from verify.cli.setup import fitting, heed
from verify.errors import UsageError, VerifyError
from verify.spec.machine import Machine

ADVISORY = """
[[advisories]]
id = "{id}"
packages = {{ torch = ">=2" }}
severity = "{severity}"
reason = "it bites"
advice = "keep away"
link = "https://example.org/{id}"
"""


def advise(project: Path, **severities: str) -> None:
    """Give a project these advisories, which are about everything."""
    entries = [ADVISORY.format(id=name, severity=severity) for name, severity in severities.items()]
    (project / "policy" / "advisories.toml").write_text("".join(entries), encoding="utf-8")


def test_a_warning_is_told_and_stops_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    advise(project, dog="warn", cat="warn")
    heed(project, "cpu", despite=[], macos="")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "".join(
        f"warn: {name}: it bites\n    keep away\n    https://example.org/{name}\n" for name in ("dog", "cat")
    )


def test_a_refusal_stops_unless_it_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    advise(project, dog="refuse", cat="warn", cow="refuse")
    with pytest.raises(VerifyError) as error:
        heed(project, "cpu", despite=[], macos="")
    assert error.value.exit == 3
    assert "dog, cow" in error.value.message
    assert error.value.hint.endswith("verify setup cpu --despite dog --despite cow")
    with pytest.raises(VerifyError, match="cow"):
        heed(project, "cpu", despite=["dog"], macos="")
    heed(project, "cpu", despite=["cow", "dog"], macos="")
    assert capsys.readouterr().err.count("refuse: dog: it bites") == 3


def test_a_name_that_no_advisory_has_is_a_usage_error(project: Path) -> None:
    advise(project, dog="warn")
    with pytest.raises(UsageError) as error:
        heed(project, "cpu", despite=["dig"], macos="")
    assert error.value.hint == "did you mean `dog`?"
    with pytest.raises(UsageError) as error:
        heed(project, "cpu", despite=["elephant"], macos="")
    assert "policy/advisories.toml" in error.value.hint


def test_one_that_does_not_apply_any_more_may_still_be_named(project: Path) -> None:
    advise(project, dog="refuse")
    path = project / "policy" / "advisories.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(">=2", "<2"), encoding="utf-8")
    heed(project, "cpu", despite=["dog"], macos="")


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="sets up the class of Linux machines"
)
def test_a_refused_set_up_installs_nothing(project: Path, verify: Verify) -> None:
    advise(project, dog="refuse")
    shutil.rmtree(project / ".environments", ignore_errors=True)
    ended = verify("setup", "cpu", VERIFY_UV="/nowhere/uv")
    assert ended.returncode == 3
    assert ended.stderr.index("refuse: dog: it bites") < ended.stderr.index("is not set up")
    assert "--despite dog" in ended.stderr
    assert not (project / ".environments").exists()
    insisted = verify("setup", "cpu", "--despite", "dog", VERIFY_UV="/nowhere/uv")
    assert "is not set up" not in insisted.stderr
    assert insisted.returncode != 0


def test_an_image_for_gpus_is_made_where_there_is_none(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    here = Machine("Linux", "x86_64", None, 2**30, has_nvidia=False)
    monkeypatch.setattr("verify.spec.machine.this_machine", lambda **_: here)
    with pytest.raises(UsageError, match="does not fit this machine"):
        fitting(project, "cuda")
    assert fitting(project, "cuda", for_image=True) == "cuda"


@pytest.mark.parametrize(("system", "arch"), [("Darwin", "arm64"), ("Linux", "aarch64")])
def test_what_cannot_be_installed_here_is_refused_for_images_too(
    monkeypatch: pytest.MonkeyPatch, project: Path, system: str, arch: str
) -> None:
    monkeypatch.setattr("verify.spec.machine.this_machine", lambda **_: Machine(system, arch, None, 2**36, False))
    with pytest.raises(UsageError, match="is for Linux on x86_64"):
        fitting(project, "cuda", for_image=True)
