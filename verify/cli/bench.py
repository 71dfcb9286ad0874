"""The bench of an environment that is set up, from what the command line knows."""

import argparse
import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from verify.cli.options import given
from verify.language.speech import say
from verify.probe import cgroup
from verify.run.supervise import Bench
from verify.spec.builds import state_directory
from verify.spec.interpreter import Interpreter, interpreter_of, with_hub
from verify.spec.lock import lock_path


def declare_environment(parser: argparse.ArgumentParser) -> None:
    """The option that every verb has which asks something of an environment."""
    parser.add_argument("--environment", metavar="NAME", type=given, help="default: the one that was set up last")


@contextlib.contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """An empty folder for one run, which holds the run's lock: what a killed run left there is swept."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bench_for(
    root: Path, environment: str | None, scratch: Path, together: int | None = None
) -> tuple[Bench, Interpreter]:
    """The bench, and the interpreter on it.

    Args:
        root: The project.
        environment: Its name; None for the one that was set up last.
        scratch: An empty folder of this run's own.
        together: How many jobs that are no benchmarks run side by side; None for what suits the machine.

    Raises:
        UsageError: It is not set up.
    """
    interpreter = interpreter_of(root, environment, environ=os.environ)
    here = processors()
    bench = Bench(
        python=interpreter.python,
        environment=interpreter.environment_variables,
        root=root,
        lock=lock_path(root, interpreter.platform),
        cache=state_directory(root) / "cache",
        scratch=scratch,
        processors=here,
        together=together or min(2, here),
    )
    return bench, interpreter


def processors() -> int:
    """How many this process may use: those it may run on, and of a container's quota the whole ones.

    More threads than a quota lets run together spend it early, and then all of them stand still until its next period.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = cgroup.processors_allowed()
    return usable if allowed is None else max(1, min(usable, int(allowed)))


def of_ones_own(bench: Bench) -> Bench:
    """The same for work of a user's own: a model may come from the hub, as far as the user's shell reaches it."""
    return replace(bench, environment=with_hub(bench.environment, os.environ))


def crowding(bench: Bench) -> str | None:
    """What to tell when more checks run side by side than there are processors; nothing when they have room."""
    if bench.together <= bench.processors:
        return None
    return say(
        "--jobs {} on {} processors: checks take them from each other, and time-outs count all the same",
        bench.together,
        bench.processors,
    )
