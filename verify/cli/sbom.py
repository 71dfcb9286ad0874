"""``verify sbom``: the bill of materials of an environment's lock, and of an image's other packages."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import verify
from verify.cli.options import place
from verify.cli.surroundings import project_root
from verify.errors import Exit, StorageError, UsageError
from verify.probe.regular import read_regular
from verify.render.sbom import Part, Subject, sbom
from verify.spec.builds import current_environment, live_build
from verify.spec.environment import load_environment
from verify.spec.files import replace_file
from verify.spec.licences import UNKNOWN, licences_of
from verify.spec.lock import Lock, read_lock

OS_RELEASE = Path("/etc/os-release")
# A whole distribution has a few megabytes of it.
LARGEST_STATUS = 64 * 1024 * 1024


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("environment", nargs="?", help="the machine class (default: the one that was set up last)")
    parser.add_argument(
        "--dpkg", metavar="FILE", type=place, help="add what Debian's packager has installed: /var/lib/dpkg/status"
    )
    parser.add_argument("--out", metavar="FILE", type=place, help="write it there (default: print it)")


def run(arguments: argparse.Namespace) -> int:
    """Tell what the lock of an environment is made of, in CycloneDX 1.6."""
    root = project_root(arguments)
    name = arguments.environment or current_environment(root)
    if name is None:
        raise UsageError("no environment is set up", "name one: verify sbom cpu")
    lock = read_lock(root, load_environment(root, name).platform)
    parts = [*_locked(root, name, lock), *(_installed(arguments.dpkg) if arguments.dpkg else ())]
    subject = Subject(lock.platform, lock.digest, verify.__version__, _epoch())
    text = sbom(subject, parts)
    if arguments.out:
        replace_file(arguments.out, text.encode())
    else:
        print(text, end="")
    return Exit.HOLDS


def _epoch() -> int:
    """The time that the bill is said to be of; without one it is of none, so that equal locks have equal bills."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not said.isdecimal():
        raise UsageError("SOURCE_DATE_EPOCH is no number of seconds", "unset it, or give seconds since 1970")
    return int(said)


def _locked(root: Path, name: str, lock: Lock) -> Iterator[Part]:
    """The packages of the lock; their licences are known where the environment is set up."""
    build = live_build(root, name)
    licences = licences_of(build) if build else {}
    for package in lock.packages:
        licence = licences.get(package.name, UNKNOWN)
        known = None if licence == UNKNOWN else licence
        yield Part("pypi", package.name, package.version, package.hashes, known)


def _installed(status: Path) -> Iterator[Part]:
    """What dpkg has installed, by its status file (deb822: paragraphs of fields)."""
    distribution = _distribution()
    try:
        paragraphs = read_regular(status, LARGEST_STATUS).decode("utf-8", "replace").split("\n\n")
    except OSError as error:
        raise StorageError(f"{status} cannot be read: {error.strerror}", "name dpkg's status file") from error
    for paragraph in paragraphs:
        pairs = (line.partition(": ") for line in paragraph.splitlines() if not line.startswith(" "))
        fields = {name: value for name, _, value in pairs}
        if fields.get("Status", "").endswith(" installed") and {"Package", "Version"} <= fields.keys():
            yield Part(
                "deb",
                fields["Package"],
                fields["Version"],
                namespace=distribution,
                architecture=fields.get("Architecture"),
            )


def _distribution() -> str:
    """The name that the system gives its distribution, such as ``debian``."""
    lines = OS_RELEASE.read_text(encoding="utf-8").splitlines() if OS_RELEASE.exists() else []
    named = (line.partition("=")[2].strip("\"'") for line in lines if line.startswith("ID="))
    return next(named, "debian")
