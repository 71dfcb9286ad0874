"""Calls of the kernel that fail, or are the last (faults 37 to 41): each of them, one after the other."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path

import pytest

from tests.hostile.conftest import Project
from tests.hostile.failpoints import ERRORS, TRACEBACK, Call, Tried, require_strace, tried
from tests.hostile.kept import KEPT, Keeper
from tests.report import histories
from verify.errors import Exit
from verify.report.wholeness import verify_history

# What a call that fails may come to: it was of no consequence, it is told, or a program could not be started.
TOLD = {Exit.HOLDS, Exit.INPUT_OUTPUT, Exit.COULD_NOT_RUN}
ROOT = Path(__file__).resolve().parents[2]
# All errors at all calls take minutes: `./noxw -s faults` has them; the tests take one error a call, in turn.
EVERY = "EVERY_ERROR" in os.environ


@pytest.fixture(params=KEPT)
def keeper(request: pytest.FixtureRequest) -> Keeper:
    """Something that is kept."""
    require_strace()
    return KEPT[request.param]()


def _attempt(keeper: Keeper, before: Path, tamper: str | None) -> tuple[Path, Tried]:
    """Ask for the new content in a copy of what was before."""
    root = before.parent / "tried"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(before, root, symlinks=True)
    return root, tried(lambda: keeper.ask(root), before.parent / "streams", tamper)


def _calls(keeper: Keeper, before: Path) -> tuple[Call, ...]:
    """Every call that it takes when all is well."""
    keeper.prepare(before)
    # What it imports, it imports once, and not in what is counted.
    shutil.copytree(before, before.parent / "loaded", symlinks=True)
    assert keeper.ask(before.parent / "loaded") == Exit.HOLDS
    root, well = _attempt(keeper, before, None)
    assert well.code == Exit.HOLDS, well.said
    assert keeper.judge(root)
    assert len(well.calls) > 3
    return well.calls


def test_killed_at_any_call_of_the_kernel_what_is_kept_is_the_old_or_the_new(keeper: Keeper, tmp_path: Path) -> None:
    seen = set()
    for call in _calls(keeper, tmp_path / "before"):
        if call.reads:
            continue
        root, ended = _attempt(keeper, tmp_path / "before", f"{call.name}:signal=KILL:when={call.number}")
        assert ended.code == -signal.SIGKILL, (call, ended)
        seen.add(keeper.judge(root))
        keeper.settle(root)
    assert False in seen


def test_whatever_call_of_the_kernel_fails_it_is_said_and_nothing_is_mixed(keeper: Keeper, tmp_path: Path) -> None:
    told = 0
    calls = _calls(keeper, tmp_path / "before")
    for call, error in product(calls, ERRORS) if EVERY else zip(calls, cycle(ERRORS), strict=False):
        root, ended = _attempt(keeper, tmp_path / "before", f"{call.name}:error={error}:when={call.number}")
        assert ended.code in TOLD, (call, error, ended)
        assert "Traceback" not in ended.said
        told += _is_told(ended)
        assert keeper.judge(root) or ended.code != Exit.HOLDS
        keeper.settle(root)
    assert told


def _is_told(ended: Tried) -> bool:
    """Whether it ended with an error, which is two lines."""
    if ended.code == Exit.HOLDS:
        return False
    assert ended.code != TRACEBACK
    assert [line.partition(": ")[0] for line in ended.said.splitlines()[-2:]] == ["error", "hint"]
    return True


def test_a_sync_that_failed_is_not_asked_again(tmp_path: Path) -> None:
    require_strace()
    keeper = KEPT["a report"]()
    syncs = sum(call.name == "fsync" for call in _calls(keeper, tmp_path / "before"))
    for number in range(1, syncs + 1):
        _, ended = _attempt(keeper, tmp_path / "before", f"fsync:error=EIO:when={number}")
        assert ended.code == Exit.INPUT_OUTPUT
        assert "Input/output error" in ended.said
        # Of one that failed none follows that the same file would be asked of; the others were asked before.
        assert sum(call.name == "fsync" for call in ended.calls) == number


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A disk in memory, of our own; skipped where none can be had."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a disk of our own needs Linux and the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("full", ["size=512k", "size=700k", "size=1m"])
def test_a_small_disk_fills_and_keeps_what_it_had(full: str, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", full) as root:
        kept = _filled(root)
        assert [report.id for report in histories.whole(root)] == [f"{number:012x}" for number in range(kept)]
        assert [finding for finding in verify_history(root) if finding.severity == "error"] == []


def test_a_disk_without_inodes_refuses_in_words(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=64m,nr_inodes=24") as root:
        assert _filled(root) == len(histories.whole(root))


def _filled(root: Path) -> int:
    """How many reports a disk takes until it refuses in one line."""
    for number in range(1000):
        said = histories.refusal(root, number)
        if said is not None:
            assert "No space left on device" in said
            return number
    raise AssertionError("it never refused")


SHORT = """
import resource, sys
from verify.cli import main
import verify.cli.report, verify.cli.audit, verify.render.markdown, verify.judge.verdict
pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main.main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not hold a process to a limit of addresses")
@pytest.mark.parametrize("megabytes", [1, 4, 16])
def test_no_memory_is_told_in_words(megabytes: int, shared: Project, tmp_path: Path) -> None:
    (tmp_path / "large.json").write_bytes(b"[" + b'"x", ' * 3_000_000 + b"1]")
    for words in (("report", "show", str(tmp_path / "large.json")), ("audit", str(tmp_path / "large.json"))):
        line = [sys.executable, "-c", SHORT, str(megabytes * 2**20), "--root", str(shared.root), *words]
        end = subprocess.run(
            line, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120
        )
        assert "Traceback" not in end.stderr
        assert end.returncode in (Exit.INPUT_OUTPUT, Exit.INTEGRITY, Exit.COULD_NOT_RUN), end
        assert [said.partition(": ")[0] for said in end.stderr.splitlines()] == ["error", "hint"]
