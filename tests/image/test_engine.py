import os
from pathlib import Path

import pytest

from tests.image import fakes
from verify.errors import UsageError, VerifyError
from verify.image.engine import Image, Name, find_engine, find_image


def surroundings(folder: Path) -> dict[str, str]:
    """An environment in which only the fakes are installed, and what a shell script calls."""
    for tool in ("sh", "echo", "cat"):
        path = folder / tool
        if not path.exists():
            path.symlink_to(Path("/bin") / tool)
    return {**os.environ, "PATH": str(folder)}


@pytest.mark.parametrize(
    ("there", "chosen"), [("docker podman buildah", "docker"), ("podman buildah", "podman"), ("buildah", "buildah")]
)
def test_the_first_engine_that_is_there_is_used(tmp_path: Path, there: str, chosen: Name) -> None:
    for name in there.split():
        fakes.put(tmp_path, name, "exit 0")
    assert find_engine(surroundings(tmp_path)).name == chosen


@pytest.mark.parametrize("lacks", ["info", "buildx version"])
def test_docker_without_its_daemon_or_without_buildkit_is_passed_over(tmp_path: Path, lacks: str) -> None:
    fakes.put(tmp_path, "docker", f'[ "$*" != "{lacks}" ]')
    fakes.put(tmp_path, "podman", "exit 0")
    assert find_engine(surroundings(tmp_path)).name == "podman"


def test_the_engine_that_is_named_is_used_or_nothing(tmp_path: Path) -> None:
    fakes.put(tmp_path, "docker", "exit 0")
    assert find_engine(surroundings(tmp_path), "docker").name == "docker"
    with pytest.raises(VerifyError, match="podman does not answer") as error:
        find_engine(surroundings(tmp_path), "podman")
    assert error.value.exit == 3


def test_without_an_engine_it_says_which_to_install(tmp_path: Path) -> None:
    with pytest.raises(VerifyError) as error:
        find_engine(surroundings(tmp_path))
    assert "podman" in error.value.hint


def test_buildah_is_not_asked_to_run_a_container(tmp_path: Path) -> None:
    fakes.put(tmp_path, "buildah", "exit 0")
    with pytest.raises(VerifyError, match="no engine"):
        find_engine(surroundings(tmp_path), running=True)
    with pytest.raises(UsageError, match="runs no containers"):
        find_engine(surroundings(tmp_path), "buildah", running=True)


@pytest.mark.parametrize(("name", "told"), [("docker", "podman"), ("podman", "podman"), ("buildah", "buildah")])
def test_an_image_is_read_from_what_each_engine_says(tmp_path: Path, name: Name, told: str) -> None:
    text = fakes.told_by_podman(a="b") if told == "podman" else fakes.told_by_buildah(a="b")
    found = find_image(fakes.engine(tmp_path, name, f"cat <<'E'\n{text}\nE"), "x")
    assert found is not None
    assert (found.digest, found.labels, found.user) == (f"sha256:{fakes.DIGEST}", {"a": "b"}, "10001:10001")


def test_an_image_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert find_image(fakes.engine(tmp_path, script="exit 1"), "x") is None


@pytest.mark.parametrize("text", ["", "[]", "[{}]", "{}", "null"])
def test_an_engine_that_says_something_else_is_an_error_of_two_lines(tmp_path: Path, text: str) -> None:
    with pytest.raises(VerifyError, match="cannot be read"):
        find_image(fakes.engine(tmp_path, script=f"echo '{text}'"), "x")


def test_an_image_without_labels_has_none(tmp_path: Path) -> None:
    bare = '[{"Id": "sha256:' + fakes.DIGEST + '", "Config": null}]'
    found = find_image(fakes.engine(tmp_path, script=f"echo '{bare}'"), "x")
    assert found == Image(f"sha256:{fakes.DIGEST}", {}, "", ())
