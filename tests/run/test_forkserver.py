import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.run.test_supervise import ROGUES, is_gone, rogues
from verify.probe.check import Check, Device, Kind
from verify.probe.discover import find_checks
from verify.run import forkserver
from verify.run.answer import Answer
from verify.run.forkserver import FEWEST_JOBS, modules_of, shared_by
from verify.run.plan import Job
from verify.run.supervise import Bench, ask_all

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process its orphans")

# What stands for a framework: it tells who imported it, and whether garbage was collected meanwhile.
FRAMEWORK = "import gc, os\nIMPORTED_BY, COLLECTING = os.getpid(), gc.isenabled()\n"
# What forks a job takes its time to end.
LINGERS = FRAMEWORK + "import time\nend = os._exit\nos._exit = lambda code: (time.sleep(0.5), end(code))\n"
TELLS = '''
import os, sys, tempfile
from pathlib import Path
from verify.probe.check import check

@check(level="quick", needs=["torch"])
def tells(ctx):
    """It tells who imported what it needs, and where it runs.

    Nothing to be done.
    """
    import torch

    ctx.note(imported_by=torch.IMPORTED_BY, collecting=torch.COLLECTING)
    ctx.note(process=os.getpid(), parent=os.getppid(), session=os.getsid(0))
    ctx.note(folder=os.getcwd(), temporary=tempfile.gettempdir(), own=str(ctx.scratch))
    ctx.note(descriptors=len(os.listdir("/proc/self/fd")), input=sys.stdin.read())
    ctx.require(True, "unreached")
'''
KILLS = '''
import os
from verify.probe.check import check

@check(level="quick", needs=["torch"])
def kills(ctx):
    """It kills whoever imported what it needs, unless that was itself.

    Nothing to be done.
    """
    import torch

    alone = torch.IMPORTED_BY == os.getpid()
    if not alone:
        os.kill(torch.IMPORTED_BY, 9)
    ctx.note(alone=alone)
    ctx.require(True, "unreached")
'''
IDLE = '''
from verify.probe.check import check

@check(level="quick", needs=["torch"])
def idle(ctx):
    """It does nothing.

    Nothing to be done.
    """
    ctx.require(True, "unreached")
'''


def with_framework(bench: Bench, folder: Path, source: str = FRAMEWORK) -> Bench:
    """A bench whose interpreter finds a torch that is this source."""
    site = folder / "site"
    site.mkdir()
    (site / "torch.py").write_text(source)
    return replace(bench, environment={**bench.environment, "PYTHONPATH": str(site)})


def jobs_of(check: Check, count: int) -> list[Job]:
    return [Job(replace(check, id=f"{place}.{check.id}"), None, required=True, skip=None) for place in range(count)]


def check_from(folder: Path, source: str) -> Check:
    place = folder / "told"
    place.mkdir()
    (place / "told.py").write_text(source)
    (found,) = find_checks([place], suite=False)
    return found


def ask(bench: Bench, jobs: Sequence[Job]) -> list[Answer]:
    return list(ask_all(jobs, bench, lambda _: None))


def notes(answers: Sequence[Answer]) -> list[dict[str, object]]:
    assert [answer.outcome for answer in answers] == ["passed"] * len(answers), [answer.log for answer in answers]
    return [answer.measured["notes"] for answer in answers]


def test_jobs_that_need_the_same_are_forked_from_one_process_that_imported_it(bench: Bench, tmp_path: Path) -> None:
    answers = ask(with_framework(bench, tmp_path), jobs_of(check_from(tmp_path, TELLS), FEWEST_JOBS))
    told = notes(answers)
    (server,) = {note["imported_by"] for note in told}
    assert isinstance(server, int)
    assert server not in {note["process"] for note in told}
    assert len({note["process"] for note in told}) == FEWEST_JOBS
    assert is_gone(server)


def test_a_forked_job_has_what_one_that_is_started_has(bench: Bench, tmp_path: Path) -> None:
    check, alone = check_from(tmp_path, TELLS), with_framework(bench, tmp_path)
    (started,) = notes(ask(alone, jobs_of(check, 1)))
    assert started["imported_by"] == started["process"]
    told = notes(ask(alone, jobs_of(check, FEWEST_JOBS)))
    assert len({note["temporary"] for note in [started, *told]}) == 1 + FEWEST_JOBS
    for forked in told:
        assert forked["parent"] == started["parent"] == os.getpid()
        assert forked["session"] == forked["process"]
        assert forked["folder"] == forked["own"] != started["own"]
        assert forked["descriptors"] == started["descriptors"]
        assert forked["input"] == started["input"] == ""


def test_a_forked_job_begins_once_it_has_been_handed_on(bench: Bench, tmp_path: Path) -> None:
    jobs = jobs_of(check_from(tmp_path, TELLS), FEWEST_JOBS)
    told = notes(ask(with_framework(bench, tmp_path, LINGERS), jobs))
    assert {note["parent"] for note in told} == {os.getpid()}
    assert {note["imported_by"] for note in told}.isdisjoint({note["process"] for note in told})


def test_forked_rogues_have_the_outcomes_of_those_that_are_started(bench: Bench, tmp_path: Path) -> None:
    sharing = [replace(check, terms=replace(check.terms, needs=("torch",))) for check in rogues()]
    alone, forked = (
        {
            answer.job.check.id: (answer.outcome, answer.reason)
            for answer in ask(asked, [Job(check, None, True, None) for check in checks])
        }
        for asked, checks in ((bench, rogues()), (with_framework(bench, tmp_path), sharing))
    )
    assert forked == alone
    assert len(forked) > FEWEST_JOBS


def test_what_a_forked_job_prints_is_its_own_log(bench: Bench, tmp_path: Path) -> None:
    (segfaults,) = (check for check in rogues() if check.id == "rogue.segfaults")
    sharing = replace(segfaults, terms=replace(segfaults.terms, needs=("torch",)))
    for answer in ask(with_framework(bench, tmp_path), jobs_of(sharing, FEWEST_JOBS)):
        assert answer.reason == "killed by signal 11 (SIGSEGV)"
        assert "in segfaults" in (answer.log or "")


@pytest.mark.parametrize(
    ("kind", "device", "count"),
    [("functional", None, FEWEST_JOBS - 1), ("benchmark", None, FEWEST_JOBS), ("functional", "mps", FEWEST_JOBS)],
    ids=["few", "what is timed", "of a device that a process holds"],
)
def test_others_import_for_themselves(
    bench: Bench, tmp_path: Path, kind: Kind, device: Device | None, count: int
) -> None:
    jobs = jobs_of(replace(check_from(tmp_path, TELLS), kind=kind), count)
    told = notes(ask(with_framework(bench, tmp_path), [replace(job, device=device) for job in jobs]))
    assert all(note["imported_by"] == note["process"] for note in told)
    # On MPS a check imports for itself, for it may first set what torch reads then.
    assert all(note["collecting"] == (device == "mps") for note in told)


@pytest.mark.parametrize(
    "source",
    [
        "raise ImportError('libtorch.so: cannot open shared object file')",
        "import os\nos.kill(os.getpid(), 11)",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "print('x' * 200_000)\nraise SystemExit",
        "import time\ntime.sleep(60)",
    ],
    ids=["does not import", "dies", "starts a thread", "prints and exits", "hangs"],
)
def test_where_there_can_be_no_server_each_job_is_started_alone(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(forkserver, "READY_SECONDS", 2.0)
    there = "import json, sys\nif json.load(open(sys.argv[1]))['ask'] == 'fork':\n" + textwrap.indent(source, "    ")
    shared, told = with_framework(bench, tmp_path, f"{there}\n{FRAMEWORK}"), check_from(tmp_path, TELLS)
    answers = notes(ask(shared, jobs_of(told, FEWEST_JOBS)))
    assert len({note["process"] for note in answers}) == FEWEST_JOBS


def test_a_broken_framework_is_the_failure_of_each_check_that_imports_it(bench: Bench, tmp_path: Path) -> None:
    broken = with_framework(bench, tmp_path, "raise ImportError('libtorch.so: cannot open shared object file')")
    answers = ask(broken, jobs_of(check_from(tmp_path, TELLS), FEWEST_JOBS))
    assert {answer.outcome for answer in answers} == {"errored"}
    assert all("libtorch.so" in (answer.reason or "") for answer in answers)


def test_jobs_go_on_alone_when_their_server_dies(bench: Bench, tmp_path: Path) -> None:
    one_by_one = replace(with_framework(bench, tmp_path), together=1)
    told = notes(ask(one_by_one, jobs_of(check_from(tmp_path, KILLS), FEWEST_JOBS)))
    assert [note["alone"] for note in told] == [False, True, True]


def test_jobs_of_different_needs_have_servers_of_their_own(bench: Bench, tmp_path: Path) -> None:
    check = check_from(tmp_path, TELLS)
    other = replace(check, id="other.tells", terms=replace(check.terms, needs=("torch", "peft")))
    shared = with_framework(bench, tmp_path)
    (tmp_path / "site" / "peft.py").write_text("import torch\n")
    told = notes(ask(shared, [*jobs_of(check, FEWEST_JOBS), *jobs_of(other, FEWEST_JOBS)]))
    assert len({note["imported_by"] for note in told}) == 2


def test_what_a_job_imports_follows_from_what_it_needs(tmp_path: Path) -> None:
    check = check_from(tmp_path, IDLE)
    for needs, modules in (
        (("torch",), ("torch",)),
        (("transformers",), ()),
        (("peft", "torch", "mlx"), ("torch", "peft")),
        ((), ()),
    ):
        job = Job(replace(check, terms=replace(check.terms, needs=needs)), None, required=True, skip=None)
        assert modules_of(job) == shared_by(job) == modules
        assert shared_by(replace(job, skip="not in the lock")) == ()
        assert modules_of(replace(job, settings={"model": "a user's own"})) == ()
        assert modules_of(replace(job, device="mps")) == ()
        timed = replace(job, check=replace(job.check, kind="benchmark"))
        assert (modules_of(timed), shared_by(timed)) == (modules, ())


def test_an_interrupt_ends_servers_and_what_they_forked(bench: Bench, tmp_path: Path) -> None:
    (spins,) = (check for check in rogues() if check.id == "rogue.spins")
    patient = replace(spins, terms=replace(spins.terms, needs=("torch",), timeout_seconds=60))
    begun = threading.Event()

    def interrupt() -> None:
        begun.wait(timeout=30)
        time.sleep(0.5)
        bench.children.stop()

    thread = threading.Thread(target=interrupt)
    thread.start()
    shared = with_framework(bench, tmp_path)
    answers = list(ask_all(jobs_of(patient, FEWEST_JOBS), shared, lambda _: begun.set()))
    thread.join()
    assert {answer.reason for answer in answers} == {"the run was interrupted"}


def test_a_server_and_its_children_die_when_their_supervisor_is_killed(bench: Bench, tmp_path: Path) -> None:
    source = IDLE.replace('ctx.require(True, "unreached")', "import time; print(time.sleep(60))")
    check_from(tmp_path, source)
    shared = with_framework(bench, tmp_path)
    program = f"""
        import sys
        from dataclasses import replace
        from pathlib import Path
        from tests.run.test_forkserver import jobs_of
        from verify.probe.discover import find_checks
        from verify.run.supervise import Bench, ask_all
        (check,) = find_checks([Path({str(tmp_path / "told")!r})], suite=False)
        here = Path({str(tmp_path)!r})
        bench = Bench(Path(sys.executable), {dict(shared.environment)!r}, here, here, here, here / "scratch", 2)
        list(ask_all(jobs_of(check, {FEWEST_JOBS}), bench, lambda _: None))
    """
    root = str(ROGUES.parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, "PYTHONPATH": root}
    ) as supervisor:
        # The server, and two that it forked.
        below = wait_for_children(supervisor.pid, 3)
        supervisor.send_signal(signal.SIGKILL)
    assert all(is_gone(process) for process in below)


def wait_for_children(pid: int, count: int) -> list[int]:
    for _ in range(200):
        words = ["pgrep", "-P", str(pid)]
        found = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
        if len(found) >= count:
            return [int(child) for child in found]
        time.sleep(0.05)
    raise AssertionError(f"there were never {count} processes below {pid}")
