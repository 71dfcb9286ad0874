import os
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.image import fakes
from verify.errors import IntegrityError, VerifyError
from verify.image.build import Supply, build, build_words, pip_configuration, supplied
from verify.image.engine import Name
from verify.image.recipe import Recipe, recipe_of
from verify.spec.uv import Pip

ROOT = Path(__file__).resolve().parents[2]
PINNED = f"debian@sha256:{'ab' * 32}"


@pytest.fixture
def recipe(project: Path) -> Recipe:
    return recipe_of(project, "cpu", PINNED, {}, None)


def labels(recipe: Recipe, **others: str) -> dict[str, str]:
    return recipe.labels() | {name.replace("_", "."): value for name, value in others.items()}


@pytest.mark.parametrize("name", ["docker", "podman", "buildah"])
def test_every_engine_is_given_the_file_the_target_and_every_argument(recipe: Recipe, name: Name) -> None:
    words = build_words(name, recipe, Supply(), ("--network", "host"))
    line = " ".join(words)
    assert line.startswith(f"{name} build")
    assert "--file docker/Dockerfile --target cpu --tag localhost/llm-verify:cpu" in line
    assert all(f"--build-arg {key}={value}" in line for key, value in recipe.arguments().items())
    assert line.endswith("--network host .")
    assert "--secret" not in line


def test_every_argument_is_one_that_the_dockerfile_takes(recipe: Recipe) -> None:
    declared = set(re.findall(r"^ARG (\w+)", (ROOT / "docker/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(recipe.arguments()) == declared


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_engines_without_buildkit_are_told_the_time_and_keep_health_checks(recipe: Recipe, name: Name) -> None:
    line = " ".join(build_words(name, recipe, Supply()))
    assert f"--timestamp {recipe.epoch} --layers=false" in line
    assert "--format docker" in line


def test_what_the_machine_is_configured_to_is_mounted_and_no_argument(recipe: Recipe, tmp_path: Path) -> None:
    supply = Supply(tmp_path / "pip.conf", tmp_path / "ca.crt", tmp_path / "wheels")
    words = build_words("podman", recipe, supply)
    arguments = [value for word, value in pairwise(words) if word == "--build-arg"]
    assert not any(str(tmp_path) in value for value in arguments)
    line = " ".join(words)
    assert f"--secret id=pip,src={tmp_path}/pip.conf --secret id=certificates,src={tmp_path}/ca.crt" in line
    assert f"--build-context wheels={tmp_path}/wheels" in line


def test_a_folder_with_a_wheel_of_the_lock_is_given_and_another_is_not(
    project: Path, recipe: Recipe, tmp_path: Path
) -> None:
    useful, other = tmp_path / "useful", tmp_path / "other"
    for folder, wheel in (
        (useful, "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"),
        (other, "x-1-py3-any.whl"),
    ):
        folder.mkdir()
        (folder / wheel).touch()
    fakes.put(tmp_path, "python3", f"echo \"global.find-links='{other} {useful}'\"")
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SSL_CERT_FILE": sys.executable}
    with supplied(project, recipe, environ) as supply:
        assert supply.wheels == useful
        assert supply.certificates == Path(sys.executable)
        assert supply.pip is not None
        assert supply.pip.read_text() == "[global]\nfind-links = /wheels\ncert = /etc/ssl/certs/ca-certificates.crt\n"
        kept = supply.pip
    assert not kept.exists()


def test_a_machine_where_pip_is_as_it_comes_needs_no_configuration() -> None:
    assert pip_configuration(Pip((), {}), wheels=False, certificates=False) == ""
    configured = Pip(("https://example.org/wheels", "/here", "file:///there"), {"UV_DEFAULT_INDEX": "https://x.org/a"})
    text = "[global]\nindex-url = https://x.org/a\nfind-links = https://example.org/wheels\n"
    assert pip_configuration(configured, wheels=False, certificates=False) == text


def test_a_built_image_that_says_what_it_was_built_from_is_taken(project: Path, recipe: Recipe, tmp_path: Path) -> None:
    told = fakes.told_by_podman(**labels(recipe))
    engine = fakes.engine(tmp_path, script=f"[ $1 = build ] || cat <<'E'\n{told}\nE")
    assert build(project, engine, recipe).digest == f"sha256:{fakes.DIGEST}"
    assert [line.split()[1] for line in fakes.asked(tmp_path)] == ["build", "image"]


@pytest.mark.parametrize("label", ["llm-verify.lock.digest", "llm-verify.source.digest", "llm-verify.environment"])
def test_an_image_that_says_otherwise_is_refused(project: Path, recipe: Recipe, tmp_path: Path, label: str) -> None:
    told = fakes.told_by_podman(**{**labels(recipe), label: "sha256:" + "0" * 64})
    engine = fakes.engine(tmp_path, script=f"[ $1 = build ] || cat <<'E'\n{told}\nE")
    with pytest.raises(IntegrityError, match=label):
        build(project, engine, recipe)


def test_a_build_that_fails_says_what_the_engine_said_last(
    project: Path, recipe: Recipe, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = fakes.engine(tmp_path, script="echo STEP 1 >&2; echo 'error: no space' >&2; exit 125")
    with pytest.raises(VerifyError, match="podman could not build localhost/llm-verify:cpu: error: no space"):
        build(project, engine, recipe)
    assert "STEP 1" in capfd.readouterr().err
