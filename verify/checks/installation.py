"""What is installed, read from the metadata that installers leave: distributions, their files and their hashes."""

import base64
import csv
import hashlib
import importlib.machinery
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from verify.probe.package_name import normalised

PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
# RECORD cannot hold its own hash, nor the signatures made over it; bytecode is made after installing.
# https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
WITHOUT_HASH = ("RECORD", "RECORD.jws", "RECORD.p7s")
SUFFIXES = tuple(importlib.machinery.all_suffixes())


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution.

    Attributes:
        name: Normalised, as locks write it.
        version: What its METADATA says.
        metadata: Its ``.dist-info`` folder.
    """

    name: str
    version: str
    metadata: Path

    @property
    def site(self) -> Path:
        """The folder that the paths in RECORD start from."""
        return self.metadata.parent


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One line of a RECORD; the hash is empty where an installer may leave it out."""

    path: Path
    name: str
    algorithm: str
    digest: str


def locked_versions(lock: Path) -> dict[str, str]:
    """The pinned version of each distribution in a lock."""
    pins = (PINNED.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return {normalised(pin[1]): pin[2] for pin in pins if pin}


def same_version(locked: str, installed: str) -> bool:
    """Whether the installed version is the locked one; a pin without a local part takes any build of its version.

    https://packaging.python.org/en/latest/specifications/version-specifiers/#version-matching
    """
    return installed == locked or ("+" not in locked and installed.partition("+")[0] == locked)


def site_folders() -> list[Path]:
    """Where this interpreter's distributions are; one folder, except where compiled ones have their own."""
    return sorted({Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")})


def distributions(sites: Iterable[Path]) -> list[Distribution]:
    """Every distribution in the folders; one that appears twice is listed twice."""
    return [_described(folder) for site in sites for folder in sorted(site.glob("*.*-info"))]


def _described(folder: Path) -> Distribution:
    text = next((file for file in (folder / "METADATA", folder / "PKG-INFO") if file.is_file()), None)
    headers = HeaderParser().parsestr(text.read_text(encoding="utf-8", errors="replace") if text else "")
    stem = folder.stem.partition("-")
    return Distribution(normalised(headers.get("Name") or stem[0]), headers.get("Version") or "unknown", folder)


def recorded_files(distribution: Distribution) -> list[RecordedFile]:
    """The files of a distribution by its RECORD; none if it has no RECORD."""
    record = distribution.metadata / "RECORD"
    if not record.is_file():
        return []
    with record.open(encoding="utf-8", newline="") as lines:
        return [_recorded(distribution.site, row) for row in csv.reader(lines) if row]


def _recorded(site: Path, row: list[str]) -> RecordedFile:
    name, hashed, *_ = [*row, "", ""]
    algorithm, _, digest = hashed.partition("=")
    return RecordedFile(site / name, name, algorithm, digest)


def differences(distribution: Distribution) -> Iterator[str]:
    """What of a distribution is not as its RECORD says, one line a file."""
    files = recorded_files(distribution)
    if not files:
        yield f"{distribution.name} {distribution.version} has no RECORD"
    with ThreadPoolExecutor() as pool:
        yield from filter(None, pool.map(difference, files))


def difference(file: RecordedFile) -> str | None:
    """What is wrong with one file, or None."""
    if file.path.suffix == ".pyc" and not file.digest:
        return None
    if not file.path.is_file():
        return f"{file.name} is missing"
    if not file.digest:
        return None if file.path.name in WITHOUT_HASH else f"{file.name} has no hash in RECORD"
    if file.algorithm not in hashlib.algorithms_guaranteed:
        return f"{file.name} is hashed with {file.algorithm}, which is unknown here"
    return None if _digest(file) == file.digest else f"{file.name} differs from RECORD"


def _digest(file: RecordedFile) -> str:
    with file.path.open("rb", buffering=0) as content:
        digest = hashlib.file_digest(content, file.algorithm).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def unaccounted(sites: Iterable[Path], owned: set[Path]) -> Iterator[Path]:
    """Files and links that no RECORD names, bytecode aside: Python would import them all the same."""
    for site in sites:
        strays = (path for path in site.rglob("*") if path not in owned and _importable_file(path))
        yield from (path.relative_to(site) for path in sorted(strays))


def _importable_file(path: Path) -> bool:
    """A link counts wherever it leads and lies: what is behind one that leads to a folder is not walked through."""
    return path.is_symlink() or (path.parent.name != "__pycache__" and path.is_file())


def lets_others_in() -> Iterator[str]:
    """The setting that adds the system's packages to this environment's, where it is on.

    Python takes the file beside itself before the one above: https://docs.python.org/3/library/site.html
    """
    for folder in dict.fromkeys((Path(sys.executable).parent, Path(sys.prefix))):
        file = folder / "pyvenv.cfg"
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
        settings = {key.strip().lower(): value.strip().lower() for key, _, value in (x.partition("=") for x in lines)}
        if settings.get("include-system-site-packages") == "true":
            yield "pyvenv.cfg has include-system-site-packages = true, so packages from outside are imported too"


def importable(distribution: Distribution) -> list[str]:
    """The modules to import so that a distribution is known to load: its topmost ones, as RECORD names them.

    A folder without ``__init__.py`` is a namespace, which imports whatever is broken inside it: there the
    modules one level down count.
    """
    paths = [Path(file.name) for file in recorded_files(distribution)]
    packages = {path.parent for path in paths if path.name == "__init__.py"}
    names = {_module(path, packages) for path in paths if path.name.endswith(SUFFIXES) and ".." not in path.parts}
    return sorted(name for name in names if name)


def _module(path: Path, packages: set[Path]) -> str | None:
    parts = (*path.parts[:-1], path.name.partition(".")[0])
    depth = next((depth for depth in (1, 2) if Path(*parts[:depth]) in packages or len(parts) == depth), 0)
    *namespace, name = parts[:depth] or ("",)
    if not all(part.isidentifier() for part in (*namespace, name)) or (namespace and name.startswith("_")):
        return None
    return ".".join((*namespace, name))


def named(problems: Iterable[str], most: int = 10) -> str:
    """The problems in one line, the first few of them by name."""
    listed = list(problems)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return "; ".join(listed[:most]) + more


def drift(locked: Mapping[str, str], installed: Iterable[Distribution]) -> list[str]:
    """Where what is installed departs from what is locked, by missing or other versions."""
    found: dict[str, list[str]] = {}
    for distribution in installed:
        found.setdefault(distribution.name, []).append(distribution.version)
    return [
        f"{name} is {' and '.join(found[name])}, locked {version}" if name in found else f"{name} {version} is missing"
        for name, version in sorted(locked.items())
        if [same_version(version, other) for other in found.get(name, [])] != [True]
    ]
