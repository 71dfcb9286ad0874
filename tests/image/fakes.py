"""Engines for containers that only remember what they were asked."""

import json
import os
from pathlib import Path
from typing import Any

from verify.image.engine import Engine, Image, Name

DIGEST = "5f" * 32


def put(folder: Path, name: str, script: str) -> None:
    """A program of that name, which writes down how it was called and then does what the script says."""
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{folder}/asked"\n{script}\n')
    path.chmod(0o755)


def engine(folder: Path, name: Name = "podman", script: str = "") -> Engine:
    """An engine whose program is a shell script."""
    put(folder, name, script)
    return Engine(name, {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})


def asked(folder: Path) -> list[str]:
    """What the programs were asked."""
    path = folder / "asked"
    return path.read_text().splitlines() if path.exists() else []


def told_by_podman(**labels: str) -> str:
    """What podman and docker say of an image."""
    config: dict[str, Any] = {"Labels": labels, "User": "10001:10001", "Env": ["HOME=/x"]}
    return json.dumps([{"Id": DIGEST, "Config": config}])


def told_by_buildah(**labels: str) -> str:
    """What buildah says of one."""
    return json.dumps({"FromImageID": DIGEST, "OCIv1": {"config": {"Labels": labels, "User": "10001:10001"}}})


def image(**labels: str) -> Image:
    """An image in some store."""
    return Image(f"sha256:{DIGEST}", labels, "10001:10001", ())
