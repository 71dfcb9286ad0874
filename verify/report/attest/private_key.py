"""Private keys: ed25519, in a PEM file that only its owner can read, outside of the project."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from verify.errors import StorageError, UsageError

LARGEST = 16 * 1024
PRIVATE = "a private key that others can read is theirs too: chmod 600, or make another"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_key(path: Path, root: Path, passphrase: bytes | None) -> CryptoSigner:
    """Make a key, and keep its private half in a new file with mode 0600.

    Args:
        path: The file; its folders are made where they are missing, for the owner alone.
        root: The project, below which no key is kept: sooner or later it would be committed.
        passphrase: What encrypts it; None leaves it as it is.

    Raises:
        UsageError: The file lies below the project, or exists.
        StorageError: The disk would not keep it.
    """
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise UsageError(f"{path.name} would lie inside of the project", "keep keys elsewhere: --out FILE")
    private = Ed25519PrivateKey.generate()
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    descriptor = _created(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _refused(path, error) from error
    return CryptoSigner(private)


def load_key(path: Path, passphrase: bytes | None) -> CryptoSigner:
    """The key in a PEM file.

    Args:
        path: The file.
        passphrase: What it was encrypted with; ignored where it was not.

    Raises:
        UsageError: It is no ed25519 key, others can read it, or the passphrase is wrong or missing.
        StorageError: It cannot be read.
    """
    pem = _read(path)
    encrypted = b"ENCRYPTED" in pem.partition(b"\n")[0]
    if encrypted and not passphrase:
        raise UsageError(f"{path.name} is encrypted", "give its passphrase: VERIFY_KEY_PASSPHRASE, or at the prompt")
    try:
        private = load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        said = "its passphrase is another" if encrypted else "it is no private key in PEM"
        raise UsageError(f"{path.name}: {said}", "`verify key make NAME` makes one") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"{path.name} is no ed25519 key", "`verify key make NAME` makes one")
    return CryptoSigner(private)


def is_encrypted(path: Path) -> bool:
    """Whether a key needs its passphrase.

    Raises:
        UsageError: Others can read it, or it is no key's file.
        StorageError: It cannot be read.
    """
    return b"ENCRYPTED" in _read(path).partition(b"\n")[0]


def _created(path: Path) -> int:
    """The descriptor of a new file."""
    if os.path.lexists(path):
        raise UsageError(f"{path.name} exists", "a key is never overwritten: choose another name")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, _CREATE, 0o600)
    except OSError as error:
        raise _refused(path, error) from error


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_at_once) as file:
            told = os.fstat(file.fileno())
            if not stat.S_ISREG(told.st_mode):
                raise UsageError(f"{path.name} is no regular file", "name the key's PEM file")
            if stat.S_IMODE(told.st_mode) & 0o077:
                raise UsageError(f"others than its owner can reach {path.name}", PRIVATE)
            return file.read(LARGEST)
    except OSError as error:
        raise StorageError(
            f"cannot read {path.name}: {error.strerror}", "check the path and its permissions"
        ) from error


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a pipe's writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {path.name}: {error.strerror}", "make room or mend permissions, then run again")
