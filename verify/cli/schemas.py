"""``verify schemas``: the JSON Schemas, from the models."""

import argparse

from verify.cli.surroundings import project_root
from verify.errors import Exit
from verify.render.kept import word


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when one would change")


def run(arguments: argparse.Namespace) -> int:
    """Write what has changed, or say so."""
    from verify.schemas import write_schemas

    changed = write_schemas(project_root(arguments), check=arguments.check)
    for name in changed:
        print(f"schemas/{name}: {word('outdated' if arguments.check else 'written')}")
    if not changed:
        print(f"schemas/: {word('unchanged')}")
    return Exit.REFUSED if arguments.check and changed else Exit.HOLDS
