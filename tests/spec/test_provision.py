import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from verify.errors import Exit, IntegrityError, StorageError, UsageError, VerifyError
from verify.spec.builds import live_build, setting_up, stamp_of, without_runs
from verify.spec.interpreter import with_hub, worker_variables
from verify.spec.lock import LockedPackage, format_packages, read_lock
from verify.spec.platform import load_platform
from verify.spec.provision import Provisioned, interpreter_of, provision, steps

Relock = Callable[..., bytes]
NEWER = (LockedPackage("numpy", "3.0", ("e" * 64,)), LockedPackage("torch", "2.0", ("f" * 64,)))
EVENTS = {"open", "os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "subprocess.Popen", "fcntl.flock"}


@pytest.fixture
def relock(project: Path) -> Relock:
    """Write another lock for the same platform."""
    from hashlib import sha256

    from verify.spec.lock import format_lock

    def write(root: Path = project, packages: tuple[LockedPackage, ...] = NEWER) -> bytes:
        source = sha256((root / "envs" / "platforms" / "box.toml").read_bytes()).hexdigest()
        data = format_lock("box", source, packages)
        (root / "lockfiles" / "box.txt").write_bytes(data)
        return data

    return write


def set_up(root: Path, environ: Mapping[str, str], *, recreate: bool = False) -> Provisioned:
    return provision(root, "box", environ=environ, report=lambda _: None, recreate=recreate)


def calls(environ: Mapping[str, str]) -> list[str]:
    log = Path(environ["FAKE_LOG"])
    return log.read_text().splitlines() if log.exists() else []


def installed(build: Path | None) -> str:
    assert build is not None
    return (build / "installed.txt").read_text()


def test_a_set_up_installs_the_lock_with_hashes_and_wheels_only(project: Path, environ: Mapping[str, str]) -> None:
    lines: list[str] = []
    made = provision(project, "box", environ=environ, report=lines.append)
    venv, install = calls(environ)
    assert made.status == "built"
    assert "--python 3.11" in venv
    for flag in ("--require-hashes", "--only-binary=:all:", "--no-deps", "--compile-bytecode", "(copy)"):
        assert flag in install
    assert installed(live_build(project, "box")) == format_packages(read_lock(project, "box").packages)
    assert lines == ["building box: Python 3.11, 2 packages of lockfiles/box.txt"]


def test_a_second_set_up_calls_nothing(project: Path, environ: Mapping[str, str]) -> None:
    first = set_up(project, environ)
    before = calls(environ)
    second = set_up(project, {**environ, "FAKE_UV": "odd"})
    assert (second.status, second.interpreter) == ("unchanged", first.interpreter)
    assert calls(environ) == before


def test_a_changed_lock_a_changed_platform_and_a_wish_all_build_again(
    project: Path, environ: Mapping[str, str], relock: Relock
) -> None:
    set_up(project, environ)
    relock()
    assert set_up(project, environ).status == "built"
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text().replace('"A box"', '"Another box"'))
    relock()
    assert set_up(project, environ).status == "built"
    assert set_up(project, environ, recreate=True).status == "built"
    assert set_up(project, environ).status == "unchanged"


def test_an_environment_whose_python_is_gone_is_built_again(project: Path, environ: Mapping[str, str]) -> None:
    set_up(project, environ).interpreter.unlink()
    assert set_up(project, environ).status == "built"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("wrong-hash", (IntegrityError, "Hash mismatch")),
        ("full", (StorageError, "No space left")),
        ("dead", (VerifyError, "dns error")),
        ("no-python", (VerifyError, "No interpreter found")),
        ("odd", (VerifyError, "uv ended with status 7")),
    ],
)
def test_a_failed_set_up_leaves_the_old_environment_and_nothing_else(
    project: Path,
    environ: Mapping[str, str],
    relock: Relock,
    fault: str,
    expected: tuple[type[VerifyError], str],
) -> None:
    kind, said = expected
    set_up(project, environ)
    old = live_build(project, "box")
    before = installed(old)
    relock()
    with pytest.raises(kind) as caught:
        set_up(project, {**environ, "FAKE_UV": fault})
    assert said in caught.value.message
    assert caught.value.exit == kind.exit
    assert live_build(project, "box") == old
    assert installed(old) == before
    assert [path.name for path in (project / ".environments" / "builds").iterdir()] == [old.name if old else ""]


def test_a_disk_that_is_too_full_is_found_first(project: Path, environ: Mapping[str, str], relock: Relock) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text().replace("0.001", "9999"))
    relock()
    with pytest.raises(StorageError, match="needs 9999 GB"):
        set_up(project, environ)
    assert calls(environ) == []


def test_two_set_ups_at_once_do_not_meet(project: Path, environ: Mapping[str, str]) -> None:
    with setting_up(project), pytest.raises(VerifyError, match="another set-up") as caught:
        set_up(project, environ)
    assert caught.value.exit == Exit.COULD_NOT_RUN


def test_the_lock_of_a_dead_set_up_is_free(project: Path, environ: Mapping[str, str]) -> None:
    program = "import sys, time; from pathlib import Path; from verify.spec.builds import setting_up\n"
    program += f"with setting_up(Path({str(project)!r})): print('held', flush=True); time.sleep(60)"
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(VerifyError, match="another set-up"):
            set_up(project, environ)
        holder.kill()
    assert set_up(project, environ).status == "built"


def dies_at(number: int, root: Path, environ: Mapping[str, str]) -> bool:
    """Set up in a child that is killed at the n-th thing it does to the system; say whether it was."""
    child = os.fork()
    if child == 0:
        seen = 0

        def audit(event: str, _: tuple[object, ...]) -> None:
            nonlocal seen
            seen += event in EVENTS
            if event in EVENTS and seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        set_up(root, environ)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_at_any_moment_the_old_environment_or_the_new_one_is_there_whole(
    project: Path, environ: Mapping[str, str], relock: Relock, tmp_path: Path
) -> None:
    set_up(project, environ)
    old_digest, new_digest = read_lock(project, "box").digest, ""
    number, killed, seen = 0, True, set()
    while killed:
        number += 1
        root = tmp_path / f"at {number}"
        shutil.copytree(project, root, symlinks=True)
        relock(root)
        new_digest = read_lock(root, "box").digest
        killed = dies_at(number, root, environ)
        build = live_build(root, "box")
        stamp = stamp_of(build) if build else None
        assert stamp is not None
        assert stamp.lock_digest in {old_digest, new_digest}
        assert installed(build).startswith(("numpy==2.0", "numpy==3.0"))
        assert installed(build).startswith("numpy==3.0") == (stamp.lock_digest == new_digest)
        seen.add(stamp.lock_digest)
        set_up(root, environ)
        assert stamp_of(live_build(root, "box") or root) == stamp_of(root / ".environments" / "box")
        assert interpreter_of(root, None, environ=environ).lock_digest == new_digest
        shutil.rmtree(root)
    assert seen == {old_digest, new_digest}
    assert number > 20


def test_interrupting_the_keyboard_way_cleans_up(project: Path, environ: Mapping[str, str]) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provision(project, "box", environ=environ, report=interrupt)
    assert list((project / ".environments" / "builds").iterdir()) == []


def outside(project: Path, relock: Relock) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text() + '[[indexes]]\nurl = "https://wheels.invalid/cpu"\npackages = ["torch"]\n')
    relock(packages=NEWER)


def test_a_package_with_an_index_of_its_own_comes_from_there_alone(
    project: Path, environ: Mapping[str, str], relock: Relock
) -> None:
    outside(project, relock)
    set_up(project, environ)
    _, first, second = calls(environ)
    assert "--default-index" not in first
    assert "--default-index https://wheels.invalid/cpu" in second
    assert installed(live_build(project, "box")) == format_packages(NEWER[1:])
    assert ("--compile-bytecode" in first, "--compile-bytecode" in second) == (False, True)


def test_an_index_is_not_asked_for_a_wheel_that_is_at_hand(project: Path, relock: Relock, tmp_path: Path) -> None:
    outside(project, relock)
    platform, lock = load_platform(project, "box"), read_lock(project, "box")
    assert [step.index for step in steps(platform, lock, [])] == [None, "https://wheels.invalid/cpu"]
    (tmp_path / "torch-2.0-cp311-cp311-linux_x86_64.whl").touch()
    (only,) = steps(platform, lock, [str(tmp_path)])
    assert (only.index, only.packages) == (None, NEWER)


def test_the_interpreter_sees_an_exact_environment(project: Path, environ: Mapping[str, str]) -> None:
    set_up(project, environ)
    shell = {**environ, "HOME": "/h", "PYTHONDONTWRITEBYTECODE": "1", "HF_TOKEN": "x", "OMP_NUM_THREADS": "1"}
    found = interpreter_of(project, None, environ=shell)
    assert (found.environment, found.platform) == ("box", "box")
    assert found.python == live_build(project, "box") / "bin" / "python"  # type: ignore[operator]
    variables = found.environment_variables
    assert variables["HOME"] == "/h"
    assert variables["HF_HUB_OFFLINE"] == variables["TRANSFORMERS_OFFLINE"] == "1"
    assert variables["PATH"].startswith(str(found.python.parent))
    assert not {"PYTHONDONTWRITEBYTECODE", "HF_TOKEN", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"} & variables.keys()


@pytest.mark.parametrize("name", [None, "box"])
def test_without_a_set_up_the_way_to_one_is_told(project: Path, name: str | None) -> None:
    with pytest.raises(UsageError, match="set up") as caught:
        interpreter_of(project, name, environ={})
    assert "./noxw -s setup" in caught.value.hint


def test_an_environment_that_the_lock_left_behind_is_refused(
    project: Path, environ: Mapping[str, str], relock: Relock
) -> None:
    set_up(project, environ)
    relock()
    with pytest.raises(UsageError, match=r"lockfiles/box\.txt has changed since `box` was set up"):
        interpreter_of(project, None, environ=environ)


def test_a_build_without_its_stamp_is_not_whole(project: Path, environ: Mapping[str, str]) -> None:
    build = set_up(project, environ).interpreter.parents[1]
    (build / "verify-stamp.json").write_text(json.dumps({"platform": "box"}))
    with pytest.raises(UsageError, match="not whole"):
        interpreter_of(project, "box", environ=environ)
    assert set_up(project, environ).status == "built"


def test_a_run_in_progress_keeps_its_build(project: Path, environ: Mapping[str, str], relock: Relock) -> None:
    set_up(project, environ)
    relock()
    set_up(project, environ)
    builds = project / ".environments" / "builds"
    both = sorted(builds.iterdir())
    with without_runs(project):
        assert set_up(project, environ).status == "unchanged"
        with pytest.raises(VerifyError, match="a run of this project is in progress"):
            set_up(project, environ, recreate=True)
        assert sorted(builds.iterdir()) == both
    assert set_up(project, environ).status == "unchanged"
    assert list(builds.iterdir()) == [live_build(project, "box")]


def test_a_broken_platform_is_named_rather_than_its_lock(project: Path, environ: Mapping[str, str]) -> None:
    set_up(project, environ)
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text("title = \n" + path.read_text())
    with pytest.raises(UsageError, match=r"envs/platforms/box\.toml:1: is not TOML"):
        interpreter_of(project, None, environ=environ)


def test_an_unknown_name_gets_no_session_of_its_own(project: Path) -> None:
    with pytest.raises(UsageError, match=r"no environment `\.\./\.\./etc`") as caught:
        interpreter_of(project, "../../etc", environ={})
    assert caught.value.hint == "choose one of box"


def test_work_of_a_users_own_may_ask_the_hub_as_the_users_shell_does(project: Path) -> None:
    build = project / "build"
    shell = {"HOME": "/h", "HF_TOKEN": "secret", "HTTPS_PROXY": "proxy", "PYTHONPATH": "/elsewhere"}
    variables = with_hub(worker_variables(build, shell), shell)
    assert (variables["HF_TOKEN"], variables["HTTPS_PROXY"]) == ("secret", "proxy")
    assert not {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "PYTHONPATH"} & set(variables)
    assert with_hub(variables, {"HF_HUB_OFFLINE": "1"})["HF_HUB_OFFLINE"] == "1"
