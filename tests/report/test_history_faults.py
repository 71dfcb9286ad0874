"""Whatever a disk, a signal or another writer does, the history stays whole."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import examples
from tests.report.histories import BrokenDisk, append, files, refusal, refusing, whole
from verify.errors import IntegrityError, StorageError
from verify.report import history
from verify.report.chain import verify_chain
from verify.report.read import read_report
from verify.report.v2 import Finding
from verify.report.wholeness import verify_history

# How many operations it takes to keep a report, at least.
OPERATIONS = 8


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EFBIG, errno.EACCES])
def test_whatever_the_disk_refuses_nothing_is_lost_or_half_written(tmp_path: Path, code: int) -> None:
    append(tmp_path, 1)
    kept = files(tmp_path)
    for at in range(1, 100):
        disk = BrokenDisk(at, refusing(code))
        said = refusal(tmp_path, 1 + at, disk)
        if said is None:
            break
        assert os.strerror(code) in said
        assert "\n" not in said
        whole(tmp_path)
        assert not _errors(tmp_path)
        if "link" not in disk.done[:-1]:
            assert files(tmp_path) == kept
        kept = files(tmp_path)
    assert at > OPERATIONS
    append(tmp_path, 999)
    whole(tmp_path)
    assert verify_history(tmp_path) == []
    assert not [name for name in files(tmp_path) if name.startswith(".")]


def _errors(root: Path) -> list[Finding]:
    return [finding for finding in verify_history(root) if finding.severity == "error"]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.report import histories as t
disk = t.BrokenDisk(int(sys.argv[2]), lambda name: os.kill(os.getpid(), signal.SIGKILL))
t.history.append(Path(sys.argv[1]), t.draft(int(sys.argv[2])), render=t.markdown.render, audit=t.fine, disk=disk)
"""


def python(program: str, *words: object) -> "subprocess.Popen[bytes]":
    """A process of its own that runs the program with our modules."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=examples.ROOT,
        env={"PYTHONPATH": str(examples.ROOT), "PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
    )


def test_killed_at_any_moment_the_history_is_whole_and_the_next_run_goes_on(tmp_path: Path) -> None:
    append(tmp_path, 999)
    for at in range(1, 100, 3):
        victims = [python(KILLED, tmp_path, at + more) for more in range(3)]
        codes = [victim.wait() for victim in victims]
        whole(tmp_path)
        assert not _errors(tmp_path)
        if 0 in codes:
            break
        assert set(codes) == {-signal.SIGKILL}
    assert at > OPERATIONS - 3
    append(tmp_path, 1000)
    whole(tmp_path)
    assert verify_history(tmp_path) == []
    assert not [name for name in files(tmp_path) if name.startswith(".")]


WRITER = """
import sys
import time
from pathlib import Path
from tests.report import histories as t
for number in range(int(sys.argv[3])):
    t.append(Path(sys.argv[1]), 1000 * int(sys.argv[2]) + number)
"""


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [python(WRITER, tmp_path, writer, 20) for writer in range(8)]
    while any(writer.poll() is None for writer in writers):
        # Who looks while others write sees a whole history too.
        assert verify_history(tmp_path) == []
        time.sleep(0.5)
    assert [writer.wait() for writer in writers] == [0] * 8
    reports = sorted(read_report(path, tmp_path).sequence for path in history.stored(tmp_path, "m2"))
    assert reports == list(range(1, 161))
    assert verify_chain([read_report(path, tmp_path) for path in history.stored(tmp_path, "m2")]) == []
    assert verify_history(tmp_path) == []


HOLDER = """
import fcntl, os, sys, time
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


def test_a_writer_that_was_killed_holding_the_lock_holds_it_no_more(tmp_path: Path) -> None:
    append(tmp_path)
    lock = tmp_path / "reports/m2" / history.LOCK
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        waiting = python(WRITER, tmp_path, 1, 1)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
    finally:
        holder.kill()
        holder.communicate()
    assert waiting.wait() == 0
    assert len(whole(tmp_path)) == 2


LIMITED = """
import resource, sys
from pathlib import Path
from tests.report import histories as t
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    t.append(Path(sys.argv[1]))
except t.StorageError as error:
    sys.exit(int(error.exit))
"""


def test_a_limit_of_file_size_is_a_refusal(tmp_path: Path) -> None:
    assert python(LIMITED, tmp_path).wait() == 5
    assert files(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_disk_that_keeps_nothing_is_found_before_the_long_checks(tmp_path: Path, code: int) -> None:
    history.preflight(tmp_path, "m2")
    assert files(tmp_path) == []
    for at in range(1, 5):
        with pytest.raises(StorageError, match=os.strerror(code)):
            history.preflight(tmp_path, "m2", BrokenDisk(at, refusing(code)))
    history.preflight(tmp_path, "m2")
    assert files(tmp_path) == []


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    append(tmp_path)
    (tmp_path / "reports/m2/.20260215T163005Z-ffffffffffff.json.part").write_text("half")
    history.preflight(tmp_path, "m2")
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP])
def test_where_there_are_no_hard_links_a_report_is_kept_all_the_same(tmp_path: Path, code: int) -> None:
    def no_links(name: str) -> object:
        return refusing(code)(name) if name == "link" else None

    disks = [BrokenDisk(at, no_links) for at in range(1, 20)]
    assert [refusal(tmp_path, number, disk) for number, disk in enumerate(disks)] == [None] * len(disks)
    # The head gets its name by a rename in any case.
    assert any(disk.done.count("rename") > 1 for disk in disks)
    assert len(whole(tmp_path)) == len(disks)
    assert not [name for name in files(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize("code", [None, errno.EPERM])
def test_a_name_that_is_taken_meanwhile_is_not_overwritten(tmp_path: Path, code: int | None) -> None:
    path = tmp_path / "reports/m2/20260215T163005Z-000000000001.json"

    def taken(name: str) -> object:
        if name == "link":
            path.write_text("mine")
        return refusing(code)(name) if name == "link" and code else None

    # Which operation is the first link depends on how often the disk took only a part of what it was given.
    at = next(at for at in range(1, 20) if _nth_operation(tmp_path / "before", at) == "link")
    with pytest.raises(IntegrityError, match="exists"):
        refusal(tmp_path, 1, BrokenDisk(at, taken))
    assert path.read_text() == "mine"
    assert files(tmp_path) == [path.name]


def _nth_operation(root: Path, at: int) -> str:
    disk = BrokenDisk(at, lambda _: None)
    refusal(root, at, disk)
    return disk.done[at - 1]
