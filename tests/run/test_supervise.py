import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path

import pytest

from verify.errors import VerifyError
from verify.probe.check import Check, Kind
from verify.probe.discover import find_checks
from verify.run.answer import Answer
from verify.run.plan import Job, plan
from verify.run.supervise import LONGEST_TEMPORARY, Bench, _folder, ask_all, collect_facts

TELLS_ITS_THREADS = '''
import os
from verify.probe.check import check

@check(level="quick")
def threads(ctx):
    """It is told how many threads it may keep busy.

    Look at how the supervisor shares the processors.
    """
    ctx.note(told=ctx.threads, openmp=int(os.environ["OMP_NUM_THREADS"]))
    ctx.require(True, "unreached")
'''
LISTENS = '''
import tempfile
from multiprocessing import connection
from verify.probe.check import check

@check(level="quick")
def listens(ctx):
    """A socket in the temporary folder can be listened on.

    Nothing to be done.
    """
    with connection.Listener(family="AF_UNIX") as listener:
        ctx.note(folder=tempfile.gettempdir(), letters=len(listener.address), own=str(ctx.scratch))
    ctx.require(True, "unreached")
'''
FIRST = '''
from pathlib import Path
from verify.probe.check import check

@check(level="quick")
def goes_first(ctx):
    """Its score is the highest that there is.

    Nothing to be done.
    """
    ctx.note(score=int(Path("/proc/self/oom_score_adj").read_text()))
    ctx.require(True, "unreached")
'''
ROGUES = Path(__file__).resolve().parents[1] / "rogue"


def rogues() -> list[Check]:
    return [check for check in find_checks([ROGUES]) if check.id.startswith("rogue.")]


def jobs(*claims: str) -> list[Job]:
    planned = plan(rogues(), level="quick", environment="cpu", promised=["cpu"], locked=[])
    return [job for job in planned if not claims or job.id.removeprefix("rogue.") in claims]


def ask(bench: Bench, *claims: str) -> dict[str, Answer]:
    return {a.job.id.removeprefix("rogue."): a for a in ask_all(jobs(*claims), bench, lambda _: None)}


def test_every_rogue_gets_its_own_outcome_and_the_others_run(bench: Bench) -> None:
    outcomes = {claim: answer.outcome for claim, answer in ask(bench).items()}
    assert outcomes == {
        "passes": "passed",
        "segfaults": "crashed",
        "hangs_in_c": "timed_out",
        "spins": "timed_out",
        "exits_with_zero": "crashed",
        "exits_politely": "crashed",
        "prints_a_gigabyte": "passed",
        "leaves_a_grandchild": "passed",
        "leaves_half_an_answer": "errored",
        "answers_then_crashes": "crashed",
        "eats_all_memory": "out_of_memory",
        "asserts_nothing": "errored",
        "raises": "errored",
        "measures_nothing_finite": "failed",
        "breaks_a_limit": "failed",
        "skips": "skipped",
    }


def test_every_outcome_but_passed_has_a_reason(bench: Bench) -> None:
    answers = ask(bench, "passes", "segfaults", "exits_with_zero", "asserts_nothing", "skips").values()
    assert all(bool(answer.reason) == (answer.outcome != "passed") for answer in answers)


def test_a_crash_shows_where_it_happened(bench: Bench) -> None:
    answer = ask(bench, "segfaults")["segfaults"]
    assert answer.reason == "killed by signal 11 (SIGSEGV)"
    assert "in segfaults" in (answer.log or "")


def test_a_time_out_shows_the_stack_even_of_a_hang_in_c(bench: Bench) -> None:
    assert "in hangs_in_c" in (ask(bench, "hangs_in_c")["hangs_in_c"].log or "")


def test_a_gigabyte_of_output_leaves_a_small_log_and_no_file(bench: Bench) -> None:
    answer = ask(bench, "prints_a_gigabyte")["prints_a_gigabyte"]
    assert answer.outcome == "passed"
    assert sum(file.stat().st_size for file in bench.scratch.rglob("*") if file.is_file()) < 2**20


def test_a_left_behind_grandchild_is_killed(bench: Bench) -> None:
    grandchild = ask(bench, "leaves_a_grandchild")["leaves_a_grandchild"].measured["notes"]["grandchild"]
    assert is_gone(int(grandchild))


def is_gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that nobody has reaped yet has."""
    for _ in range(100):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX":
            return True
        time.sleep(0.05)
    return False


def test_scratch_folders_are_removed(bench: Bench) -> None:
    ask(bench, "passes", "raises")
    assert list(bench.scratch.iterdir()) == []


def test_a_planned_skip_starts_no_process(bench: Bench) -> None:
    skipped = plan(rogues()[:1], level="quick", environment="cpu", promised=[], locked=[])
    job = Job(skipped[0].check, "mps", required=False, skip="cpu promises no mps")
    started: list[Job] = []
    assert [answer.reason for answer in ask_all([job], bench, started.append)] == ["cpu promises no mps"]
    assert started == []


@pytest.mark.parametrize(("together", "threads"), [(1, 4), (2, 2), (3, 1), (9, 1)])
def test_jobs_share_the_processors_and_a_benchmark_has_them_all(
    bench: Bench, tmp_path: Path, together: int, threads: int
) -> None:
    (tmp_path / "crowd.py").write_text(TELLS_ITS_THREADS)
    (found,) = find_checks([tmp_path], suite=False)
    kinds: list[Kind] = ["benchmark", "functional", "functional", "benchmark"]
    planned = [
        Job(replace(found, kind=kind, id=f"{kind}{place}.threads"), None, required=True, skip=None)
        for place, kind in enumerate(kinds)
    ]
    answers = list(ask_all(planned, replace(bench, processors=4, together=together), lambda _: None))
    told = {answer.job.id: answer.measured["notes"] for answer in answers}
    assert all(notes["told"] == notes["openmp"] for notes in told.values())
    assert [told[job.id]["told"] for job in planned] == [4, threads, threads, 4]
    spans = sorted((answer.ended - answer.wall_seconds, answer.ended, answer.job.alone) for answer in answers)
    assert [alone for *_, alone in spans] == [False, False, True, True]
    assert all(next_start >= end for (_, end, _), (next_start, _, alone) in pairwise(spans) if alone)


def test_an_interrupt_ends_every_process_and_the_rest_is_skipped(bench: Bench) -> None:
    both_run = threading.Barrier(2)

    def interrupt() -> None:
        time.sleep(0.5)
        bench.children.stop()

    def started(_: Job) -> None:
        if both_run.wait(timeout=30) == 0:
            threading.Thread(target=interrupt).start()

    answers = list(ask_all(jobs("spins", "hangs_in_c"), bench, started))
    assert {(answer.outcome, answer.reason) for answer in answers} == {("skipped", "the run was interrupted")}


def test_a_worker_dies_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from verify.probe.discover import find_checks
from verify.run.plan import plan
from verify.run.supervise import Bench, ask_all, _folder
checks = [check for check in find_checks([Path(sys.argv[1])]) if check.id == "rogue.spins"]
bench = Bench(Path(sys.executable), {}, Path("."), Path("."), Path("."), Path(sys.argv[2]), 1)
jobs = plan(checks, level="quick", environment="cpu", promised=[], locked=[])
list(ask_all(jobs, bench, lambda _: print("go", flush=True)))
"""
    root = str(ROGUES.parents[1])
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(ROGUES), str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root, "TMPDIR": str(tmp_path)},
    )
    assert supervisor.stdout is not None
    with supervisor.stdout as lines:
        assert lines.readline() == b"go\n"
    worker = wait_for_child(supervisor.pid)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    assert is_gone(worker)


def wait_for_child(pid: int) -> int:
    for _ in range(100):
        found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        if found:
            return int(found[0])
        time.sleep(0.05)
    raise AssertionError("the supervisor started no worker")


def test_facts_are_collected_by_the_interpreter_under_test(bench: Bench) -> None:
    facts = collect_facts(bench)
    assert facts["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert [device["name"] for device in facts["devices"]] == ["cpu", "cuda", "mps", "mlx"]


def test_an_interpreter_that_cannot_start_is_named_with_what_to_do(bench: Bench, tmp_path: Path) -> None:
    broken = Bench(tmp_path / "python", {}, bench.root, bench.lock, bench.cache, bench.scratch, 2)
    with pytest.raises(VerifyError, match="cannot be started") as error:
        collect_facts(broken)
    assert "setup" in error.value.hint


@pytest.mark.parametrize(("letters", "moved"), [(LONGEST_TEMPORARY, False), (LONGEST_TEMPORARY + 1, True), (200, True)])
def test_a_worker_listens_on_a_socket_however_long_the_path_of_the_project_is(
    bench: Bench, tmp_path: Path, letters: int, moved: bool
) -> None:
    (tmp_path / "ears.py").write_text(LISTENS)
    (job,) = plan(find_checks([tmp_path], suite=False), level="quick", environment="cpu", promised=[], locked=[])
    with tempfile.TemporaryDirectory(prefix="v-") as name:
        room = letters - len(f"{name}/0/scratch")
        scratch = Path(name) / ("p" * (room - 1))
        (answer,) = ask_all([job], replace(bench, scratch=scratch), lambda _: None)
    assert answer.outcome == "passed", answer.log
    told = answer.measured["notes"]
    assert len(told["own"]) == letters
    assert (told["folder"] != told["own"]) == moved
    assert told["letters"] <= 103
    assert not Path(told["folder"]).exists()


def test_a_workers_temporary_folder_leaves_room_for_the_path_of_a_socket(bench: Bench) -> None:
    """The path of a socket has at most 103 letters on macOS, of which multiprocessing takes 32 for itself."""
    folder = _folder(bench).relative_to(bench.scratch) / "scratch"
    assert len(str(folder)) <= 12


def test_an_interpreter_that_the_kernel_ended_for_want_of_memory_is_told_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = count()
    monkeypatch.setattr("verify.run.child.memory_kills", lambda: next(kills))
    with pytest.raises(VerifyError, match="for want of memory") as error:
        collect_facts(bench)
    assert "give the container" in error.value.hint


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS ends nobody for want of memory in this way")
def test_where_memory_runs_out_a_worker_is_ended_before_the_supervisor(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text(FIRST)
    (job,) = plan(find_checks([tmp_path], suite=False), level="quick", environment="cpu", promised=[], locked=[])
    (answer,) = ask_all([job], bench, lambda _: None)
    assert answer.outcome == "passed", answer.log
    assert answer.measured["notes"]["score"] == 1000
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000
