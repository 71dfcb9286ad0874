import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.spec.test_provision import EVENTS, NEWER, calls, installed, set_up
from verify.errors import IntegrityError, StorageError, UsageError, VerifyError
from verify.run.exclusive import alone
from verify.spec.builds import SLOTS, Slot, current_environment, live_build, setting_up, stamp_of, vacate
from verify.spec.candidate import candidate_path, read_foreign
from verify.spec.environment import RESERVED, load_environment
from verify.spec.lock import Lock, format_lock, format_packages, read_lock
from verify.spec.platform import load_platform
from verify.spec.provision import provision_lock


def candidate(root: Path) -> Lock:
    path = candidate_path(root, "box")
    path.write_bytes(format_lock("box", load_platform(root, "box").digest, NEWER))
    return read_foreign(root, path, "box")


def aside(root: Path, environ: Mapping[str, str], lock: Lock, slot: Slot = "gate-new") -> Path:
    platform = load_platform(root, "box")
    return provision_lock(root, slot, platform, lock, environ=environ, report=lambda _: None)


def environments(root: Path) -> dict[str, str]:
    """What the links and the file of the last name say, without the slots."""
    home = root / ".environments"
    links = {link.name: str(link.readlink()) for link in home.iterdir() if link.is_symlink()}
    return {name: to for name, to in links.items() if name.strip(".").removesuffix(".new") not in SLOTS} | {
        "": str(current_environment(root))
    }


def test_a_candidate_is_built_aside_and_every_environment_stays(project: Path, environ: Mapping[str, str]) -> None:
    set_up(project, environ)
    before = environments(project)
    lines: list[str] = []
    lock, platform = candidate(project), load_platform(project, "box")
    build = provision_lock(project, "gate-new", platform, lock, environ=environ, report=lines.append)
    assert installed(build) == format_packages(NEWER)
    assert live_build(project, "gate-new") == build
    stamp = stamp_of(build)
    assert stamp is not None
    assert (stamp.lock_digest, stamp.platform_digest) == (lock.digest, platform.digest)
    assert environments(project) == before
    assert lines == ["building gate-new: Python 3.11, 2 packages of lockfiles/box.candidate.txt"]


def test_a_candidate_is_installed_in_the_way_of_an_environment(project: Path, environ: Mapping[str, str]) -> None:
    set_up(project, environ)
    set_up_calls = calls(environ)
    aside(project, environ, read_lock(project, "box"))
    aside_calls = calls(environ)[len(set_up_calls) :]
    build = "gate-new"
    assert [line.replace(build, "box") for line in aside_calls] == set_up_calls


def test_a_slot_that_holds_the_lock_is_used_again_and_another_lock_replaces_it(
    project: Path, environ: Mapping[str, str]
) -> None:
    first = aside(project, environ, read_lock(project, "box"))
    assert aside(project, {**environ, "FAKE_UV": "odd"}, read_lock(project, "box")) == first
    second = aside(project, environ, candidate(project))
    third = aside(project, environ, read_lock(project, "box"), "gate-mix")
    assert live_build(project, "gate-new") == second
    assert installed(second) != installed(third)
    assert not first.exists()


def test_who_holds_the_lock_of_runs_builds_aside_and_no_set_up_comes_between(
    project: Path, environ: Mapping[str, str]
) -> None:
    set_up(project, environ)
    lock = candidate(project)
    with alone(project / ".environments" / "run"):
        build = aside(project, environ, lock)
        with pytest.raises(VerifyError, match="a run of this project is in progress"):
            set_up(project, environ, recreate=True)
        with setting_up(project), pytest.raises(VerifyError, match="another set-up"):
            aside(project, environ, lock)
        assert live_build(project, "gate-new") == build


def test_a_later_set_up_leaves_the_slots(project: Path, environ: Mapping[str, str]) -> None:
    build = aside(project, environ, candidate(project))
    set_up(project, environ)
    set_up(project, environ, recreate=True)
    assert live_build(project, "gate-new") == build


@pytest.mark.parametrize(
    ("fault", "kind"), [("wrong-hash", IntegrityError), ("full", StorageError), ("no-python", VerifyError)]
)
def test_what_fails_leaves_the_old_build_in_its_slot_and_nothing_else(
    project: Path, environ: Mapping[str, str], fault: str, kind: type[VerifyError]
) -> None:
    old = aside(project, environ, read_lock(project, "box"))
    with pytest.raises(kind):
        aside(project, {**environ, "FAKE_UV": fault}, candidate(project))
    assert live_build(project, "gate-new") == old
    assert list((project / ".environments" / "builds").iterdir()) == [old]


def test_interrupting_the_keyboard_way_leaves_the_old_build(project: Path, environ: Mapping[str, str]) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    old = aside(project, environ, read_lock(project, "box"))
    lock, platform = candidate(project), load_platform(project, "box")
    with pytest.raises(KeyboardInterrupt):
        provision_lock(project, "gate-new", platform, lock, environ=environ, report=interrupt)
    assert live_build(project, "gate-new") == old
    assert list((project / ".environments" / "builds").iterdir()) == [old]


def dies_at(number: int, root: Path, environ: Mapping[str, str], lock: Lock) -> bool:
    """Build aside in a child that is killed at the n-th thing it does to the system; say whether it was."""
    child = os.fork()
    if child == 0:
        seen = 0

        def audit(event: str, _: tuple[object, ...]) -> None:
            nonlocal seen
            seen += event in EVENTS
            if event in EVENTS and seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        aside(root, environ, lock)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_at_any_moment_the_old_build_or_the_new_one_is_whole(
    project: Path, environ: Mapping[str, str], tmp_path: Path
) -> None:
    set_up(project, environ)
    aside(project, environ, read_lock(project, "box"))
    before, old_digest = environments(project), read_lock(project, "box").digest
    number, killed, seen = 0, True, set()
    while killed:
        number += 1
        root = tmp_path / f"at {number}"
        shutil.copytree(project, root, symlinks=True)
        lock = candidate(root)
        killed = dies_at(number, root, environ, lock)
        build = live_build(root, "gate-new")
        stamp = stamp_of(build) if build else None
        assert stamp is not None
        assert stamp.lock_digest in {old_digest, lock.digest}
        assert installed(build).startswith("numpy==3.0") == (stamp.lock_digest == lock.digest)
        seen.add(stamp.lock_digest)
        assert environments(root) == before
        assert installed(aside(root, environ, lock)) == format_packages(NEWER)
        shutil.rmtree(root)
    assert seen == {old_digest, lock.digest}
    assert number > 15


def test_a_vacated_slot_gives_its_room_back(project: Path, environ: Mapping[str, str]) -> None:
    set_up(project, environ)
    build = aside(project, environ, candidate(project))
    before = environments(project)
    vacate(project, "gate-new")
    vacate(project, "gate-new")
    assert not build.exists()
    assert live_build(project, "gate-new") is None
    assert environments(project) == before
    assert live_build(project, "box")


def test_no_environment_has_the_name_of_a_slot(project: Path) -> None:
    assert SLOTS < RESERVED
    (project / "envs" / "box.toml").rename(project / "envs" / "gate-now.toml")
    with pytest.raises(UsageError, match="set-up needs itself"):
        load_environment(project, "gate-now")
