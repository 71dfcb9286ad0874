"""``verify checks``: what can be asked."""

import argparse
import json
from typing import Any

from verify.cli.options import place
from verify.errors import Exit
from verify.language.speech import reworded, say
from verify.probe.check import LEVELS
from verify.run.own import SUITE, Found, every_check


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--level", choices=LEVELS, default="certify", help="only what this level asks (default: certify)"
    )
    declare_own(parser)
    parser.add_argument("--json", action="store_true", help="for machines")


def declare_own(parser: argparse.ArgumentParser) -> None:
    """The option that every verb has which knows checks of a user's own."""
    parser.add_argument(
        "--checks",
        metavar="PATH",
        type=place,
        action="append",
        default=[],
        help="also your own checks, in this folder or file",
    )


def run(arguments: argparse.Namespace) -> int:
    """List the checks of a level."""
    reach = LEVELS.index(arguments.level)
    found = [item for item in every_check(arguments.checks) if LEVELS.index(item.check.terms.level) <= reach]
    if arguments.json:
        print(json.dumps([_as_json(item) for item in found], indent=2))
        return Exit.HOLDS
    width = max((len(item.check.id) for item in found), default=0)
    for item in found:
        print(_line(item, width))
    print(say("{} checks", len(found)))
    return Exit.HOLDS


def _line(item: Found, width: int) -> str:
    check = item.check
    origin = "" if item.origin == SUITE else (" " + say("(from {})", item.origin))
    devices = " ".join(check.terms.devices) or "-"
    return f"{check.terms.level:8} {check.id:{width}}  {devices:17}  {reworded(check.title)}{origin}"


def _as_json(item: Found) -> dict[str, Any]:
    check = item.check
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
        "from": item.origin,
    }
