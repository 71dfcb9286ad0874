"""A lock: every package of a platform, pinned and hashed (``lockfiles/*.txt``)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from verify.errors import IntegrityError, UsageError
from verify.spec.files import read_bytes

MAX_BYTES: Final = 4_194_304
_HEADER: Final = (
    "# Every package of {name}, pinned and hashed. Made by `nox -s lock-{name}`: never by hand.\n"
    "# source sha256: {source}\n"
    "# body sha256: {body}\n"
)
_DIGESTS: Final = re.compile(
    r"# Every package of ([a-z0-9_-]+), [^\n]*\n# source sha256: ([0-9a-f]{64})\n# body sha256: ([0-9a-f]{64})\n"
)
_PACKAGE: Final = re.compile(r"([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)==([A-Za-z0-9.+!]+)(?: ; ([^\\;]*[^\\; ]))? \\")
_HASH: Final = re.compile(r"    --hash=sha256:([0-9a-f]{64})( \\)?")
_OURS: Final = re.compile(r"^# (?:Every package of ([a-z0-9_-]+)|source sha256|body sha256)\b", re.MULTILINE)
_COMMENT: Final = re.compile(r"\s*#.*|")
_CONFLICT: Final = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
_REMAKE: Final = "restore it with git, or run `nox -s lock-{name}`"


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package of a lock.

    Attributes:
        name: Normalized name.
        version: Exact version.
        hashes: SHA-256 of every file that may be installed, 64 hexadecimal digits each.
        marker: Where it applies, as an environment marker; empty for everywhere.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as it was read.

    Attributes:
        path: Where it lies, or would lie.
        platform: The platform it is for.
        digest: SHA-256 of the whole file, 64 hexadecimal digits.
        platform_digest: SHA-256 of the platform's TOML that it was made from; empty where the file does not say.
        packages: Every package, by name.
    """

    path: Path
    platform: str
    digest: str
    platform_digest: str
    packages: tuple[LockedPackage, ...]


def lock_path(root: Path, name: str) -> Path:
    """Say where a lock lies."""
    return root / "lockfiles" / f"{name}.txt"


def read_lock(root: Path, platform: str) -> Lock:
    """Read the lock of a platform.

    Raises:
        UsageError: When the platform or its lock is missing.
        IntegrityError: When the lock is stale, edited by hand, or not whole.
        StorageError: When the disk does not give it back.
    """
    source = f"envs/platforms/{platform}.toml"
    source_digest = sha256(read_bytes(root / source, source, MAX_BYTES)).hexdigest()
    lock = read_lock_of(root, platform, source_digest, source)
    _refuse_markers(lock.packages, platform, f"lockfiles/{platform}.txt")
    return lock


def read_lock_of(root: Path, name: str, source_digest: str, source: str) -> Lock:
    """Read a lock made from what has a given digest; the rest is as with `read_lock`."""
    path = lock_path(root, name)
    where = f"lockfiles/{name}.txt"
    if not path.exists():
        raise UsageError(f"{where} does not exist", f"run `nox -s lock-{name}` and commit it")
    raw = read_bytes(path, where, MAX_BYTES)
    held_source, packages = parse_lock(raw, name)
    if held_source != source_digest:
        raise IntegrityError(
            f"{where} was made from another {source}",
            f"run `nox -s lock-{name}`, look at the diff, commit both",
        )
    return Lock(path, name, sha256(raw).hexdigest(), held_source, packages)


def parse_foreign(
    raw: bytes, platform: str, where: str, *, edited: bool = False
) -> tuple[str, tuple[LockedPackage, ...]]:
    """Read the bytes of a lock from anywhere: of our format, or a plain hashed requirements file with comments.

    Args:
        raw: The bytes.
        platform: What it must be for.
        where: The file, as messages print it.
        edited: Whether a lock of our format may have been edited, as by a robot that writes new pins and hashes; its
            header then says nothing of what it was made from.

    Returns:
        The digest of what it was made from, empty where the file does not say, and its packages.

    Raises:
        UsageError: When it is the lock of another platform.
        IntegrityError: When it is not whole, was edited by hand, or holds anything but pins and hashes.
    """
    text = lock_text(raw, platform, where)
    ours = _OURS.search(text)
    if ours and ours[1] not in {None, platform}:
        raise UsageError(
            f"{where} is the lock of {ours[1]}: it cannot be compared with one of {platform}",
            f"give a lock of {platform}",
        )
    sealed = ours and not edited
    found = parse_lock(raw, platform, where) if sealed else ("", parse_packages(text, where, comments=True))
    _refuse_markers(found[1], platform, where)
    return found


def parse_lock(raw: bytes, name: str, where: str = "") -> tuple[str, tuple[LockedPackage, ...]]:
    """Read the bytes of a lock.

    Args:
        raw: The bytes.
        name: Its name.
        where: The file, as messages print it; empty for the place where a lock of that name lies.

    Returns:
        The digest of what it was made from, and its packages.

    Raises:
        IntegrityError: When the bytes are not a whole lock of that name.
    """
    where = where or f"lockfiles/{name}.txt"
    text = lock_text(raw, name, where)
    header = _DIGESTS.match(text)
    if header is None or header[1] != name:
        raise IntegrityError(f"{where}:1: does not begin as a lock of {name}", _REMAKE.format(name=name))
    body = text[header.end() :]
    packages = parse_packages(body, where, first_line=4)
    digest = sha256(body.encode()).hexdigest()
    if header[0] != _HEADER.format(name=name, source=header[2], body=digest):
        raise IntegrityError(f"{where} was edited by hand", _REMAKE.format(name=name))
    return header[2], packages


def lock_text(raw: bytes, name: str, where: str) -> str:
    """Decode a lock, refusing what editors and merges leave behind."""
    again = _REMAKE.format(name=name)
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise IntegrityError(f"{where}:1: starts with a byte order mark", again)
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        raise IntegrityError(f"{where}:{line}: has CR line endings", again)
    if not raw.isascii():
        raise IntegrityError(f"{where} is not plain text", again)
    text = raw.decode("ascii")
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise IntegrityError(f"{where}:{line}: holds an unresolved merge conflict", again)
    return text


def format_lock(name: str, source_digest: str, packages: Iterable[LockedPackage]) -> bytes:
    """Write the bytes of a lock; equal packages give equal bytes."""
    body = format_packages(packages)
    header = _HEADER.format(name=name, source=source_digest, body=sha256(body.encode()).hexdigest())
    return (header + body).encode()


def format_packages(packages: Iterable[LockedPackage]) -> str:
    """Write packages as a hashed requirements file."""
    return "".join(map(_format_package, packages))


def parse_packages(body: str, where: str, first_line: int = 1, *, comments: bool = False) -> tuple[LockedPackage, ...]:
    """Read a hashed requirements file that holds pins and hashes and nothing else.

    Args:
        body: Its text.
        where: The file, as messages print it.
        first_line: The number of its first line.
        comments: Whether it may also hold comments and empty lines, as what other tools write does.

    Raises:
        IntegrityError: Naming the first line that is anything else.
    """
    lines = body.split("\n")
    if lines.pop() != "" or not lines:
        raise IntegrityError(f"{where}: ends in the middle of a line", "restore it with git, or lock again")
    numbered = list(enumerate(lines, first_line))
    kept = [(number, line) for number, line in numbered if not (comments and _COMMENT.fullmatch(line))]
    packages = tuple(_packages(kept, where))
    if not packages:
        raise IntegrityError(f"{where}: holds no package", "restore it with git, or lock again")
    _refuse_duplicates(packages, where)
    return packages


def _packages(lines: Sequence[tuple[int, str]], where: str) -> Iterator[LockedPackage]:
    at = 0
    while at < len(lines):
        number, line = lines[at]
        package = _PACKAGE.fullmatch(line)
        if package is None:
            raise _unexpected(line, f"{where}:{number}")
        hashes = tuple(_hashes(lines, at + 1, f"{where}:{number}: {package[1]}"))
        yield LockedPackage(package[1], package[2], hashes, package[3] or "")
        at += 1 + len(hashes)


def _hashes(lines: Sequence[tuple[int, str]], at: int, subject: str) -> Iterator[str]:
    """Yield the hashes from a line on, up to the one that continues no further."""
    more = True
    while more:
        found = _HASH.fullmatch(lines[at][1]) if at < len(lines) else None
        if found is None:
            raise IntegrityError(f"{subject} has a missing or broken hash", "restore the lock with git, or lock again")
        yield found[1]
        more = found[2] is not None
        at += 1


def _refuse_markers(packages: Iterable[LockedPackage], platform: str, where: str) -> None:
    marked = next((package for package in packages if package.marker), None)
    if marked:
        raise IntegrityError(
            f"{where}: {marked.name} has a marker, yet a platform is one kind of machine",
            _REMAKE.format(name=platform),
        )


def _refuse_duplicates(packages: Iterable[LockedPackage], where: str) -> None:
    seen: set[tuple[str, str]] = set()
    for package in packages:
        if (package.name, package.marker) in seen:
            raise IntegrityError(f"{where}: {package.name} is locked twice", "restore the lock with git, or lock again")
        seen.add((package.name, package.marker))


def _unexpected(line: str, where: str) -> IntegrityError:
    said = "is neither a pinned package nor a hash"
    if line.startswith("-"):
        said = "sets an option; a lock holds packages and nothing else"
    elif "://" in line or " @ " in line or line.startswith((".", "/")):
        said = "asks for a URL or a path; a lock holds names and versions"
    elif "==" in line:
        said = "names a package without a hash"
    elif re.match(r"[A-Za-z0-9]", line):
        said = "names a package without pinning it"
    return IntegrityError(f"{where}: {said}", "restore the lock with git, or lock again")


def _format_package(package: LockedPackage) -> str:
    marker = f" ; {package.marker}" if package.marker else ""
    hashes = " \\\n".join(f"    --hash=sha256:{digest}" for digest in package.hashes)
    return f"{package.name}=={package.version}{marker} \\\n{hashes}\n"
