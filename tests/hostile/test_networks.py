"""Networks that are not there, or lie (faults 63 and 65); with the real uv, and no network but loopback."""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import psutil
import pytest

from tests.hostile.indexes import DIGESTS, DRIPPING, MISBEHAVING, SOUND, served
from tests.spec.conftest import ENVIRONMENT, PLATFORM
from verify.errors import Exit, UsageError, VerifyError
from verify.spec.builds import live_build
from verify.spec.lock import LockedPackage, format_lock
from verify.spec.provision import provision
from verify.spec.uv import find_uv

NOTHING = (LockedPackage("nothing", "1.0", DIGESTS),)
# Of what uv waits for, with its one further try; what is here takes a second when all is well.
MOST_SECONDS = 60


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose lock holds one package."""
    root = tmp_path / "project"
    (root / "envs/platforms").mkdir(parents=True)
    (root / "lockfiles").mkdir()
    (root / "envs/box.toml").write_text(ENVIRONMENT)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    platform = PLATFORM.replace('"torch==2.0", "numpy"', '"nothing"').replace('"3.11"', f'"{python}"')
    (root / "envs/platforms/box.toml").write_text(platform)
    _lock(root, NOTHING)
    return root


def _lock(root: Path, packages: tuple[LockedPackage, ...]) -> None:
    source = sha256((root / "envs/platforms/box.toml").read_bytes()).hexdigest()
    (root / "lockfiles/box.txt").write_bytes(format_lock("box", source, packages))


def _shell(index: str, tmp_path: Path) -> Mapping[str, str]:
    """Variables of a shell that knows one index, and has no time."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "VERIFY_UV": find_uv(os.environ),
        "UV_DEFAULT_INDEX": index,
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_HTTP_TIMEOUT": "1",
        "UV_HTTP_RETRIES": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }


@pytest.mark.parametrize("how", MISBEHAVING)
def test_an_index_that_misbehaves_is_given_up_and_nothing_changes(how: str, project: Path, tmp_path: Path) -> None:
    with served(SOUND) as index:
        provision(project, "box", environ=_shell(index, tmp_path), report=lambda _: None)
    before, builds = live_build(project, "box"), project / ".environments/builds"
    shutil.rmtree(tmp_path / "uv")
    start = time.monotonic()
    with served(MISBEHAVING[how]) as index, pytest.raises(VerifyError) as caught:
        provision(project, "box", environ=_shell(index, tmp_path), report=lambda _: None, recreate=True)
    assert time.monotonic() - start < MOST_SECONDS
    assert caught.value.exit in (Exit.COULD_NOT_RUN, Exit.INTEGRITY, Exit.INPUT_OUTPUT)
    assert "\n" not in caught.value.message + caught.value.hint
    assert live_build(project, "box") == before
    assert list(builds.iterdir()) == [before]


@pytest.mark.parametrize("how", DRIPPING)
def test_an_index_that_drips_for_ever_is_given_up_at_the_deadline(how: str, project: Path, tmp_path: Path) -> None:
    """Each byte comes within the time that uv waits for one; all of them never come."""
    with served(SOUND) as index:
        provision(project, "box", environ=_shell(index, tmp_path), report=lambda _: None)
    before, builds = live_build(project, "box"), project / ".environments/builds"
    shutil.rmtree(tmp_path / "uv")
    short = {"VERIFY_UV_MINUTES": "0.05"}
    with served(DRIPPING[how]) as index, pytest.raises(VerifyError) as caught:
        provision(project, "box", environ={**_shell(index, tmp_path), **short}, report=lambda _: None, recreate=True)
    assert caught.value.exit == Exit.COULD_NOT_RUN
    assert "uv was not done within 0.05 minutes" in caught.value.message
    assert "VERIFY_UV_MINUTES" in caught.value.hint
    assert live_build(project, "box") == before
    assert list(builds.iterdir()) == [before]
    assert [child for child in psutil.Process().children(recursive=True) if "uv" in child.name()] == []
    with served(SOUND) as index:
        made = provision(project, "box", environ=_shell(index, tmp_path), report=lambda _: None, recreate=True)
    assert made.status == "built"


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "soon"])
def test_a_deadline_that_is_none_is_refused(minutes: str, project: Path, tmp_path: Path) -> None:
    environ = {**_shell("http://127.0.0.1:9/simple", tmp_path), "VERIFY_UV_MINUTES": minutes}
    with pytest.raises(UsageError, match=f"VERIFY_UV_MINUTES is `{minutes}`"):
        provision(project, "box", environ=environ, report=lambda _: None)
    assert live_build(project, "box") is None
