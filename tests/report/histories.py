"""A small history for tests, and a disk that fails when told to."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests import examples
from verify.errors import StorageError
from verify.render import markdown
from verify.report import history
from verify.report.chain import verify_chain
from verify.report.disk import LOCAL, Disk
from verify.report.read import read_report
from verify.report.v2 import Finding
from verify.report.versions import AnyReport


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
    """All that lies in the example's history, but for lock and heads."""
    names = (path.name for path in (root / "reports/m2").iterdir())
    return sorted(name for name in names if name != history.LOCK and not name.endswith(".head"))


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

    def link(self, old: Path, new: Path) -> None:
        self._next("link")
        LOCAL.link(old, new)

    def rename(self, old: Path, new: Path) -> None:
        self._next("rename")
        LOCAL.rename(old, new)

    def sync_folder(self, folder: Path) -> None:
        self._next("sync_folder")
        LOCAL.sync_folder(folder)


def refusal(root: Path, number: int, disk: Disk = LOCAL, **more: str) -> str | None:
    """How appending a report to a disk is refused, if it is."""
    try:
        history.append(root, draft(number, **more), render=markdown.render, audit=fine, disk=disk)
    except StorageError as error:
        return error.message + error.hint
    return None


def refusing(code: int) -> Callable[[str], object]:
    """What a disk does that fails with this error."""

    def instead(_: str) -> object:
        raise OSError(code, os.strerror(code))

    return instead
