"""Which machine this is, without saying who it is."""

import ctypes
import hashlib
import secrets
import sys
from pathlib import Path

SALT = b"llm-verify machine\0"
LINUX_IDS = (Path("/etc/machine-id"), Path("/sys/class/dmi/id/product_uuid"))
LENGTH = 32


def machine_id(kept: Path, ids: tuple[Path, ...] = LINUX_IDS) -> str:
    """A salted digest of the machine's own identity: the same in every run, and of no use for finding it.

    A container often has no identity. There a random one is made once and kept beside the environments.

    Args:
        kept: Where a made-up identity is kept.
        ids: Files that hold an identity, the best first.
    """
    own = _mac_uuid() if sys.platform == "darwin" else _first_line(ids)
    return hashlib.sha256(SALT + (own or _made_up(kept)).encode()).hexdigest()[:LENGTH]


def _first_line(ids: tuple[Path, ...]) -> str | None:
    for path in ids:
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if text:
            return text
    return None


def _mac_uuid() -> str | None:
    """The hardware's UUID from the C library; see gethostuuid(2)."""
    library = ctypes.CDLL(None)
    uuid, wait = (ctypes.c_ubyte * 16)(), (ctypes.c_long * 2)(1, 0)
    if not hasattr(library, "gethostuuid") or library.gethostuuid(uuid, wait):
        return None
    return bytes(uuid).hex()


def _made_up(kept: Path) -> str:
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Whole before it has its name, so that a kill leaves no empty identity.
        beside = kept.with_suffix(".new")
        beside.write_text(secrets.token_hex(16), encoding="ascii")
        beside.replace(kept)
    return kept.read_text(encoding="ascii").strip()
