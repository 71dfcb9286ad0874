"""``verify setup``: from a lock to an environment."""

import argparse
import difflib
import os
import platform
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError, VerifyError
from verify.language.speech import reworded
from verify.render.kept import word

if TYPE_CHECKING:
    from verify.spec.machine import Machine


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "environment", nargs="?", help="the machine class (default: the one that fits this machine best)"
    )
    parser.add_argument("--recreate", action="store_true", help="build again even when nothing has changed")
    parser.add_argument(
        "--for-image",
        action="store_true",
        help="ask no more of this machine than that it can install it: others will run the image that is being built",
    )
    parser.add_argument(
        "--despite", metavar="ID", action="append", default=[], help="go on although this advisory refuses; repeatable"
    )


def run(arguments: argparse.Namespace) -> int:
    """Build the environment, or say that it is there already."""
    root = project_root(arguments)
    name = fitting(root, arguments.environment, for_image=arguments.for_image)
    heed(root, name, despite=arguments.despite, macos=platform.mac_ver()[0])
    from verify.spec.provision import provision

    made = provision(root, name, environ=os.environ, report=_tell, recreate=arguments.recreate)
    print(f"{made.environment}: {word(made.status)}")
    return Exit.HOLDS


def fitting(root: Path, wanted: str | None, *, for_image: bool = False) -> str:
    """The environment to use on this machine.

    Args:
        root: The project.
        wanted: The one that was named; None for the one that fits best.
        for_image: Whether other machines will use what is installed: then system and architecture count, no more.

    Raises:
        UsageError: The one that was named does not fit, or none does.
    """
    from verify.spec.environment import elsewhere, environments_that_fit, load_environment, reasons_not_to_fit
    from verify.spec.machine import this_machine

    machine = this_machine(environ=os.environ)
    if wanted is None:
        fits = environments_that_fit(root, machine)
        if not fits:
            raise UsageError("no environment in envs/ fits this machine", "describe it in a new envs/NAME.toml")
        return fits[0]
    environment = load_environment(root, wanted)
    machine = elsewhere(environment, machine) if for_image else machine
    reasons = reasons_not_to_fit(environment, machine)
    if reasons:
        raise UsageError(f"`{wanted}` does not fit this machine: it {'; it '.join(reasons)}", _choice(root, machine))
    return wanted


def heed(root: Path, name: str, *, despite: Collection[str], macos: str) -> None:
    """Tell what is known to go wrong with what the lock would install, before it is installed.

    Args:
        root: The project.
        name: The environment.
        despite: Ids of the advisories that shall not stop it.
        macos: The version of macOS here; empty on any other system.

    Raises:
        UsageError: There is no advisory of a name in `despite`, or a file is wrong.
        VerifyError: An advisory refuses the set-up.
    """
    from verify.spec.advisories import PATH, applying, read_advisories
    from verify.spec.environment import load_environment
    from verify.spec.lock import read_lock
    from verify.spec.platform import load_platform

    advisories = read_advisories(root)
    known = [advisory.id for advisory in advisories]
    for unknown in (one for one in despite if one not in known):
        near = difflib.get_close_matches(unknown, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"look into {PATH}"
        raise UsageError(f"there is no advisory `{unknown}`", hint)
    environment = load_environment(root, name)
    installed = load_platform(root, environment.platform)
    told = applying(advisories, environment, installed, read_lock(root, installed.name), macos)
    for advisory in told:
        lines = reworded(advisory.reason), f"    {reworded(advisory.advice)}", f"    {advisory.link}"
        _tell(f"{word(advisory.severity)}: {advisory.id}: " + "\n".join(lines))
    refusing = [one.id for one in told if one.severity == "refuse" and one.id not in despite]
    if refusing:
        insisting = " ".join(f"--despite {one}" for one in refusing)
        raise VerifyError(
            f"{name} is not set up, for what is known to go wrong: {', '.join(refusing)}",
            f"do as the advice above says, or insist: verify setup {name} {insisting}",
        )


def _choice(root: Path, machine: "Machine") -> str:
    """Say what fits; another environment's broken file is only a remark, for it was not asked for."""
    from verify.spec.environment import environments_that_fit

    try:
        fits = environments_that_fit(root, machine)
    except UsageError as error:
        return f"what fits here cannot be told: {error.message}"
    return f"what fits here: {', '.join(fits)}" if fits else "no environment in envs/ fits this machine"


def _tell(line: str) -> None:
    print(reworded(line), file=sys.stderr, flush=True)
