"""A history that is lived in: reports, faults and readers in any order that hypothesis thinks of."""

import errno
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.hostile.ended import ended
from tests.report.histories import BrokenDisk, append, refusal, refusing
from verify.errors import Exit, IntegrityError, StorageError
from verify.report import history
from verify.report.difference import difference
from verify.report.index import refresh
from verify.report.read import read_report
from verify.report.upgrade import newest
from verify.report.wholeness import verify_history

MACHINES = st.sampled_from(["a" * 32, "b" * 32])
ERRORS = st.sampled_from([errno.ENOSPC, errno.EIO, errno.EROFS, errno.EXDEV, errno.EDQUOT, errno.EACCES])


class Lived(RuleBasedStateMachine):
    """What was kept, by machine, beside what lies on the disk."""

    @initialize()
    def begin(self) -> None:
        """Nothing is there."""
        self.root = Path(tempfile.mkdtemp(prefix="lived-"))
        for name in ("envs", "lockfiles"):
            (self.root / name).mkdir()
        self.kept: dict[str, list[str]] = {"a" * 32: [], "b" * 32: []}
        self.number = 0

    def teardown(self) -> None:
        """Leave nothing."""
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    def _next(self) -> int:
        self.number += 1
        return self.number

    @rule(machine=MACHINES)
    def keep(self, machine: str) -> None:
        """A report comes to the end of its chain."""
        path = append(self.root, self._next(), machine=machine)
        self.kept[machine].append(read_report(path, self.root).digest)

    @rule(machine=MACHINES, at=st.integers(1, 24), code=ERRORS)
    def keep_on_a_broken_disk(self, machine: str, at: int, code: int) -> None:
        """It comes, or it does not and the disk says why; the report may be there when only its head is not."""
        before, disk = self._digests(machine), BrokenDisk(at, refusing(code))
        refused = refusal(self.root, self._next(), disk, machine=machine)
        self.kept[machine] = self._digests(machine)
        assert self.kept[machine][: len(before)] == before
        assert refused or len(self.kept[machine]) == len(before) + 1

    @rule()
    def look_before_a_run(self) -> None:
        """What was left half-made goes, and nothing else."""
        history.preflight(self.root, "m2")
        assert list((self.root / "reports/m2").glob(".*.part")) == []

    @rule()
    def leave_something_half_made(self) -> None:
        """A writer was killed."""
        (self.root / "reports/m2").mkdir(parents=True, exist_ok=True)
        (self.root / f"reports/m2/.20260101T000000Z-{self._next():012x}.json.part").write_text("half")

    @rule()
    def ask_the_index(self) -> None:
        """It holds what the history holds."""
        told = refresh(self.root, self.root / ".environments/history.sqlite")
        assert told.reports == sum(map(len, self.kept.values()))

    @precondition(lambda self: any(len(chain) > 1 for chain in self.kept.values()))
    @rule(data=st.data())
    def compare(self, data: st.DataObject) -> None:
        """Two of a chain are compared, both ways, as newer ones."""
        machine = data.draw(st.sampled_from([name for name, chain in self.kept.items() if len(chain) > 1]))
        chain = [newest(report) for report in history.chain_of(self.root, "m2", machine)]
        one, other = data.draw(st.permutations(chain))[:2]
        there, back = difference(one, other).outcomes, difference(other, one).outcomes
        assert [(change.what, change.before, change.after) for change in there] == [
            (change.what, change.after, change.before) for change in back
        ]

    @precondition(lambda self: any(self.kept.values()))
    @rule(data=st.data())
    def spoil_a_copy(self, data: st.DataObject) -> None:
        """Any byte of any report changes: everybody finds it, and nothing is appended."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "copy"
            shutil.copytree(self.root, root)
            path = data.draw(st.sampled_from(sorted((root / "reports/m2").glob("*.json"))))
            content = bytearray(path.read_bytes())
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            path.write_bytes(content)
            assert [finding for finding in verify_history(root) if finding.severity == "error"]
            assert ended("--root", str(root), "history", "prove").code == Exit.INTEGRITY

    @invariant()
    def all_that_was_kept_is_there(self) -> None:
        """Whole, in its order, and chained."""
        if not hasattr(self, "root"):
            return
        for machine, chain in self.kept.items():
            assert self._digests(machine) == chain
        assert [finding for finding in verify_history(self.root) if finding.severity == "error"] == []

    def _digests(self, machine: str) -> list[str]:
        try:
            return [report.digest for report in history.chain_of(self.root, "m2", machine)]
        except (IntegrityError, StorageError):
            return [] if not (self.root / "reports/m2").exists() else ["damaged"]


class TestLived(Lived.TestCase):  # type: ignore[misc,valid-type]
    """As pytest finds it."""

    settings = settings(max_examples=10, stateful_step_count=10, deadline=None)
