import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from verify.errors import VerifyError
from verify.process import run

OURS = Path(__file__).resolve().parents[1]


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_what_a_command_says_and_how_it_ends_is_kept(tmp_path: Path) -> None:
    program = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    finished = run(python(program), env={}, cwd=tmp_path)
    assert (finished.status, finished.out, finished.err) == (3, "out\n", "err\n")


def test_a_command_sees_the_environment_that_it_is_given_and_no_more(tmp_path: Path) -> None:
    os.environ["VERIFY_TEST_LEAK"] = "1"
    try:
        finished = run(python("import os; print('VERIFY_TEST_LEAK' in os.environ)"), env={"A": "b"}, cwd=tmp_path)
    finally:
        del os.environ["VERIFY_TEST_LEAK"]
    assert finished.out == "False\n"


def test_a_command_runs_where_it_is_told(tmp_path: Path) -> None:
    assert run(python("import os; print(os.getcwd())"), env={}, cwd=tmp_path).out.strip() == str(tmp_path.resolve())


def test_what_is_shown_is_also_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; sys.stderr.write('progress\\n'); sys.exit(2)"
    finished = run(python(program), env={}, cwd=tmp_path, show=True)
    assert (finished.status, finished.err) == (2, "progress\n")
    assert capfd.readouterr().err == "progress\n"


def test_a_flood_is_shown_but_only_its_end_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; sys.stderr.write('x' * 1_000_000 + 'end')"
    finished = run(python(program), env={}, cwd=tmp_path, show=True)
    assert len(finished.err) == 65_536
    assert finished.err.endswith("xend")
    assert len(capfd.readouterr().err) == 1_000_003


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    assert run(python("import os; os.write(1, b'\\xff')"), env={}, cwd=tmp_path).out == "\ufffd"


@pytest.mark.parametrize("show", [False, True])
def test_a_program_that_is_not_there_is_named(tmp_path: Path, *, show: bool) -> None:
    with pytest.raises(VerifyError, match="/nowhere/uv could not be started: No such file"):
        run(["/nowhere/uv"], env={}, cwd=tmp_path, show=show)


def test_a_command_ended_by_a_signal_says_so(tmp_path: Path) -> None:
    assert run(python("import os; os.kill(os.getpid(), 9)"), env={}, cwd=tmp_path).status == -9


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for show in (False, True):
        run(python("pass"), env={}, cwd=tmp_path, show=show)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_command_that_is_shown_on_a_terminal_finds_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    inner = "import os, sys; sys.stderr.write(f'terminal {os.isatty(2)}\\n')"
    program = (
        "import os, sys; from pathlib import Path; from verify.process import run\n"
        f"found = run([sys.executable, '-c', {inner!r}], env={{}}, cwd=Path('.'), show=True)\n"
        "sys.exit(not found.err.startswith('terminal True'))"
    )
    with subprocess.Popen(python(program), stderr=theirs, cwd=OURS) as child:
        os.close(theirs)
        shown = os.read(ours, 1000)
        assert child.wait() == 0
    os.close(ours)
    assert b"terminal True" in shown
