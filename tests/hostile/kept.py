"""What is kept on a disk, each with what is asked so that it is written, and what must be true of it at any moment."""

import shutil
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from tests import examples
from tests import gates as made_gates
from tests.hostile.conftest import FOREVER
from tests.hostile.ended import tree
from tests.hostile.failpoints import in_words
from tests.report import histories
from tests.report.attest.signing import signer
from tests.spec.conftest import ENVIRONMENT, PACKAGES, PLATFORM, UV, write_lock
from verify.checks.finetune.log import events_in, rewound, teller
from verify.cli import main
from verify.errors import Exit, VerifyError
from verify.render import gate as gate_page
from verify.render import markdown
from verify.report import gates, history
from verify.report.attest.private_key import load_key, make_key
from verify.report.keys import PATH, entry
from verify.report.wholeness import verify_history
from verify.run.attesting import attest
from verify.run.signatures import trust_of
from verify.spec.builds import live_build, stamp_of
from verify.spec.candidate import promote, read_foreign
from verify.spec.lock import LockedPackage, lock_path, read_lock
from verify.spec.provision import provision

NEWER = (LockedPackage("numpy", "3.0", ("e" * 64,)), LockedPackage("torch", "2.0", ("f" * 64,)))
LATER = datetime(2026, 2, 20, tzinfo=UTC)


class Keeper(Protocol):
    """Something that is kept."""

    @abstractmethod
    def prepare(self, root: Path) -> None:
        """Make what is there before."""

    @abstractmethod
    def ask(self, root: Path) -> int:
        """Have the new content written; the exit code."""

    @abstractmethod
    def judge(self, root: Path) -> bool:
        """Require the old content or the new one, whole; whether it is the new one."""

    @abstractmethod
    def settle(self, root: Path) -> None:
        """Ask for what comes next, and require that nothing half-made is left then."""


def no_leftovers(root: Path) -> None:
    """Require that no temporary file is left."""
    assert [name for name in tree(root) if name.endswith((".part", ".new")) or "/.probe" in name] == []


class AReport:
    """A report at the end of a chain, with its page and its head."""

    def prepare(self, root: Path) -> None:
        histories.append(root, 1)

    def ask(self, root: Path) -> int:
        return in_words(lambda: histories.append(root, 2))

    def judge(self, root: Path) -> bool:
        reports = histories.whole(root)
        assert [finding for finding in verify_history(root) if finding.severity == "error"] == []
        return len(reports) > 1

    def settle(self, root: Path) -> None:
        histories.append(root, 3)
        assert verify_history(root) == []
        no_leftovers(root)


class AnAttestation:
    """The attestation beside a report."""

    def prepare(self, root: Path) -> None:
        key = make_key(root.parent / f"{root.name}.pem", root, None)
        self._append(root)
        for name in ("policy", "envs"):
            shutil.copytree(examples.ROOT / name, root / name)
        (root / PATH).write_text(entry(signer(key, **FOREVER)))

    def _append(self, root: Path) -> None:
        history.append(
            root, examples.draft_judged(results=examples.results()[:4]), render=markdown.render, audit=lambda _: []
        )

    def _key(self, root: Path) -> CryptoSigner:
        (pem,) = root.parent.glob("*.pem")
        return load_key(pem, None)

    def ask(self, root: Path) -> int:
        return in_words(lambda: self._checked(root))

    def judge(self, root: Path) -> bool:
        (path,) = history.stored(root, "m2")
        there = path.with_suffix(".intoto.json").exists()
        assert in_words(lambda: self._checked(root)) == Exit.HOLDS or not there
        return there

    def _checked(self, root: Path) -> None:
        (path,) = history.stored(root, "m2")
        attest(path, root, self._key(root), trust_of(root), LATER)

    def settle(self, root: Path) -> None:
        assert self.ask(root) == Exit.HOLDS
        no_leftovers(root)


class ALock:
    """The lock of a platform, which a candidate replaces."""

    def prepare(self, root: Path) -> None:
        _box(root)
        (root / "candidate.txt").write_bytes(write_lock(root, NEWER))
        write_lock(root)

    def ask(self, root: Path) -> int:
        return in_words(lambda: promote(root, read_foreign(root, root / "candidate.txt", "box")))

    def judge(self, root: Path) -> bool:
        packages = read_lock(root, "box").packages
        assert packages in (PACKAGES, NEWER)
        return packages == NEWER

    def settle(self, root: Path) -> None:
        assert self.ask(root) == Exit.HOLDS
        no_leftovers(root)


class AnEnvironment:
    """An environment that is built anew from another lock."""

    def prepare(self, root: Path) -> None:
        _box(root)
        programs = root / "programs"
        programs.mkdir()
        for name, text in (("uv", UV), ("python3", "#!/bin/sh\n")):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        assert self.ask(root) == Exit.HOLDS
        write_lock(root, NEWER)

    def _environ(self, root: Path) -> Mapping[str, str]:
        path = f"{root / 'programs'}:/usr/bin:/bin"
        return {"PATH": path, "VERIFY_UV": str(root / "programs/uv"), "FAKE_LOG": str(root / "log"), "FAKE_UV": ""}

    def ask(self, root: Path) -> int:
        return in_words(lambda: provision(root, "box", environ=self._environ(root), report=lambda _: None))

    def judge(self, root: Path) -> bool:
        build = live_build(root, "box")
        assert build is not None
        stamp = stamp_of(build)
        assert stamp is not None
        new = (build / "installed.txt").read_text().startswith("numpy==3.0")
        assert (stamp.lock_digest == sha256(lock_path(root, "box").read_bytes()).hexdigest()) == new
        return new

    def settle(self, root: Path) -> None:
        assert self.ask(root) == Exit.HOLDS
        assert self.judge(root)
        # The build that was replaced stays for the runs that use it, until the next set-up.
        assert self.ask(root) == Exit.HOLDS
        assert list((root / ".environments/builds").iterdir()) == [live_build(root, "box")]
        no_leftovers(root)


class AnIndex:
    """The index of a history, which can be made anew from it."""

    def prepare(self, root: Path) -> None:
        for name in ("envs", "lockfiles"):
            (root / name).mkdir(parents=True)
        histories.append(root, 1)
        histories.append(root, 2)

    def ask(self, root: Path) -> int:
        return main.main(["--root", str(root), "history", "list"])

    def judge(self, root: Path) -> bool:
        assert len(histories.whole(root)) == 2
        return (root / ".environments/history.sqlite").exists()

    def settle(self, root: Path) -> None:
        assert self.ask(root) == Exit.HOLDS
        assert verify_history(root) == []


class AGate:
    """What a gate said, with its page."""

    def prepare(self, root: Path) -> None:
        root.mkdir()

    def ask(self, root: Path) -> int:
        return in_words(lambda: gates.keep(root, made_gates.gate(), gate_page.render))

    def judge(self, root: Path) -> bool:
        kept = list((root / history.GATES).rglob("*.json"))
        for path in kept:
            gates.parse_gate(path.read_bytes(), path.name)
        return bool(kept)

    def settle(self, root: Path) -> None:
        gates.preflight(root, made_gates.gate().environment.name)
        no_leftovers(root)


class AKey:
    """A private key, which is whole or of no use, and never written over."""

    def prepare(self, root: Path) -> None:
        root.mkdir()

    def ask(self, root: Path) -> int:
        return in_words(lambda: make_key(root / "keys/a key.pem", root / "project", None))

    def judge(self, root: Path) -> bool:
        path = root / "keys/a key.pem"
        if not path.exists():
            return False
        try:
            load_key(path, None)
        except VerifyError:
            path.unlink()
            return False
        return True

    def settle(self, root: Path) -> None:
        expected = Exit.USAGE if self.judge(root) else Exit.HOLDS
        assert self.ask(root) == expected


class ALog:
    """The log of a fine-tune, which goes back to where its last checkpoint was."""

    def prepare(self, root: Path) -> None:
        root.mkdir()
        tell = teller(root / "log.jsonl")
        for iteration in range(6):
            tell("trained", iteration=iteration)

    def ask(self, root: Path) -> int:
        return in_words(lambda: rewound(root / "log.jsonl", 3))

    def judge(self, root: Path) -> bool:
        told = [event["iteration"] for event in events_in(root / "log.jsonl")]
        assert told in ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3])
        return len(told) == 4

    def settle(self, root: Path) -> None:
        assert self.ask(root) == Exit.HOLDS
        assert self.judge(root)
        no_leftovers(root)


def _box(root: Path) -> None:
    """A project with one environment, whose uv only pretends."""
    (root / "envs/platforms").mkdir(parents=True)
    (root / "envs/box.toml").write_text(ENVIRONMENT)
    (root / "envs/platforms/box.toml").write_text(PLATFORM)
    write_lock(root)


KEPT: Mapping[str, Callable[[], Keeper]] = {
    "a report": AReport,
    "an attestation": AnAttestation,
    "a lock": ALock,
    "an environment": AnEnvironment,
    "an index": AnIndex,
    "a gate": AGate,
    "a key": AKey,
    "a log": ALog,
}
