"""A small project with one machine class, one platform, one lock, and a uv that only pretends."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from verify.spec.lock import LockedPackage, format_lock

ENVIRONMENT = """\
title = "A box"
platform = "box"
devices = ["cpu"]
container = false

[machine]
system = "Linux"
arch = "x86_64"
memory_gb_at_least = 4
"""

PLATFORM = """\
title = "A box"
python = "3.11"
python_platform = "x86_64-manylinux_2_35"
disk_gb_at_least = 0.001
requirements = ["torch==2.0", "numpy"]
"""

UV = """\
#!/bin/sh
# Pretends to be uv: keeps its words, and does what FAKE_UV says.
echo "$* ($UV_LINK_MODE)" >> "$FAKE_LOG"
for last; do :; done
case "$1 $FAKE_UV" in
    "venv no-python")
        echo "error: No interpreter found for Python 3.11 in managed installations or search path" >&2
        exit 2 ;;
    "venv "*) mkdir -p "$last/bin"; printf '#!/bin/sh\\n' > "$last/bin/python"; chmod +x "$last/bin/python" ;;
    "pip wrong-hash")
        printf 'error: Failed to download `numpy==2.0`\\n  cause: Hash mismatch for `numpy==2.0`\\n' >&2
        exit 1 ;;
    "pip full") echo "error: failed to write: No space left on device (os error 28)" >&2; exit 2 ;;
    "pip dead")
        printf 'error: Failed to fetch: `https://index.invalid/`\\n  cause: dns error\\n' >&2
        exit 2 ;;
    "pip odd") echo "something else" >&2; exit 7 ;;
    "pip wait") echo started >&2; sleep 60 ;;
    "pip "*) cp "$last" "$(dirname "$last")/installed.txt" ;;
esac
"""


def digest_of(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


PACKAGES = (
    LockedPackage("numpy", "2.0", (digest_of(1), digest_of(2))),
    LockedPackage("torch", "2.0", (digest_of(3),)),
)


def write_lock(root: Path, packages: tuple[LockedPackage, ...] = PACKAGES) -> bytes:
    source = sha256((root / "envs" / "platforms" / "box.toml").read_bytes()).hexdigest()
    data = format_lock("box", source, packages)
    (root / "lockfiles").mkdir(exist_ok=True)
    (root / "lockfiles" / "box.txt").write_bytes(data)
    return data


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    (root / "envs" / "platforms").mkdir(parents=True)
    (root / "envs" / "box.toml").write_text(ENVIRONMENT)
    (root / "envs" / "platforms" / "box.toml").write_text(PLATFORM)
    write_lock(root)
    return root


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """An environment in which uv pretends and pip has nothing to say."""
    programs = tmp_path / "programs"
    programs.mkdir()
    uv = programs / "uv"
    for path, text in ((uv, UV), (programs / "python3", "#!/bin/sh\n")):
        path.write_text(text)
        path.chmod(0o755)
    return {"PATH": f"{programs}:/usr/bin:/bin", "VERIFY_UV": str(uv), "FAKE_LOG": str(tmp_path / "log"), "FAKE_UV": ""}
