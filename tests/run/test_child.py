import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from verify.run.child import Children, Ending, program, supervise

ROOT = Path(__file__).resolve().parents[2]
GROUPS = Path("/sys/fs/cgroup/memory")

HUNGRY = '''
from verify.probe.check import check

@check(timeout_seconds=60)
def hungry(ctx):
    """Takes two gigabytes, a little at a time.

    Nothing to be done.
    """
    held = [b"x" * (1 << 20) for _ in range(2048)]
    ctx.require(len(held) == 2048, "unreached")
'''
SUPERVISOR = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
folder, group = map(Path, sys.argv[1:])
(group / "tasks").write_text(str(os.getpid()))
from verify.probe.discover import find_checks
from verify.run.plan import plan
from verify.run.supervise import Bench, ask_all
checks = [check for check in find_checks([folder]) if check.id == "rogue.hungry"]
bench = Bench(Path(sys.executable), {{}}, folder, folder, folder, folder / "scratch", 1)
(answer,) = ask_all(plan(checks, level="full", environment="x", promised=[], locked=[]), bench, lambda _: None)
print(answer.outcome, "|", answer.reason)
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group that may use 400 MB; made where the system lets us."""
    folder = GROUPS / f"verify-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(400 << 20))
    except OSError as error:
        pytest.skip(f"no control group of ours can be made here: {error}")
    yield folder
    folder.rmdir()


def test_a_check_that_the_kernel_kills_for_memory_is_out_of_memory(group: Path, tmp_path: Path) -> None:
    (tmp_path / "rogue.py").write_text(HUNGRY)
    words = [sys.executable, "-c", SUPERVISOR, str(tmp_path), str(group)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert ended.stdout == "out_of_memory | the kernel killed it for want of memory\n", ended.stderr


def run(tmp_path: Path, code: str, *, timeout_seconds: float = 20, children: Children | None = None) -> Ending:
    start = program([sys.executable, "-c", code], environment={"ONLY": "this"}, cwd=tmp_path)
    return supervise(start, timeout_seconds=timeout_seconds, children=children or Children())


def test_a_program_sees_the_variables_that_it_was_given_and_no_others(tmp_path: Path) -> None:
    seen = run(tmp_path, "import os; print(sorted(name for name in os.environ if name != 'LC_CTYPE'))").log
    assert seen == "['ONLY']\n"


def test_a_program_cannot_read_from_the_terminal(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys; print(repr(sys.stdin.read()))").log == "''\n"


def test_output_is_kept_from_both_ends_and_the_gap_is_counted(tmp_path: Path) -> None:
    log = run(tmp_path, "print('first'); print('x' * 5_000_000); print('last')").log
    assert log.startswith("first\nxxx")
    assert log.endswith("xxx\nlast\n")
    assert "bytes left out" in log
    assert len(log) < 2**21


def test_output_that_is_no_text_is_made_text(tmp_path: Path) -> None:
    assert run(tmp_path, r"import os; os.write(1, b'\xff\x00caf\xc3\xa9')").log == "\ufffd\x00café"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process its orphans")
def test_a_process_that_escapes_its_session_is_ended_too(tmp_path: Path) -> None:
    escape = "import subprocess; print(subprocess.Popen(['sleep', '3600'], start_new_session=True).pid)"
    ending = run(tmp_path, escape)
    assert ending.code == 0
    assert not Path(f"/proc/{int(ending.log)}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process its orphans")
def test_ending_orphans_spares_what_runs_beside(tmp_path: Path) -> None:
    escape = "import subprocess; subprocess.Popen(['sleep', '3600'], start_new_session=True)"
    children, beside = Children(), []

    def wait() -> None:
        beside.append(run(tmp_path, "import time; time.sleep(1)", children=children))

    slow = threading.Thread(target=wait)
    slow.start()
    for _ in range(3):
        run(tmp_path, escape, children=children)
    slow.join()
    assert beside[0].code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process its orphans")
def test_ending_orphans_spares_the_children_that_were_there_before(tmp_path: Path) -> None:
    """Such as the process by which the standard library keeps track of semaphores."""
    with subprocess.Popen(["sleep", "60"]) as before:
        run(tmp_path, "print(1)", children=Children())
        assert before.poll() is None
        before.kill()


def test_a_stop_kills_what_runs_and_whatever_starts_later(tmp_path: Path) -> None:
    children = Children()
    children.stop()
    assert run(tmp_path, "import time; time.sleep(60)", children=children).code == -9
