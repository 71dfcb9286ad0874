"""The append-only chain of reports: ``reports/<environment>/<time>-<id>.json``, with ``.md`` beside it."""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.errors import IntegrityError, StorageError, UsageError
from verify.report.canonical import seal, stored_text
from verify.report.chain import verify_head, verify_links
from verify.report.disk import LOCAL, Disk, read_regular, stage, sweep
from verify.report.head import Sign
from verify.report.heads import heads_beside, is_head, machines_of, write_heads
from verify.report.keep import keep
from verify.report.listing import Files, entries, listed, no_link
from verify.report.place import Place, name_of, place_of, placed
from verify.report.read import LARGEST_FILE, named, parse_report, prove_report
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

FOLDER = "reports"
# Gates lie beside the histories, and are none.
GATES = f"{FOLDER}/gates"
LOCK = ".lock"
PROBE_BYTES = 1024 * 1024
FREE = "free the disk or make the folder writable, then run again"

Audit = Callable[[AnyReport], Sequence[Finding]]
Render = Callable[[AnyReport], str]
# Suffix and renderer of what lies beside a report and its Markdown.
NOTHING_MORE: Mapping[str, Render] = {}

_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}\.json")
# A report, or an attestation beside it.
_OURS = re.compile(_FILE.pattern.replace("\\.json", r"(\.intoto)?\.json"))


def preflight(root: Path, environment: str, disk: Disk = LOCAL) -> None:
    """Prove, before the long checks, that a report can be kept.

    Args:
        root: The project.
        environment: Whose history will be written.
        disk: Where to write.

    Raises:
        StorageError: The disk is full, read-only or broken.
        IntegrityError: A stored report is damaged or missing, so that nothing can be chained to it.
    """
    with _writing(root, environment) as folder:
        probe = stage(disk, folder / "probe", bytes(PROBE_BYTES))
        disk.sync_folder(folder)
        probe.unlink()
        places = _places(folder, root)
        for machine in sorted({place.machine for place in places} | machines_of(listed(folder, root))):
            _end(folder, root, machine, places)


def append(
    root: Path,
    draft: AnyReport,
    *,
    render: Render,
    audit: Audit,
    disk: Disk = LOCAL,
    sign: Sign | None = None,
    beside: Mapping[str, Render] = NOTHING_MORE,
) -> Path:
    """Put a report at the end of its chain, and keep it.

    It is sealed, read back from its own text by both validators, and audited, before any of it is written;
    only one process at a time does so for an environment. The head that counts it is written after it: see
    `verify.report.head`.

    Args:
        root: The project.
        draft: The report; its ``sequence``, ``predecessor`` and ``digest`` are filled here.
        render: What makes the Markdown beside it.
        audit: Findings that contradict the report; any of severity ``error`` stops it.
        disk: Where to write.
        sign: What signs the head; without it there is no new signed one.
        beside: What makes other pages, by their suffix.

    Returns:
        The JSON file.

    Raises:
        StorageError: The disk would not keep it, or its head.
        IntegrityError: It contradicts itself, or the chain is damaged or not whole. Nothing was written.
    """
    with _writing(root, draft.environment.name) as folder:
        end = _end(folder, root, draft.machine, _places(folder, root))
        sealed = seal(draft, len(end.chain) + 1, end.last.digest if end.last else None)
        data = _proven(sealed, audit)
        path = folder / file_name(sealed)
        if end.behind:
            # A key may have begun since: what it would sign of older reports does not count.
            write_heads(disk, folder, end.chain, None)
        pages = {path.with_suffix(suffix): make(sealed).encode() for suffix, make in {".md": render, **beside}.items()}
        keep(disk, {path: data, **pages})
        write_heads(disk, folder, [*end.chain, placed(path, root, data)], sign)
        return path


def latest(root: Path, environment: str, machine: str | None = None) -> AnyReport | None:
    """The last report of an environment: the highest in a machine's chain, or of any machine the newest.

    Raises:
        IntegrityError: It is damaged.
    """
    return _last(_folder(root, environment), root, machine)


def stored(root: Path, environment: str) -> list[Path]:
    """The files of an environment's history, oldest first by name."""
    return list(files_of(root, environment))


def files_of(root: Path, environment: str) -> Files:
    """The same, of which only the names are held."""
    folder = _folder(root, environment)
    return Files(folder, sorted(path.name for path in entries(folder, root) if _FILE.fullmatch(path.name)))


def chain_of(root: Path, environment: str, machine: str) -> list[AnyReport]:
    """A machine's reports of an environment, each proven, in the order of their sequence.

    Raises:
        IntegrityError: One of any machine is damaged, or is not where it was put.
    """
    reports = [read_stored(path, root) for path in stored(root, environment)]
    return sorted((report for report in reports if report.machine == machine), key=lambda report: report.sequence)


def read_stored(path: Path, root: Path) -> AnyReport:
    """The report in a file of the history, proven to be the one that was put there.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is not what we wrote, or has another's name or place.
    """
    return parse_stored(read_regular(path, root, LARGEST_FILE), path, root)


def parse_stored(data: bytes, path: Path, root: Path) -> AnyReport:
    """The report that the bytes of a file of the history are, proven to be the one that was put there.

    Raises:
        IntegrityError: It is not what we wrote, or has another's name or place.
    """
    report = parse_report(data, named(path, root))
    _require_place(path, root, report.environment.name, file_name(report))
    return report


def _require_place(path: Path, root: Path, environment: str, name: str) -> None:
    if (path.parent.name, path.name) != (environment, name):
        raise IntegrityError(
            f"{named(path, root)} holds the report that belongs at {FOLDER}/{environment}/{name}",
            "it was moved or renamed: move it back, or restore it from version control",
        )


def environments(root: Path) -> list[str]:
    """The environments that have a history.

    Raises:
        IntegrityError: A link or a file is where a folder of reports should be.
    """
    no_link(root / FOLDER, root)
    places = [path for path in listed(root / FOLDER, root) if path != root / GATES]
    names = [path.name for path in places if _ENVIRONMENT.fullmatch(path.name)]
    for name in names:
        next(entries(_folder(root, name), root), None)
    return names


def strays(root: Path) -> list[Path]:
    """What lies in the history and is no report, no page or attestation beside one, no head, and not hidden.

    Raises:
        IntegrityError: A link or a file is where a folder of reports should be.
    """
    known = environments(root)
    folders = [path for path in listed(root / FOLDER, root) if path.is_dir() and path.name not in known]
    files = sorted(path for name in known for path in entries(_folder(root, name), root) if not _belongs(path))
    return [path for path in [*folders, *files] if not path.name.startswith(".") and path != root / GATES]


def _belongs(path: Path) -> bool:
    expected = path.suffix in (".md", ".html") or _OURS.fullmatch(path.name) or is_head(path)
    return bool(expected) and path.is_file() and not path.is_symlink()


def file_name(report: AnyReport) -> str:
    """``20260102T030405Z-0123456789ab.json``."""
    return name_of(report.created, report.id)


def _folder(root: Path, environment: str) -> Path:
    if not _ENVIRONMENT.fullmatch(environment):
        raise UsageError(
            f"{environment[:80]!a} is no name of an environment", "small letters, digits, - and _ make one"
        )
    folder = root / FOLDER / environment
    for path in (root / FOLDER, folder):
        no_link(path, root)
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
    places = [place for place in _places(folder, root) if machine in (None, place.machine)]
    if not places:
        return None
    last = max(places, key=_by_sequence) if machine else places[-1]
    return read_stored(last.path, root)


def _places(folder: Path, root: Path) -> list[Place]:
    """Just enough of each report to find the last without proving them all; the newest by name comes last."""
    places = [place_of(path, root) for path in listed(folder, root) if _FILE.fullmatch(path.name)]
    for place in places:
        _require_place(place.path, root, place.environment, place.file_name)
    return places


def _by_sequence(place: Place) -> tuple[int, str]:
    return place.sequence, place.created


@dataclass(frozen=True, slots=True)
class _End:
    """A machine's chain, by sequence, and its last report; whether its head lies behind."""

    chain: tuple[Place, ...]
    last: AnyReport | None
    behind: bool


def _end(folder: Path, root: Path, machine: str, places: Sequence[Place]) -> _End:
    """The end of a chain, proven to be its end: nothing else may be appended to.

    Where no head tells, all of the chain is proven, for the head that comes next will vouch for it.
    """
    chain = sorted((place for place in places if place.machine == machine), key=_by_sequence)
    last = read_stored(chain[-1].path, root) if chain else None
    heads = heads_beside(folder, root, machine)
    found = [finding for kept, head in heads for finding in verify_head(head, chain, kept)]
    found += verify_links(chain)
    own = dict(heads).get("own")
    if own is None:
        for place in chain:
            read_stored(place.path, root)
    wrong = [finding for finding in found if finding.severity == "error"]
    if wrong:
        hint = "nothing is appended to it: `verify history prove` tells all; restore it from version control"
        raise IntegrityError(f"{wrong[0].subject}: {wrong[0].message}", hint)
    return _End(tuple(chain), last, own is not None and own.count < len(chain))


def _proven(sealed: AnyReport, audit: Audit) -> bytes:
    data = stored_text(sealed).encode()
    prove_report(data, "the new report")
    errors = [finding for finding in audit(sealed) if finding.severity == "error"]
    if errors:
        first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise IntegrityError(
            f"the new report contradicts itself: {first.rule}: {first.subject}: {first.message}{more}",
            "nothing was written; this is a fault of the suite: report it with the line above",
        )
    return data
