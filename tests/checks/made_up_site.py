"""A site-packages folder that was made up: two distributions, sound, as their lock wants them, ready to be broken."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

LOCK = "# made by hand\nalpha-one==1.0 \\\n    --hash=sha256:00\nbeta==2.0+cpu ; python_version > '3'\n"


def install(site: Path, name: str, version: str, files: Mapping[str, str]) -> None:
    """What an installer leaves: the files, the metadata, and a RECORD over all of them."""
    metadata = f"{name}-{version}.dist-info"
    written = {**files, f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    lines = []
    for path, text in written.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}")
    record = [*lines, f"{metadata}/RECORD,,", f"{name}/__pycache__/x.pyc,,"]
    (site / metadata / "RECORD").write_text("\n".join(record) + "\n", encoding="utf-8")


def sound_site(root: Path) -> Path:
    """Make the folder below ``root``, with bytecode in it as imports leave it."""
    site = root / "lib" / "site-packages"
    alpha = {"alpha_one/__init__.py": "", "alpha_one/core.py": "x = 1\n", "../../bin/alpha": "#!"}
    install(site, "Alpha_One", "1.0", alpha)
    install(site, "beta", "2.0+cpu", {"beta_space/part/__init__.py": "", "beta_space/_hidden.py": ""})
    (site / "alpha_one" / "__pycache__").mkdir()
    (site / "alpha_one" / "__pycache__" / "core.cpython-311.pyc").write_bytes(b"made later")
    return site
