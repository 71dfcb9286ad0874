"""``verify lock``: from what a platform wants to what exactly is installed."""

import argparse
import os

from verify.cli.surroundings import project_root
from verify.errors import Exit
from verify.language.speech import reworded
from verify.render.kept import word


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("name", nargs="*", help="platforms, `tools` or `tests` (default: all)")
    parser.add_argument("--upgrade", action="store_true", help="forget the pins, take the newest versions that fit")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a lock would change")


def run(arguments: argparse.Namespace) -> int:
    """Resolve the locks that are named."""
    from verify.spec.resolve import lock_names, make_lock

    root = project_root(arguments)
    outdated = False
    for name in arguments.name or lock_names(root):
        made = make_lock(root, name, environ=os.environ, upgrade=arguments.upgrade, check=arguments.check)
        outdated |= made.status == "outdated"
        print(f"{made.path.relative_to(root)}: {word(made.status)}")
        for change in made.changes:
            print(f"    {reworded(change)}")
    return Exit.REFUSED if outdated else Exit.HOLDS
