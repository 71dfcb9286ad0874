"""``verify checks``: what can be asked."""

import argparse
import json
from pathlib import Path
from typing import Any

from verify.errors import Exit, UsageError
from verify.probe.check import LEVELS, Check
from verify.probe.discover import find_checks


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--level", choices=LEVELS, default="certify", help="only what this level asks (default: certify)"
    )
    parser.add_argument(
        "--checks", metavar="DIR", action="append", default=[], help="also your own checks in this folder"
    )
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """List the checks of a level."""
    reach = LEVELS.index(arguments.level)
    found = [check for check in checks_in(arguments.checks) if LEVELS.index(check.terms.level) <= reach]
    if arguments.json:
        print(json.dumps([_as_json(check) for check in found], indent=2))
        return Exit.HOLDS
    width = max((len(check.id) for check in found), default=0)
    for check in found:
        print(f"{check.terms.level:8} {check.id:{width}}  {' '.join(check.terms.devices) or '-':17}  {check.title}")
    print(f"{len(found)} checks")
    return Exit.HOLDS


def checks_in(folders: list[str]) -> list[Check]:
    """The suite's checks and those in the folders.

    Raises:
        UsageError: A file of checks cannot be loaded.
    """
    suite = find_checks()
    if not folders:
        return suite
    from verify.run.own import own_checks

    own = own_checks([Path(folder) for folder in folders])
    taken = {check.id for check in suite} & {check.id for check in own}
    if taken:
        raise UsageError(f"--checks: {', '.join(sorted(taken))} is a check of the suite", "give yours another name")
    return [*suite, *own]


def _as_json(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "kind": check.kind,
        "level": check.terms.level,
        "devices": list(check.terms.devices),
        "needs": list(check.terms.needs),
        "timeout_seconds": check.terms.timeout_seconds,
        "optional": check.terms.optional,
        "title": check.title,
        "advice": check.advice,
    }
