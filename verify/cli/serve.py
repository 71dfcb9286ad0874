"""``verify serve``: the history in a browser, and jobs that are started and watched there."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli.options import given, place
from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.language.speech import say

if TYPE_CHECKING:
    from verify.report.overview import Listed
    from verify.serve.access import Access
    from verify.serve.orders import Grounds

PORT = 8765
HIGHEST_PORT = 65_535
LAST = 200


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--port", type=_port, default=PORT, metavar="N", help=f"default: {PORT}; 0 takes a free one")
    parser.add_argument("--host", type=given, default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    parser.add_argument(
        "--beyond-loopback",
        action="store_true",
        help="let other machines reach it: what is sent, the token too, can then be read on the way",
    )
    parser.add_argument(
        "--folder",
        type=place,
        action="append",
        default=[],
        metavar="DIR",
        help="data and models may also lie here (default: only in the project and in the current folder)",
    )


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= HIGHEST_PORT:
        raise ValueError
    return number


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; the job that runs then is ended too."""
    root = project_root(arguments)
    return served(arguments, root, [sys.executable, "-P", "-m", "verify", "--root", str(root)])


def served(arguments: argparse.Namespace, root: Path, command: Sequence[str]) -> int:
    """Serve a project whose jobs are done by a command.

    Raises:
        UsageError: The options cannot be followed.
        VerifyError: Nothing can be listened at.
    """
    from verify.serve.access import Access, is_loopback
    from verify.serve.app import application
    from verify.serve.context import Context
    from verify.serve.runner import Runner
    from verify.serve.server import listening, serve

    if not is_loopback(arguments.host) and not arguments.beyond_loopback:
        raise UsageError(
            f"--host {arguments.host} lets other machines reach this server",
            "add --beyond-loopback if that is meant, or tunnel: ssh -t -L 8765:127.0.0.1:8765 MACHINE verify serve",
        )
    folders = _folders(root, arguments.folder)
    listener = listening(arguments.host, arguments.port)
    access, runner = Access(listener.getsockname()[1], arguments.beyond_loopback), Runner(command, root)
    _tell(arguments.host, access)
    try:
        serve(
            lambda ending: application(
                Context(
                    access=access,
                    runner=runner,
                    grounds=lambda: _grounds(root, folders),
                    listed=lambda: _listed(root),
                    dashboard=lambda: _dashboard(root),
                    ending=ending,
                )
            ),
            listener,
        )
    finally:
        if runner.current:
            print(say("ending the job that runs; interrupt once more to end it at once"), file=sys.stderr)
        runner.close()
    print(say("ended; nothing was left running"), file=sys.stderr)
    return Exit.HOLDS


def _tell(host: str, access: "Access") -> None:
    """The one time that the token is told."""
    shown = f"[{host}]" if ":" in host else host
    print(say("open {}", f"http://{shown}:{access.port}/?token={access.token}"), flush=True)
    print(say("whoever has this address can start jobs here; Ctrl-C ends the server and its job"), file=sys.stderr)
    if access.beyond_loopback:
        print(say("warning: other machines can reach it, and nothing that is sent is encrypted"), file=sys.stderr)


def _folders(root: Path, named: list[Path]) -> tuple[Path, ...]:
    """Where data may lie, wherever links lead.

    Raises:
        UsageError: One is no folder.
    """
    found = [Path(os.path.realpath(place)) for place in (root, Path.cwd(), *named)]
    missing = next((place for place in found if not place.is_dir()), None)
    if missing:
        raise UsageError(f"--folder {missing} is no folder", "name one that is there")
    return tuple(dict.fromkeys(found))


def _grounds(root: Path, folders: tuple[Path, ...]) -> "Grounds":
    from verify.serve.orders import Grounds
    from verify.spec.builds import live_build
    from verify.spec.environment import environment_names

    return Grounds(root, folders, [name for name in environment_names(root) if live_build(root, name)])


def _listed(root: Path) -> "list[Listed]":
    from verify.cli.index import fresh_index
    from verify.report.overview import listed

    return listed(fresh_index(root), None)


def _dashboard(root: Path) -> str:
    from verify.cli.dashboard import dashboard
    from verify.cli.report import NOTHING
    from verify.render.html.dashboard import render

    history = dashboard(root, None, LAST)
    if not history.reports:
        raise NOTHING
    return render(history)
