import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Verify
from tests.image import fakes
from verify.image.seal import FILE
from verify.spec.lock import read_lock

PINNED = f"debian@sha256:{'ab' * 32}"


def path(folder: Path) -> str:
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture
def whole(project: Path) -> Path:
    """A project that holds a Dockerfile's worth of files."""
    for name in ("noxw", "noxfile.py", "pyproject.toml", "README.md", "LICENSE"):
        (project / name).touch()
    return project


def arguments(verify: Verify, name: str) -> dict[str, str]:
    told = verify("image", "arguments", name, "--base", PINNED).stdout
    return dict(line.split("=", 1) for line in told.splitlines())


def test_the_arguments_are_told_as_an_environment_file(verify: Verify, whole: Path) -> None:
    told = arguments(verify, "cpu")
    assert told["BASE_IMAGE"] == PINNED
    assert told["LOCK_DIGEST"] == f"sha256:{read_lock(whole, 'linux-x86_64-cpu').digest}"


def test_a_build_from_those_arguments_seals_itself_and_from_others_does_not(verify: Verify, whole: Path) -> None:
    told = arguments(verify, "cpu")
    claims = ["--lock", told["LOCK_DIGEST"], "--source", told["SOURCE_DIGEST"], "--base", told["BASE_DIGEST"]]
    assert verify("image", "seal", "cpu", *claims).returncode == 0
    assert json.loads((whole / FILE).read_text())["base"] == told["BASE_DIGEST"]
    other = verify("image", "seal", "cuda", *claims)
    assert other.returncode == 4
    assert "the lock in this image" in other.stderr


def test_an_image_is_built_on_the_base_that_is_named(verify: Verify, whole: Path, tmp_path: Path) -> None:
    told = arguments(verify, "cpu")
    labels = {
        "llm-verify.environment": "cpu",
        "llm-verify.lock.digest": told["LOCK_DIGEST"],
        "llm-verify.source.digest": told["SOURCE_DIGEST"],
    }
    fakes.put(tmp_path, "podman", f"[ $1 = image ] && cat <<'E'\n{fakes.told_by_podman(**labels)}\nE\nexit 0")
    words = ("image", "build", "cpu", "--base", PINNED, "--engine", "podman", "--with=--network=host")
    ended = verify(*words, PATH=path(tmp_path))
    assert (ended.returncode, ended.stdout) == (0, f"localhost/llm-verify:cpu sha256:{fakes.DIGEST}\n")
    built = next(line for line in fakes.asked(tmp_path) if line.startswith("podman build"))
    assert built.endswith("--network=host .")
    assert f"BASE_IMAGE={PINNED}" in built
    assert json.loads(verify(*words, "--json", PATH=path(tmp_path)).stdout)["digest"] == f"sha256:{fakes.DIGEST}"


def test_an_image_of_another_lock_is_not_run(verify: Verify, project: Path, tmp_path: Path) -> None:
    labels = {"llm-verify.lock.digest": "sha256:" + "0" * 64}
    fakes.put(tmp_path, "podman", f"[ $1 = image ] && cat <<'E'\n{fakes.told_by_podman(**labels)}\nE\nexit 0")
    ended = verify("image", "verify", "cpu", "--engine", "podman", PATH=path(tmp_path))
    assert ended.returncode == 4
    assert "built from another lock" in ended.stderr
    assert not any(line.startswith("podman run") for line in fakes.asked(tmp_path))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["build", "m2", "--base", PINNED, "--engine", "podman"], 2),
        (["build", "nowhere", "--base", PINNED, "--engine", "podman"], 2),
        (["build", "cpu", "--base", "debian:bookworm", "--engine", "podman"], 2),
        (["verify", "cpu", "--engine", "podman"], 2),
        (["verify", "cpu", "--engine", "buildah"], 2),
        (["arguments", "cpu"], 2),
        (["seal", "nowhere"], 2),
        ([], 2),
    ],
)
def test_what_cannot_be_built_is_an_error_without_a_traceback(
    verify: Verify, tmp_path: Path, words: list[str], code: int
) -> None:
    fakes.put(tmp_path, "podman", "[ $1 = info ]")
    ended = verify("image", *words, PATH=path(tmp_path))
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


def test_the_time_that_is_no_number_is_refused(verify: Verify) -> None:
    ended = verify("image", "arguments", "cpu", "--base", PINNED, SOURCE_DATE_EPOCH="today")
    assert ended.returncode == 2
    assert "SOURCE_DATE_EPOCH" in ended.stderr
