"""``verify fleet answer``: what a node runs: it certifies itself in a project of its own and leaves its report."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from verify.cli.bench import declare_environment
from verify.errors import UsageError, VerifyError
from verify.fleet.node import own_project
from verify.fleet.script import OUT, REPORT
from verify.probe.check import LEVELS
from verify.report.disk import LOCAL, settle, stage

SUMMARY = "what a node runs: certify it, and leave the report in $VERIFY_FLEET_OUT"


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--level", choices=LEVELS, default="certify", help="how much to ask (default: certify)")


def act(arguments: argparse.Namespace, root: Path) -> int:
    """Run the suite; the exit code is that of `verify run`."""
    from verify.cli import run

    out = os.environ.get(OUT)
    if not out:
        raise UsageError(f"${OUT} is not set", "`verify fleet run` starts this on every node")
    own = Path(tempfile.mkdtemp(prefix="verify-"))
    try:
        project = own_project(root, own)
        parser = argparse.ArgumentParser()
        run.declare(parser)
        words = ["--level", arguments.level]
        words += ["--environment", arguments.environment] if arguments.environment else []
        asked = parser.parse_args(words)
        asked.root = str(project)
        code = run.run(asked)
        _leave(project, Path(out))
    finally:
        shutil.rmtree(own, ignore_errors=True)
    return code


def _leave(project: Path, out: Path) -> None:
    """The report under its final name, whole or not at all."""
    from verify.report.history import environments, stored

    made = [path for name in environments(project) for path in stored(project, name)]
    if len(made) != 1:
        raise VerifyError(f"the run made {len(made)} reports, not one", "look at the log beside this")
    settle(LOCAL, stage(LOCAL, out / REPORT, made[0].read_bytes()), out / REPORT)
