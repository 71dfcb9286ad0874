"""Upgrades that are lived through: proposed, judged, promoted, interrupted and edited meanwhile, in any order."""

import contextlib
import hashlib
import io
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests import gates as made
from tests.examples import ROOT
from tests.spec.conftest import ENVIRONMENT, PLATFORM, UV
from verify.cli.main import _parser
from verify.cli.sides import Subject
from verify.cli.upgrade import EXITS, _end, _subject
from verify.errors import Exit, IntegrityError, UsageError, VerifyError
from verify.report import gates
from verify.report.gate import Report
from verify.spec.builds import live_build, stamp_of
from verify.spec.lock import LockedPackage, format_lock, format_packages
from verify.spec.provision import provision

pytestmark = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="compares locks of Linux on x86-64"
)
# What may come of a gate, each by what it is that brings it about.
NEWS: Mapping[str, Mapping[str, Any]] = {
    "accepted": {},
    "refused": {"checks": [made.check()]},
    "inconclusive": {"figures": [made.figure(decision="undecided")]},
    "interrupted": {"interrupted": True},
}
VERSIONS = st.integers(1, 5)


@dataclass(frozen=True, slots=True)
class Begun:
    """An upgrade that is being asked about.

    Attributes:
        words: Of the command line.
        subject: The two locks, as they were when it began.
        candidate: The packages that were proposed.
    """

    words: tuple[str, ...]
    subject: Subject
    candidate: tuple[LockedPackage, ...]


class Upgraded(RuleBasedStateMachine):
    """The lock that should be in use, beside the one that is."""

    @initialize(version=VERSIONS)
    def begin(self, version: int) -> None:
        """There is a lock, and nothing was upgraded yet."""
        self.root = Path(tempfile.mkdtemp(prefix="upgraded-"))
        (self.root / "envs/platforms").mkdir(parents=True)
        (self.root / "envs/box.toml").write_text(ENVIRONMENT)
        (self.root / "envs/platforms/box.toml").write_text(PLATFORM)
        shutil.copytree(ROOT / "policy", self.root / "policy")
        (self.root / "lockfiles").mkdir()
        self.number, self.begun, self.kept = 0, None, dict[Path, bytes]()
        self.proposed: tuple[LockedPackage, ...] | None = None
        self.in_use = self._locked(_packages(version))
        self.wholes = {self.in_use}
        self._lock.write_bytes(self.in_use)
        programs = self.root / "programs"
        programs.mkdir()
        for name, text in (("uv", UV), ("python3", "#!/bin/sh\n")):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    begun: Begun | None

    def teardown(self) -> None:
        """Leave nothing."""
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    @rule(version=VERSIONS, lacks=st.booleans(), plain=st.booleans())
    def propose(self, version: int, *, lacks: bool, plain: bool) -> None:
        """Somebody writes a candidate, or another one over it; also while the last one is being asked about."""
        self.proposed = _packages(version)[1 if lacks else 0 :]
        text = format_packages(self.proposed).encode() if plain else self._locked(self.proposed)
        (self.root / "candidate.txt").write_bytes(text)

    @rule(version=VERSIONS)
    def lock_anew(self, version: int) -> None:
        """Somebody locks with other versions; also while a candidate is being asked about."""
        self.in_use = self._locked(_packages(version))
        self.wholes.add(self.in_use)
        self._lock.write_bytes(self.in_use)

    @precondition(lambda self: self.proposed)
    @rule(accept=st.booleans())
    def ask(self, *, accept: bool) -> None:
        """The two locks are read; whatever was being asked about before was killed."""
        named = ("--environment", "box", "--candidate", str(self.root / "candidate.txt"))
        words = ("--root", str(self.root), "upgrade", *named, *(["--accept"] if accept else []))
        with contextlib.redirect_stderr(io.StringIO()):
            subject = _subject(_parser(list(words)).parse_args(words))
        assert self.proposed is not None
        self.begun = Begun(words, subject, self.proposed)

    @precondition(lambda self: self.begun)
    @rule(news=st.sampled_from(sorted(NEWS)))
    def answer(self, news: str) -> None:
        """It is judged: the candidate takes the place of what it was compared with, or nothing changes."""
        assert self.begun
        begun, self.begun = self.begun, None
        report = self._report(begun.subject, news)
        promotes = "--accept" in begun.words and news == "accepted"
        same = hashlib.sha256(self.in_use).hexdigest() == begun.subject.current.digest
        lacks = len(begun.candidate) < len(_packages(1))
        if promotes and (lacks or not same):
            with pytest.raises(UsageError if same else VerifyError):
                self._end(begun, report)
        else:
            expected = Exit.INTERRUPTED if news == "interrupted" else EXITS[news]
            assert self._end(begun, report) == expected
            if promotes:
                self.in_use = self._locked(begun.candidate)
                self.wholes.add(self.in_use)
        self._remember(report, news)

    @precondition(lambda self: self.begun)
    @rule()
    def answer_where_no_gate_can_be_kept(self) -> None:
        """What is not on record promotes nothing."""
        assert self.begun
        begun, self.begun = self.begun, None
        with tempfile.TemporaryDirectory() as elsewhere:
            link = self.root / "reports/gates/box"
            there = link.exists()
            link.parent.mkdir(parents=True, exist_ok=True)
            if there:
                link.rename(link.with_name("aside"))
            link.symlink_to(elsewhere)
            with pytest.raises(IntegrityError):
                self._end(begun, self._report(begun.subject, "accepted"))
            assert list(Path(elsewhere).iterdir()) == []
            link.unlink()
            if there:
                link.with_name("aside").rename(link)

    @precondition(lambda self: self.begun and self.kept)
    @rule(data=st.data())
    def answer_with_a_gate_of_the_past(self, data: st.DataObject) -> None:
        """A gate that is on record already is none of this one's, whatever it said."""
        assert self.begun
        begun, self.begun = self.begun, None
        path = data.draw(st.sampled_from(sorted(self.kept)))
        with pytest.raises(IntegrityError, match="exists"):
            self._end(begun, gates.read_gate(path, self.root))

    @rule()
    def set_up(self) -> None:
        """What is installed is what is locked."""
        path = f"{self.root / 'programs'}:/usr/bin:/bin"
        environ = {"PATH": path, "VERIFY_UV": str(self.root / "programs/uv"), "FAKE_LOG": str(self.root / "log")}
        provision(self.root, "box", environ=environ | {"FAKE_UV": ""}, report=lambda _: None)
        assert self._installed() == hashlib.sha256(self.in_use).hexdigest()

    @invariant()
    def the_lock_in_use_is_one_that_was_meant(self) -> None:
        """Byte for byte; and so is the one that is installed."""
        if not hasattr(self, "root"):
            return
        assert self._lock.read_bytes() == self.in_use
        assert self._installed() in {None, *(hashlib.sha256(whole).hexdigest() for whole in self.wholes)}

    @invariant()
    def every_gate_is_on_record(self) -> None:
        """As it was written, each of them."""
        if not hasattr(self, "root"):
            return
        assert {path: path.read_bytes() for path in (self.root / "reports").rglob("*.json")} == self.kept
        for path in self.kept:
            gates.read_gate(path, self.root)

    @property
    def _lock(self) -> Path:
        return self.root / "lockfiles/box.txt"

    def _installed(self) -> str | None:
        build = live_build(self.root, "box")
        stamp = stamp_of(build) if build else None
        return stamp.lock_digest if stamp else None

    def _locked(self, packages: tuple[LockedPackage, ...]) -> bytes:
        source = hashlib.sha256((self.root / "envs/platforms/box.toml").read_bytes()).hexdigest()
        return format_lock("box", source, packages)

    def _report(self, subject: Subject, news: str) -> Report:
        """What a gate would tell of these two locks."""
        self.number += 1
        digests: dict[str, Any] = {
            name: made.EXAMPLE[name] | {"digest": getattr(subject, name).digest} for name in ("current", "candidate")
        }
        environment = {"name": "box", "digest": subject.environment.digest}
        return made.gate(
            subject.policy,
            **{**digests, **NEWS[news], "environment": environment, "platform": "box", "id": f"{self.number:012x}"},
        )

    def _end(self, begun: Begun, report: Report) -> int:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return _end(begun.subject, report, _parser(list(begun.words)).parse_args(begun.words))

    def _remember(self, report: Report, news: str) -> None:
        """It is on record that of these two locks this was said."""
        (path,) = set((self.root / "reports").rglob("*.json")) - set(self.kept)
        said = gates.read_gate(path, self.root)
        assert said.verdict is not None
        assert said.verdict.value == ("inconclusive" if news == "interrupted" else news)
        assert (said.current.digest, said.candidate.digest) == (report.current.digest, report.candidate.digest)
        self.kept[path] = path.read_bytes()


def _packages(version: int) -> tuple[LockedPackage, ...]:
    return (LockedPackage("numpy", f"{version}.0", (f"{version}" * 64,)), LockedPackage("torch", "2.0", ("e" * 64,)))


def test_no_lock_takes_the_place_of_another_without_a_gate_of_exactly_these_two() -> None:
    run_state_machine_as_test(
        Upgraded, settings=settings(max_examples=30, stateful_step_count=15, deadline=None, report_multiple_bugs=False)
    )
