"""The append-only chain of reports: ``reports/<environment>/<time>-<id>.json``, with ``.md`` beside it."""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.errors import IntegrityError, StorageError, UsageError
from verify.report.canonical import seal, stored_text
from verify.report.disk import LOCAL, Disk, read_regular, stage, sweep
from verify.report.read import LARGEST_FILE, named, parse_report, read_report
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

FOLDER = "reports"
LOCK = ".lock"
PROBE_BYTES = 1024 * 1024
FREE = "free the disk or make the folder writable, then run again"

Audit = Callable[[AnyReport], Sequence[Finding]]
Render = Callable[[AnyReport], str]

_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}\.json")


def preflight(root: Path, environment: str, disk: Disk = LOCAL) -> None:
    """Prove, before the long checks, that a report can be kept.

    Args:
        root: The project.
        environment: Whose history will be written.
        disk: Where to write.

    Raises:
        StorageError: The disk is full, read-only or broken.
        IntegrityError: A stored report is damaged, so that nothing can be chained to it.
    """
    with _writing(root, environment) as folder:
        probe = stage(disk, folder / "probe", bytes(PROBE_BYTES))
        disk.sync_folder(folder)
        probe.unlink()
        for machine in {head.machine for head in _heads(folder, root)}:
            _last(folder, root, machine)


def append(root: Path, draft: AnyReport, *, render: Render, audit: Audit, disk: Disk = LOCAL) -> Path:
    """Put a report at the end of its chain, and keep it.

    It is sealed, read back from its own text by both validators, and audited, before any of it is written;
    only one process at a time does so for an environment.

    Args:
        root: The project.
        draft: The report; its ``sequence``, ``predecessor`` and ``digest`` are filled here.
        render: What makes the Markdown beside it.
        audit: Findings that contradict the report; any of severity ``error`` stops it.
        disk: Where to write.

    Returns:
        The JSON file.

    Raises:
        StorageError: The disk would not keep it.
        IntegrityError: It contradicts itself, or its predecessor is damaged. Nothing was written.
    """
    with _writing(root, draft.environment.name) as folder:
        last = _last(folder, root, draft.machine)
        sealed = seal(draft, last.sequence + 1 if last else 1, last.digest if last else None)
        data = _proven(sealed, audit)
        path = folder / file_name(sealed)
        _keep(disk, {path: data, path.with_suffix(".md"): render(sealed).encode()})
        return path


def latest(root: Path, environment: str, machine: str | None = None) -> AnyReport | None:
    """The last report of an environment: the highest in a machine's chain, or of any machine the newest.

    Raises:
        IntegrityError: It is damaged.
    """
    folder = _folder(root, environment)
    return _last(folder, root, machine) if folder.is_dir() else None


def stored(root: Path, environment: str) -> list[Path]:
    """The files of an environment's history, oldest first by name."""
    folder = _folder(root, environment)
    return sorted(path for path in folder.glob("*.json") if _FILE.fullmatch(path.name)) if folder.is_dir() else []


def environments(root: Path) -> list[str]:
    """The environments that have a history."""
    found = (path.name for path in (root / FOLDER).glob("*") if path.is_dir() and not path.is_symlink())
    return sorted(name for name in found if _ENVIRONMENT.fullmatch(name))


def file_name(report: AnyReport) -> str:
    """``20260102T030405Z-0123456789ab.json``."""
    return f"{report.created.replace('-', '').replace(':', '')}-{report.id}.json"


def _folder(root: Path, environment: str) -> Path:
    if not _ENVIRONMENT.fullmatch(environment):
        raise UsageError(
            f"{environment[:80]!a} is no name of an environment", "small letters, digits, - and _ make one"
        )
    folder = root / FOLDER / environment
    for path in (root / FOLDER, folder):
        if path.is_symlink():
            raise IntegrityError(f"{named(path, root)} is a symbolic link", "reports live in the project: replace it")
    return folder


@contextlib.contextmanager
def _writing(root: Path, environment: str) -> Iterator[Path]:
    """An environment's folder, for one writer alone. The kernel ends the lock with its holder."""
    folder = _folder(root, environment)
    where = named(folder, root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        lock = os.open(folder / LOCK, flags, 0o644)
    except OSError as error:
        raise StorageError(f"cannot write to {where}: {error.strerror}", FREE) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep(folder)
        yield folder
    except OSError as error:
        raise StorageError(f"cannot write to {where}: {error.strerror}", FREE) from error
    finally:
        os.close(lock)


def _last(folder: Path, root: Path, machine: str | None) -> AnyReport | None:
    heads = [head for head in _heads(folder, root) if machine in (None, head.machine)]
    if not heads:
        return None
    last = max(heads, key=lambda head: head.sequence) if machine else heads[-1]
    return read_report(last.path, root)


def _heads(folder: Path, root: Path) -> "list[Head]":
    """Just enough of each report to find the last without proving them all; the newest by name comes last."""
    return [_head(path, root) for path in sorted(folder.glob("*.json")) if _FILE.fullmatch(path.name)]


def _head(path: Path, root: Path) -> "Head":
    try:
        content = json.loads(read_regular(path, root, LARGEST_FILE))
        return Head(path, str(content["machine"]), int(content["sequence"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(
            f"{named(path, root)} is damaged", "see `verify report validate`; restore it from version control"
        ) from error


def _proven(sealed: AnyReport, audit: Audit) -> bytes:
    data = stored_text(sealed).encode()
    parse_report(data, "the new report")
    errors = [finding for finding in audit(sealed) if finding.severity == "error"]
    if errors:
        first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise IntegrityError(
            f"the new report contradicts itself: {first.rule}: {first.subject}: {first.message}{more}",
            "nothing was written; this is a fault of the suite: report it with the line above",
        )
    return data


def _keep(disk: Disk, files: dict[Path, bytes]) -> None:
    """All files, each whole or not at all; the first is the record and gets its name first."""
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in files.items():
            if path.exists() or path.is_symlink():
                raise IntegrityError(f"{path.name} exists", "reports are never overwritten; remove it or wait a second")
            staged.append((stage(disk, path, data), path))
        for temporary, path in staged:
            disk.rename(temporary, path)
        # The folders may be new too: a name is safe when the folder that holds it is.
        for folder in staged[0][1].parents[:3]:
            disk.sync_folder(folder)
    finally:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Head:
    """A stored report's place.

    Attributes:
        path: Its file.
        machine: Whose chain it belongs to.
        sequence: Where in it.
    """

    path: Path
    machine: str
    sequence: int
