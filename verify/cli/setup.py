"""``verify setup``: from a lock to an environment."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError

if TYPE_CHECKING:
    from verify.spec.machine import Machine


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "environment", nargs="?", help="the machine class (default: the one that fits this machine best)"
    )
    parser.add_argument("--recreate", action="store_true", help="build again even when nothing has changed")


def run(arguments: argparse.Namespace) -> int:
    """Build the environment, or say that it is there already."""
    root = project_root(arguments)
    name = fitting(root, arguments.environment)
    from verify.spec.provision import provision

    made = provision(root, name, environ=os.environ, report=_tell, recreate=arguments.recreate)
    print(f"{made.environment}: {made.status}")
    return Exit.HOLDS


def fitting(root: Path, wanted: str | None) -> str:
    """The environment to use on this machine.

    Raises:
        UsageError: The one that was named does not fit, or none does.
    """
    from verify.spec.environment import environments_that_fit, load_environment, reasons_not_to_fit
    from verify.spec.machine import this_machine

    machine = this_machine(environ=os.environ)
    if wanted is None:
        fits = environments_that_fit(root, machine)
        if not fits:
            raise UsageError("no environment in envs/ fits this machine", "describe it in a new envs/NAME.toml")
        return fits[0]
    reasons = reasons_not_to_fit(load_environment(root, wanted), machine)
    if reasons:
        raise UsageError(f"`{wanted}` does not fit this machine: it {'; it '.join(reasons)}", _choice(root, machine))
    return wanted


def _choice(root: Path, machine: "Machine") -> str:
    """Say what fits; another environment's broken file is only a remark, for it was not asked for."""
    from verify.spec.environment import environments_that_fit

    try:
        fits = environments_that_fit(root, machine)
    except UsageError as error:
        return f"what fits here cannot be told: {error.message}"
    return f"what fits here: {', '.join(fits)}" if fits else "no environment in envs/ fits this machine"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
