import os
import subprocess
from pathlib import Path

import pytest

from tests.image import fakes
from verify.errors import UsageError
from verify.image.recipe import EPOCH, OLDEST, recipe_of
from verify.image.source import source_digest
from verify.spec.lock import read_lock

PINNED = f"debian@sha256:{'ab' * 32}"


def test_the_arguments_name_base_lock_and_source_by_digest(project: Path) -> None:
    told = recipe_of(project, "cpu", PINNED, {}, None).arguments()
    assert told["BASE_IMAGE"] == PINNED
    assert told["BASE_DIGEST"] == f"sha256:{'ab' * 32}"
    assert told["LOCK_DIGEST"] == f"sha256:{read_lock(project, 'linux-x86_64-cpu').digest}"
    assert told["SOURCE_DIGEST"] == f"sha256:{source_digest(project)}"


@pytest.mark.parametrize(("environment", "target"), [("cpu", "cpu"), ("cuda", "cuda")])
def test_an_environment_with_a_gpu_has_the_target_for_it(project: Path, environment: str, target: str) -> None:
    recipe = recipe_of(project, environment, PINNED, {}, None)
    assert (recipe.target, recipe.tag) == (target, f"localhost/llm-verify:{environment}")


def test_a_class_of_macs_has_no_image(project: Path) -> None:
    with pytest.raises(UsageError, match="images run Linux"):
        recipe_of(project, "m2", PINNED, {}, None)


@pytest.mark.parametrize("base", ["debian", "debian:bookworm", "debian@sha256:12", "", f"x y@sha256:{'ab' * 32}"])
def test_a_base_without_a_digest_is_refused(project: Path, tmp_path: Path, base: str) -> None:
    absent = fakes.engine(tmp_path, script="exit 1")
    for engine in (None, absent):
        with pytest.raises(UsageError, match="names no digest"):
            recipe_of(project, "cpu", base, {}, engine)


def test_a_base_of_the_engines_own_has_the_digest_that_the_engine_says(project: Path, tmp_path: Path) -> None:
    engine = fakes.engine(tmp_path, script=f"echo '{fakes.told_by_podman()}'")
    recipe = recipe_of(project, "cpu", "localhost/base:1", {}, engine)
    assert recipe.base_digest == f"sha256:{fakes.DIGEST}"


def test_the_callers_time_goes_before_that_of_the_last_commit(project: Path) -> None:
    assert recipe_of(project, "cpu", PINNED, {}, None).epoch == EPOCH
    committed = {"GIT_AUTHOR_DATE": "@1700000000 +0000", "GIT_COMMITTER_DATE": "@1700000000 +0000"}
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "x")):
        subprocess.run(["git", *who, *words], cwd=project, env={**os.environ, **committed}, check=True)
    assert recipe_of(project, "cpu", PINNED, dict(os.environ) | {"SOURCE_DATE_EPOCH": ""}, None).epoch == 1700000000
    assert recipe_of(project, "cpu", PINNED, {"SOURCE_DATE_EPOCH": str(OLDEST)}, None).epoch == OLDEST


@pytest.mark.parametrize("said", ["today", "-1", str(OLDEST - 1), "1e9"])
def test_a_time_that_no_wheel_can_have_is_refused(project: Path, said: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        recipe_of(project, "cpu", PINNED, {"SOURCE_DATE_EPOCH": said}, None)
