"""Turns `nox --list --json --tags environment` into the matrix of upgrade.yml: one machine class each."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Hosted where any machine will do; else one of our own, which is labelled with its class.
HOSTED = {"cpu": "ubuntu-24.04"}


def matrix(sessions: list[dict[str, str]]) -> dict[str, list[dict[str, object]]]:
    """One entry for each session ``setup-NAME``."""
    names = [session["session"].removeprefix("setup-") for session in sessions]
    return {"include": [entry(name) for name in names]}


def entry(name: str) -> dict[str, object]:
    """Where a machine class is asked, in which image if in any, and what is installed there."""
    environment = read(ROOT / "envs" / f"{name}.toml")
    platform = environment["platform"]
    python = read(ROOT / "envs" / "platforms" / f"{platform}.toml")["python"]
    where: object = HOSTED.get(name, ["self-hosted", name])
    image = name if environment.get("container") else ""
    return {"environment": name, "platform": platform, "python": python, "image": image, "runs-on": where}


def read(path: Path) -> dict[str, Any]:
    """A TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    print(f"matrix={json.dumps(matrix(json.loads(Path(sys.argv[1]).read_text(encoding='utf-8'))))}")
