"""Reports are kept whole, in order, and for good."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import examples
from verify.errors import IntegrityError, StorageError, UsageError, VerifyError
from verify.judge.finding import error, warning
from verify.render import markdown
from verify.report import history
from verify.report.canonical import stored_text
from verify.report.chain import verify_chain
from verify.report.disk import LOCAL
from verify.report.read import read_report
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

# How many operations it takes to keep a report, at least.
OPERATIONS = 8


def fine(_: AnyReport) -> Sequence[Finding]:
    """An audit that finds nothing."""
    return ()


def draft(number: int = 0, machine: str = "a" * 32) -> AnyReport:
    """A small report with an id of its own."""
    small = examples.draft(results=examples.results()[:1], id=f"{number:012x}", machine=machine)
    return examples.with_verdict(small)


def append(root: Path, number: int = 0, **more: str) -> Path:
    """Put a small report at the end of its chain."""
    return history.append(root, draft(number, **more), render=markdown.render, audit=fine)


def files(root: Path) -> list[str]:
    """All that lies in the example's history."""
    return sorted(path.name for path in (root / "reports/m2").iterdir() if path.name != history.LOCK)


def whole(root: Path) -> list[AnyReport]:
    """All reports of the history, each proven, and their chain too."""
    reports = [read_report(path, root) for path in history.stored(root, "m2")]
    assert reports == [] or verify_chain(reports) == []
    return reports


@dataclass(slots=True)
class BrokenDisk:
    """A disk that does something else at its nth operation."""

    at: int
    instead: Callable[[str], object]
    done: list[str] = field(default_factory=list)

    def _next(self, name: str) -> None:
        self.done.append(name)
        if len(self.done) == self.at:
            self.instead(name)

    def create(self, path: Path) -> int:
        self._next("create")
        return LOCAL.create(path)

    def write(self, descriptor: int, data: bytes) -> int:
        self._next("write")
        # Disks may take less than they are given.
        return LOCAL.write(descriptor, data[:3000])

    def sync(self, descriptor: int) -> None:
        self._next("sync")
        LOCAL.sync(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        self._next("rename")
        LOCAL.rename(old, new)

    def sync_folder(self, folder: Path) -> None:
        self._next("sync_folder")
        LOCAL.sync_folder(folder)


def refusal(root: Path, number: int, disk: BrokenDisk) -> str | None:
    """How appending a report to a broken disk is refused, if it is."""
    try:
        history.append(root, draft(number), render=markdown.render, audit=fine, disk=disk)
    except StorageError as error:
        return error.message + error.hint
    return None


def refusing(code: int) -> Callable[[str], object]:
    """What a disk does that fails with this error."""

    def instead(_: str) -> object:
        raise OSError(code, os.strerror(code))

    return instead


def test_a_report_is_kept_with_its_markdown_beside_it(tmp_path: Path) -> None:
    path = append(tmp_path)
    assert path == tmp_path / "reports/m2/20260215T163005Z-000000000000.json"
    assert files(tmp_path) == ["20260215T163005Z-000000000000.json", "20260215T163005Z-000000000000.md"]
    assert path.with_suffix(".md").read_text() == markdown.render(read_report(path, tmp_path))


def test_each_report_names_its_predecessor(tmp_path: Path) -> None:
    for number in range(3):
        append(tmp_path, number)
    reports = whole(tmp_path)
    assert [report.sequence for report in reports] == [1, 2, 3]
    assert [report.predecessor for report in reports] == [None, reports[0].digest, reports[1].digest]


def test_each_machine_has_a_chain_of_its_own(tmp_path: Path) -> None:
    for number in range(4):
        append(tmp_path, number, machine="ab"[number % 2] * 32)
    assert [report.sequence for report in whole(tmp_path)] == [1, 1, 2, 2]
    last = history.latest(tmp_path, "m2", "a" * 32)
    assert last is not None
    assert last.id == f"{2:012x}"


def test_the_last_of_any_machine_is_the_newest(tmp_path: Path) -> None:
    assert history.latest(tmp_path, "m2") is None
    for number, machine in enumerate("aab"):
        append(tmp_path, number, machine=machine * 32)
    last = history.latest(tmp_path, "m2")
    assert last is not None
    assert last.machine == "b" * 32
    assert history.environments(tmp_path) == ["m2"]


def test_order_is_by_sequence_when_the_clock_went_back(tmp_path: Path) -> None:
    append(tmp_path, 1)
    earlier = draft(2).model_copy(update={"created": "2020-01-01T00:00:00Z"})
    history.append(tmp_path, earlier, render=markdown.render, audit=fine)
    append(tmp_path, 3)
    reports = [read_report(path, tmp_path) for path in history.stored(tmp_path, "m2")]
    assert [report.sequence for report in reports] == [2, 1, 3]
    assert [finding.rule for finding in verify_chain(reports)] == ["chain.clock"]


def test_a_report_is_never_overwritten(tmp_path: Path) -> None:
    kept = append(tmp_path, 1).read_bytes()
    with pytest.raises(IntegrityError, match="exists"):
        append(tmp_path, 1)
    assert [path.read_bytes() for path in history.stored(tmp_path, "m2")] == [kept]
    assert len(files(tmp_path)) == 2


def test_a_report_that_contradicts_itself_is_not_written(tmp_path: Path) -> None:
    def audit(_: AnyReport) -> Sequence[Finding]:
        return [warning("a.b", "c", "d"), error("counts.differ", "counts", "4 stated, 5 listed")]

    with pytest.raises(IntegrityError, match=r"counts\.differ: counts: 4 stated, 5 listed"):
        history.append(tmp_path, draft(), render=markdown.render, audit=audit)
    assert files(tmp_path) == []


def test_the_audit_sees_the_report_as_it_will_be_kept(tmp_path: Path) -> None:
    seen: list[AnyReport] = []

    def audit(report: AnyReport) -> Sequence[Finding]:
        seen.append(report)
        return [warning("a.b", "c", "d")]

    path = history.append(tmp_path, draft(), render=markdown.render, audit=audit)
    assert seen == [read_report(path, tmp_path)]


def test_a_report_that_is_none_is_not_written(tmp_path: Path) -> None:
    wrong = draft().model_copy(update={"planned": ("a.b",)})
    with pytest.raises(IntegrityError, match="the new report"):
        history.append(tmp_path, wrong, render=markdown.render, audit=fine)
    assert files(tmp_path) == []


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
        if "rename" not in disk.done[:-1]:
            assert files(tmp_path) == kept
        kept = files(tmp_path)
    assert at > OPERATIONS
    append(tmp_path, 999)
    whole(tmp_path)
    assert not [name for name in files(tmp_path) if name.startswith(".")]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.report import test_history as t
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
        if 0 in codes:
            break
        assert set(codes) == {-signal.SIGKILL}
    assert at > OPERATIONS - 3
    append(tmp_path, 1000)
    whole(tmp_path)
    assert not [name for name in files(tmp_path) if name.startswith(".")]


WRITER = """
import sys
from pathlib import Path
from tests.report import test_history as t
for number in range(int(sys.argv[3])):
    t.append(Path(sys.argv[1]), 1000 * int(sys.argv[2]) + number)
"""


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [python(WRITER, tmp_path, writer, 20) for writer in range(8)]
    assert [writer.wait() for writer in writers] == [0] * 8
    reports = sorted(read_report(path, tmp_path).sequence for path in history.stored(tmp_path, "m2"))
    assert reports == list(range(1, 161))
    assert verify_chain([read_report(path, tmp_path) for path in history.stored(tmp_path, "m2")]) == []


LIMITED = """
import resource, sys
from pathlib import Path
from tests.report import test_history as t
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


def test_a_damaged_report_is_found_before_the_long_checks(tmp_path: Path) -> None:
    path = append(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    for attempt in (lambda: history.preflight(tmp_path, "m2"), lambda: append(tmp_path, 1)):
        with pytest.raises(IntegrityError, match=r"reports/m2/.*json is damaged"):
            attempt()


def test_nothing_is_chained_to_a_report_that_was_changed(tmp_path: Path) -> None:
    path = append(tmp_path)
    path.write_text(path.read_text().replace("macOS 26.2", "macOS 26.3"))
    with pytest.raises(IntegrityError, match="digest"):
        append(tmp_path, 1)
    with pytest.raises(IntegrityError, match="digest"):
        history.preflight(tmp_path, "m2")


@pytest.mark.parametrize("name", ["../m2", "/m2", "m2/../..", "", ".", "M2", "CON", "m2\n", "m\0", "é", "x" * 300])
def test_no_name_leads_out_of_the_history(tmp_path: Path, name: str) -> None:
    for attempt in (history.preflight, history.stored, history.latest):
        with pytest.raises(UsageError) as caught:
            attempt(tmp_path, name)
        assert "\n" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_no_link_leads_out_of_the_history(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    (project / "reports").mkdir(parents=True)
    (project / "reports/m2").symlink_to(outside)
    with pytest.raises(IntegrityError, match="symbolic link"):
        append(project)
    (project / "reports/m2").unlink()
    (project / "reports/m2").mkdir()
    (project / "reports/m2/.lock").symlink_to(outside / "file")
    with pytest.raises(StorageError):
        append(project)
    assert list(outside.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(VerifyError) as caught:
        history.preflight(tmp_path, "m2")
    assert caught.value.exit == 5


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    append(tmp_path)
    (tmp_path / "reports/m2/.20260215T163005Z-ffffffffffff.json.part").write_text("half")
    history.preflight(tmp_path, "m2")
    assert len(files(tmp_path)) == 2


def test_other_files_beside_reports_are_left_alone(tmp_path: Path) -> None:
    append(tmp_path)
    for name in ("README.md", "notes.json"):
        (tmp_path / "reports/m2" / name).write_text("mine")
    append(tmp_path, 1)
    assert len(history.stored(tmp_path, "m2")) == 2
    assert (tmp_path / "reports/m2/notes.json").read_text() == "mine"


def test_the_stored_text_is_what_lies_on_the_disk(tmp_path: Path) -> None:
    path = append(tmp_path)
    assert path.read_text() == stored_text(read_report(path, tmp_path))
