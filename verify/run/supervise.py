"""Asking every job of a plan: one fresh process each, two side by side where nothing is measured."""

import contextlib
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from verify.errors import VerifyError
from verify.probe import cgroup
from verify.run import kernels
from verify.run.answer import Answer, answer_from
from verify.run.child import Children, Ending, Start, program, supervise
from verify.run.forkserver import Server, modules_of, servers, shared_by
from verify.run.plan import Job

LAUNCH = Path(__file__).resolve().parents[1] / "probe" / "launch.py"
FACTS_TIMEOUT_SECONDS = 180.0
SEED = 20_260_101
# The path of a socket may have 103 bytes on macOS, of which multiprocessing takes 32 below the temporary folder; where
# it has more, multiprocessing hangs.
LONGEST_TEMPORARY = 103 - 32
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and with what the questions are asked.

    Attributes:
        python: The interpreter under test.
        environment: The exact environment variables of every worker.
        root: The project.
        lock: The lock the environment was built from.
        cache: Kept between runs, for material that is costly to make.
        scratch: An empty folder of this run's own.
        processors: How many this machine has.
        together: How many jobs that are no benchmarks run side by side.
    """

    python: Path
    environment: Mapping[str, str]
    root: Path
    lock: Path
    cache: Path
    scratch: Path
    processors: int
    together: int = 2
    children: Children = field(default_factory=Children)


def collect_facts(bench: Bench) -> dict[str, Any]:
    """What the interpreter under test says of the machine and of itself.

    Raises:
        VerifyError: It says nothing.
    """
    folder = _folder(bench)
    ending, answer = _put(bench, folder, {"ask": "facts"}, bench.processors, FACTS_TIMEOUT_SECONDS)
    if ending.memory_killed:
        allowed = cgroup.memory_limit_bytes() or 0
        raise VerifyError(
            f"the kernel ended {bench.python.name} for want of memory: {allowed / MEGABYTE:,.0f} MB are allowed here",
            "give the container, or the job, the memory that the machine class promises",
        )
    try:
        found: dict[str, Any] = json.loads(answer.read_bytes())
    except (OSError, ValueError) as error:
        last = (ending.log.strip().splitlines() or [str(error)])[-1]
        raise VerifyError(
            f"{bench.python} cannot say what it is: {last}",
            "set the environment up again: ./noxw -s setup -- --recreate",
        ) from error
    return found


def ask_all(jobs: Sequence[Job], bench: Bench, started: Callable[[Job], None]) -> Iterator[Answer]:
    """The answers, as they come: first the jobs that may share the machine, then the benchmarks one by one.

    Whatever ends the iteration early ends every process with it.

    Args:
        jobs: The plan.
        bench: Where to ask.
        started: Told of each job when its process is about to start, from the thread that starts it.
    """
    # Those that share a fork server one after the other, so that it need not be kept for long.
    ordered = sorted(jobs, key=lambda job: (job.alone, shared_by(job)))
    for alone, group in itertools.groupby(ordered, key=lambda job: job.alone):
        yield from _ask_group(list(group), bench, started, 1 if alone else bench.together)


def _ask_group(jobs: Sequence[Job], bench: Bench, started: Callable[[Job], None], together: int) -> Iterator[Answer]:
    threads = max(1, bench.processors // together)

    def ask(job: Job) -> Answer:
        if job.skip:
            return Answer(job, "skipped", job.skip)
        if bench.children.stopped:
            return Answer(job, "skipped", "the run was interrupted")
        started(job)
        with shared.of(job) as server:
            return _ask(job, bench, threads, server)

    pool = ThreadPoolExecutor(together, thread_name_prefix="supervisor")
    with contextlib.ExitStack() as ending:
        shared = ending.enter_context(servers(jobs, partial(_launch_server, bench, threads), bench.children))
        # Undone from the last to the first: whatever ends this early ends the processes that the pool waits for.
        ending.callback(pool.shutdown, cancel_futures=True)
        early = ending.enter_context(contextlib.ExitStack())
        early.callback(bench.children.stop)
        futures: list[Future[Answer]] = [pool.submit(ask, job) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
        early.pop_all()


def _launch_server(bench: Bench, threads: int, modules: Sequence[str]) -> Start:
    """How a fork server for some modules is started, in a folder that is its for the whole run."""
    folder = _folder(bench)
    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "request.json").write_text(json.dumps({"ask": "fork", "modules": modules}), encoding="utf-8")
    return _program(bench, folder, threads, scratch)


def _ask(job: Job, bench: Bench, threads: int, server: Server | None) -> Answer:
    folder = _folder(bench)
    request = {
        "ask": "check",
        "source": job.check.source,
        "claim": job.check.id.rpartition(".")[2],
        "modules": modules_of(job),
        "device": job.device or "",
        "seed": SEED,
        "lock": str(bench.lock),
        "cache": str(bench.cache),
        "settings": job.settings,
    }
    kept = kernels.kept_for(job, bench.scratch)
    try:
        ending, answer = _put(
            bench, folder, request, threads, job.check.terms.timeout_seconds, server=server, kept=kept
        )
        return answer_from(job, ending, answer, interrupted=bench.children.stopped)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(
    bench: Bench,
    folder: Path,
    request: Mapping[str, Any],
    threads: int,
    timeout_seconds: float,
    *,
    server: Server | None = None,
    kept: Path | None = None,
) -> tuple[Ending, Path]:
    """Put a request to a worker; its ending, and where its answer is if it left one.

    Args:
        bench: Where to ask.
        folder: Of this question.
        request: What is asked.
        threads: How many the worker may keep busy.
        timeout_seconds: After which it is ended.
        server: That forks the worker; without one it is started.
        kept: Where compiled kernels are found, and left; None for neither.
    """
    scratch, asked, answer = folder / "scratch", folder / "request.json", folder / "answer.json"
    scratch.mkdir()
    known = {"answer": str(answer), "scratch": str(scratch), "root": str(bench.root), "threads": threads}
    asked.write_text(json.dumps({**request, **known}), encoding="utf-8")
    with _temporary(scratch) as temporary:
        start = _program(bench, folder, threads, temporary)
        if server:
            places = {"request": str(asked), "folder": str(scratch), "temporary": str(temporary)}
            start = server.start(places, start)
        if kept:
            kernels.carry(kept, temporary / kernels.FOLDER)
        ending = supervise(start, timeout_seconds=timeout_seconds, children=bench.children)
        # One that was killed may have been compiling.
        if kept and not ending.code:
            kernels.carry(temporary / kernels.FOLDER, kept)
    return ending, answer


def _program(bench: Bench, folder: Path, threads: int, temporary: Path) -> Start:
    """How the interpreter under test is started on the request in a folder."""
    count = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    words = [str(bench.python), "-P", "-X", "faulthandler", str(LAUNCH), str(folder / "request.json")]
    variables = {**bench.environment, **count, "TMPDIR": str(temporary)}
    return program(words, environment=variables, cwd=folder / "scratch")


@contextlib.contextmanager
def _temporary(scratch: Path) -> Iterator[Path]:
    """A worker's temporary folder: its scratch folder, or one elsewhere when the path of a socket there is too long."""
    if len(os.fsencode(scratch)) <= LONGEST_TEMPORARY:
        yield scratch
        return
    with tempfile.TemporaryDirectory(prefix="v-", ignore_cleanup_errors=True) as elsewhere:
        yield Path(elsewhere)


def _folder(bench: Bench) -> Path:
    """A new folder of its own for one question.

    Its name is short, for a worker's temporary folder lies in it where the path of a socket there is short enough.
    """
    for number in itertools.count():
        folder = bench.scratch / str(number)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")
