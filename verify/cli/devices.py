"""``verify devices``: is the accelerator built in, available, computing."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from verify.cli.bench import bench_for, declare_environment
from verify.cli.surroundings import project_root
from verify.errors import Exit
from verify.language.speech import each, reworded, say
from verify.language.width import padded

GIGABYTE = 1e9
WIDTHS = (8, 10, 7, 11, 10, 0)


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Ask the environment's interpreter; 1 when a promised device does not compute."""
    from verify.run.supervise import collect_facts
    from verify.spec.environment import load_environment

    root = project_root(arguments)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        bench, interpreter = bench_for(root, arguments.environment, Path(folder))
        facts = collect_facts(bench)
    promised = load_environment(root, interpreter.environment).devices
    if arguments.json:
        told = {"environment": interpreter.environment, "promised": list(promised), "devices": facts["devices"]}
        print(json.dumps(told, indent=2))
    else:
        _show(interpreter.environment, facts["devices"], promised)
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        print(say("warning: PYTHONDONTWRITEBYTECODE is set in this shell; checks run without it"), file=sys.stderr)
    broken = [device["name"] for device in facts["devices"] if device["name"] in promised and not device["computes"]]
    return Exit.REFUSED if broken else Exit.HOLDS


def _show(environment: str, devices: list[dict[str, Any]], promised: tuple[str, ...]) -> None:
    print(say("environment {} promises {}", environment, ", ".join(promised)) + "\n")
    rows = [each("device", "promised", "built", "available", "computes", "about")]
    for device in devices:
        flags = [device["name"] in promised, device["built"], device["available"], device["computes"]]
        rows.append((device["name"], *(say("yes") if flag else say("no") for flag in flags), _about(device)))
    for row in rows:
        print("".join(padded(cell, width) for cell, width in zip(row, WIDTHS, strict=True)).rstrip())


def _about(device: dict[str, Any]) -> str:
    if device["problem"]:
        return reworded(str(device["problem"]))
    memory = f"{device['memory_bytes'] / GIGABYTE:.1f} GB" if device["memory_bytes"] else None
    cores = say("{} cores", device["cores"]) if device["cores"] else None
    driver = say("driver {}", device["driver"]) if device["driver"] else None
    return ", ".join(part for part in (device["title"], cores, memory, driver, device["runtime"]) if part)
