"""macOS's `sysctl` by the C library, without starting a process."""

import ctypes


def _read(name: str) -> bytes | None:
    library = ctypes.CDLL(None)
    if not hasattr(library, "sysctlbyname"):
        return None
    size = ctypes.c_size_t(0)
    if library.sysctlbyname(name.encode(), None, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return None
    buffer = ctypes.create_string_buffer(size.value)
    if library.sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return None
    return buffer.raw[: size.value]


def text(name: str) -> str | None:
    """A string, or None where there is no such name."""
    found = _read(name)
    return found.rstrip(b"\0").decode(errors="replace") if found else None


def number(name: str) -> int | None:
    """An integer, or None where there is no such name."""
    found = _read(name)
    return int.from_bytes(found, "little") if found else None
