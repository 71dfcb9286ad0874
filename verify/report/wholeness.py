"""Whether a whole history is what was written: every byte of it, nothing missing, nothing that does not belong.

What is wrong is a finding with a name, not an exception, so that one damaged file hides no other.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from verify.errors import IntegrityError
from verify.report.chain import Kept, counts, verify_head, verify_links
from verify.report.disk import TEMPORARY, read_regular
from verify.report.head import Head, Unseal
from verify.report.heads import heads_beside, machines_of
from verify.report.history import FOLDER, LOCK, environments, files_of, read_stored, strays
from verify.report.listing import entries
from verify.report.place import Place, placed, sealed
from verify.report.read import LARGEST_FILE, named
from verify.report.shelf import Shelf
from verify.report.spread import parts_of, processors, spread
from verify.report.v2 import Finding, Severity

# Below, a second process takes longer to start than it saves.
MANY = 5000
PART = 100


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a file of the history told.

    Attributes:
        path: The file.
        place: Of the report in it; None where it has none.
        findings: What is wrong with the file.
    """

    path: Path
    place: Place | None
    findings: tuple[Finding, ...]


def look(root: Path, paths: Sequence[Path]) -> Iterator[Looked]:
    """What a look at each of some files tells, in their order; many are shared among processes."""
    several = processors() if len(paths) > MANY else 1
    for part in spread(partial(_each, root), parts_of(paths, PART), several):
        yield from part


@dataclass(frozen=True, slots=True)
class Asked:
    """What a history is held against.

    Attributes:
        elsewhere: Heads that were kept in another place.
        unseal: What proves the signature of a signed head.
        seen: Told of each file that was looked at.
        look: What looks at the files of an environment, of which it is told all; it must read every byte.
    """

    elsewhere: Sequence[Head] = ()
    unseal: Unseal | None = None
    seen: Callable[[Path], None] = lambda _: None
    look: Callable[[Path, Sequence[Path]], Iterable[Looked]] = look


NOTHING_MORE = Asked()


def verify_history(root: Path, asked: Asked = NOTHING_MORE) -> list[Finding]:
    """All that is wrong with the history of a project; errors mean that it is not what was written.

    The bytes of what a head counts are held against the root of that head, and nothing more is needed to prove them.
    Any other report is proven by itself.

    Raises:
        StorageError: Something cannot be read.
    """
    try:
        known = environments(root)
        found = [_stray(path, root) for path in strays(root)]
    except IntegrityError as error:
        return [_finding("folder", FOLDER, error.message)]
    for name in sorted({*known, *(head.environment for head in asked.elsewhere)}):
        found += _in_environment(root, name, asked)
    return found


@dataclass(frozen=True, slots=True)
class _Held:
    """What an environment's folder held at one moment."""

    paths: Sequence[Path]
    machines: set[str]
    heads: dict[str, list[tuple[Kept, Head]]]
    wrong: list[Finding]


def _held(root: Path, environment: str, asked: Asked) -> _Held:
    """Reports and heads of one moment: nobody writes meanwhile, or a head might count a report that is not listed."""
    folder = root / FOLDER / environment
    with _unwritten(folder):
        held = _Held(paths=files_of(root, environment), machines=set(), heads={}, wrong=[])
        held.machines.update(machines_of(entries(folder, root)))
        for machine in held.machines:
            try:
                held.heads[machine] = heads_beside(folder, root, machine, asked.unseal)
            except IntegrityError as error:
                held.heads[machine] = []
                held.wrong.append(_finding("head", f"head of {machine[:12]} in {environment}", error.message))
    return held


@contextlib.contextmanager
def _unwritten(folder: Path) -> Iterator[None]:
    """The lock of those who read; where it is not there, or not ours to open, nobody is kept from writing."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield
    finally:
        os.close(lock)


def _in_environment(root: Path, environment: str, asked: Asked) -> Iterator[Finding]:
    places = Shelf(_packed, _unpacked)
    held = _held(root, environment, asked)
    yield from held.wrong
    for looked in asked.look(root, held.paths):
        asked.seen(looked.path)
        if looked.place:
            places.put([looked.place.machine], looked.place.sequence, looked.place.created, looked.place)
        yield from looked.findings
    elsewhere = {head.machine for head in asked.elsewhere if head.environment == environment}
    for machine in sorted({*(name for (name,) in places.groups()), *held.machines, *elsewhere}):
        chain = places.group(machine)
        if machine not in held.machines and chain:
            message = "it has no head: a missing tail cannot be seen; the next report makes one"
            yield _finding("no_head", f"chain of {machine[:12]} in {environment}", message, "warning")
        whose = environment, machine
        theirs: list[tuple[Kept, Head]] = [
            ("elsewhere", head) for head in asked.elsewhere if (head.environment, head.machine) == whose
        ]
        yield from _in_chain(root, chain, [*held.heads.get(machine, []), *theirs])


def _each(root: Path, paths: Sequence[Path]) -> list[Looked]:
    return [look_at(path, root)[0] for path in paths]


def look_at(path: Path, root: Path) -> tuple[Looked, bytes]:
    """What a look at a file tells, and its bytes; none where it is damaged.

    Raises:
        StorageError: It cannot be read.
    """
    more = tuple(_other_names(path, root))
    try:
        data = read_regular(path, root, LARGEST_FILE)
        return Looked(path, _in_place(path, root, data), more), data
    except IntegrityError as error:
        return Looked(path, None, (_finding("damaged", named(path, root), error.message), *more)), b""


def _in_place(path: Path, root: Path, data: bytes) -> Place:
    place = placed(path, root, data)
    belongs = f"{place.environment}/{place.file_name}"
    if f"{path.parent.name}/{path.name}" != belongs:
        what = f"{named(path, root)} holds the report that belongs at {FOLDER}/{belongs}"
        raise IntegrityError(what, "move it back, or restore it from version control")
    return place


def _packed(place: Place) -> tuple[str | int | None, ...]:
    return (str(place.path), *_REST(place))


def _unpacked(path: str, environment: str, machine: str, *rest: Any) -> Place:
    return Place(Path(path), environment, machine, *rest)


_REST = attrgetter(*(part.name for part in fields(Place)[1:]))


def _in_chain(root: Path, chain: Sequence[Place], heads: Sequence[tuple[Kept, Head]]) -> Iterator[Finding]:
    yield from verify_links(chain)
    for kept, head in heads:
        yield from verify_head(head, chain, kept)
    yield from _touched(root, chain, [head for _, head in heads])


def _touched(root: Path, chain: Sequence[Place], heads: Sequence[Head]) -> Iterator[Finding]:
    """The reports of a chain that are not what was written, but for those whose bytes a head counts."""
    counted = max((head.count for head in heads if counts(head, chain)), default=0)
    wrong = 0
    for place in islice(chain, counted, None):
        for finding in _proven(root, place, shape=False):
            wrong += 1
            yield finding
    if not wrong:
        # To prove the shape as well takes ten times as long, and is asked of what nobody vouches for.
        for place in islice(chain, counted, None):
            yield from _proven(root, place, shape=True)


def _proven(root: Path, place: Place, *, shape: bool) -> Iterator[Finding]:
    where = named(place.path, root)
    try:
        if shape:
            read_stored(place.path, root)
        else:
            sealed(read_regular(place.path, root, LARGEST_FILE), where)
    except IntegrityError as error:
        yield _finding("damaged", where, error.message)


def _other_names(path: Path, root: Path) -> Iterator[Finding]:
    """A file with another name can be changed through it; but a writer that was killed leaves its temporary one."""
    status = path.lstat()
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        temporary = path.with_name(f".{path.name}{TEMPORARY}")
        ours = temporary.exists() and temporary.samefile(path)
        if status.st_nlink > 1 + ours:
            message = "it has another name elsewhere (a hard link), through which it can be changed: copy it"
            yield _finding("hard_link", named(path, root), message)


def _stray(path: Path, root: Path) -> Finding:
    plain = not path.is_symlink() and (path.is_dir() or path.is_file())
    message = "is no report of ours" if plain else "is a link or no regular file, and no report of ours"
    return _finding("stray", named(path, root), message, "warning" if plain else "error")


def _finding(rule: str, subject: str, message: str, severity: Severity = "error") -> Finding:
    return Finding(rule=f"history.{rule}", subject=subject, message=message, severity=severity, grade="certain")
