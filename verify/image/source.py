"""What of the project an image holds, and its digest."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from verify.spec.files import refused

# What the Dockerfile copies: .dockerignore lets in these and no others.
SHIPPED: Final = (
    "LICENSE",
    "README.md",
    "envs",
    "examples",
    "lockfiles",
    "noxfile.py",
    "noxw",
    "policy",
    "pyproject.toml",
    "schemas",
    "verify",
)
# Of those, what Python, editors and upgrades leave there.
LEFT_OUT: Final = ("**/__pycache__", "**/*.pyc", "**/.*", "lockfiles/*.candidate.txt")


def shipped(root: Path) -> Iterator[Path]:
    """The files that an image holds of the project, in the order of their names."""
    places = [root / name for name in SHIPPED]
    every = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    yield from sorted(file for file in every if not _left_out(file.relative_to(root)))


def source_digest(root: Path) -> str:
    """SHA-256 over the names and the contents of these files, 64 hexadecimal digits.

    Raises:
        StorageError: One of them cannot be read.
    """
    whole = sha256()
    for file in shipped(root):
        try:
            digest = sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise refused(file, error) from error
        whole.update(f"{digest}  {file.relative_to(root).as_posix()}\n".encode())
    return whole.hexdigest()


def _left_out(name: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
    return hidden or name.suffix == ".pyc" or name.match("lockfiles/*.candidate.txt")
