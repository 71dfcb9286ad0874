"""Wheels and locks with a known fault in them: what is installed, packed again after an edit, under its own version."""

import base64
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from hashlib import sha256
from pathlib import Path, PurePosixPath

from verify.probe.package_name import normalised
from verify.spec.lock import Lock, format_lock

# What an installer writes beside what the wheel brought.
INSTALLED = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
THEN = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel in a folder.

    Attributes:
        path: The file.
        sha256: Its digest, 64 hexadecimal digits.
        name: Normalised name.
        version: Version.
    """

    path: Path
    sha256: str
    name: str
    version: str


def repacked(
    site_packages: Path, distribution: str, *, version: str, edits: Mapping[str, tuple[str, str]], folder: Path
) -> Wheel:
    """Pack an installed distribution of pure Python as a wheel again; equal edits give equal bytes.

    Commands are made by the installer from its entry points; scripts of any other kind are lost.

    Args:
        site_packages: Where it is installed; nothing there is touched.
        distribution: Its name.
        version: The version that the wheel gets, such as ``0.21.2+slow``; what the code says of itself stays.
        edits: For files, by their path below site-packages, a text that occurs there once and what takes its place.
        folder: Where the wheel is written.

    Raises:
        ValueError: It is not installed or not pure Python, a file is not its own, or a text does not occur once.
    """
    info = _info(site_packages, distribution)
    tag = HeaderParser().parsestr((info / "WHEEL").read_text())["Tag"]
    if not tag.endswith("-none-any"):
        raise ValueError(f"{distribution} is built for {tag}: only pure Python is packed again")
    stem = f"{normalised(distribution).replace('-', '_')}-{version}"
    contents = _edited(dict(_contents(info)), edits)
    metadata = contents[f"{info.name}/METADATA"].decode()
    contents[f"{info.name}/METADATA"] = re.sub(r"(?m)^Version: .*$", f"Version: {version}", metadata, count=1).encode()
    renamed = {
        name.replace(f"{info.name}/", f"{stem}.dist-info/", 1) if name.startswith(f"{info.name}/") else name: data
        for name, data in contents.items()
    }
    path = folder / f"{stem}-{tag}.whl"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_zipped(renamed, f"{stem}.dist-info/RECORD"))
    return Wheel(path, sha256(path.read_bytes()).hexdigest(), normalised(distribution), version)


def planted_lock(lock: Lock, wheels: Sequence[Wheel]) -> bytes:
    """The bytes of a lock with these wheels, and no other files, in the place of what it locks under their names.

    Raises:
        ValueError: The lock has no package of such a name.
    """
    planted = {wheel.name: wheel for wheel in wheels}
    missing = planted.keys() - {package.name for package in lock.packages}
    if missing:
        raise ValueError(f"the lock does not hold {', '.join(sorted(missing))}")
    packages = [
        replace(package, version=planted[package.name].version, hashes=(planted[package.name].sha256,))
        if package.name in planted
        else package
        for package in lock.packages
    ]
    return format_lock(lock.platform, lock.platform_digest, packages)


def _info(site_packages: Path, distribution: str) -> Path:
    found = [
        folder
        for folder in site_packages.glob("*.dist-info")
        if normalised(folder.name.partition("-")[0]) == normalised(distribution)
    ]
    if len(found) != 1:
        raise ValueError(f"{distribution} is installed {len(found)} times in {site_packages}")
    return found[0]


def _contents(info: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what the wheel brought, by the RECORD of the installation."""
    with (info / "RECORD").open(newline="") as lines:
        for name, *_ in csv.reader(lines):
            place = PurePosixPath(name)
            ours = not (place.parts[0] == ".." or "__pycache__" in place.parts)
            if ours and not (place.parts[0] == info.name and place.name in INSTALLED):
                yield name, (info.parent / name).read_bytes()


def _edited(contents: Mapping[str, bytes], edits: Mapping[str, tuple[str, str]]) -> dict[str, bytes]:
    edited = dict(contents)
    for name, (old, new) in edits.items():
        text = edited.get(name, b"").decode()
        if text.count(old) != 1:
            raise ValueError(f"{name} holds the text to edit {text.count(old)} times: {old!r}")
        edited[name] = text.replace(old, new).encode()
    return edited


def _zipped(contents: Mapping[str, bytes], record: str) -> bytes:
    held, lines = io.BytesIO(), io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(contents.items()):
            archive.writestr(zipfile.ZipInfo(name, THEN), data, zipfile.ZIP_DEFLATED)
            digest = base64.urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()
            rows.writerow((name, f"sha256={digest}", len(data)))
        rows.writerow((record, "", ""))
        archive.writestr(zipfile.ZipInfo(record, THEN), lines.getvalue(), zipfile.ZIP_DEFLATED)
    return held.getvalue()
