"""Streams that are closed, full, or know no UTF-8 (faults 11 and 42), with the command in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.conftest import Project
from tests.hostile.ended import EXITS, obeyed
from tests.hostile.test_names import NAMES
from verify.cli.main import CLOSED_PIPE
from verify.errors import Exit

ROOT = Path(__file__).resolve().parents[2]
# Programs of a shell, which close or replace streams before the command begins.
SHELL = "/bin/sh"


def told(project: Project, shell: str, *words: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    """The command, started by a shell that does something to its streams.

    Args:
        project: Where.
        shell: What stands after the command: redirections.
        words: Its words.
        variables: Of its surroundings.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    line = [SHELL, "-c", f'exec "$@" {shell}', SHELL, sys.executable, "-m", "verify", "--root", str(project.root)]
    surroundings = {**kept, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run([*line, *words], capture_output=True, check=False, env=surroundings, timeout=120)


@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code(shell: str, shared: Project) -> None:
    end = told(shared, shell, "report", "validate")
    assert end.returncode == Exit.HOLDS
    assert b"Traceback" not in end.stderr


@pytest.mark.parametrize("words", [("report", "show"), ("history", "list"), ("audit", "--json")], ids=" ".join)
def test_a_full_disk_behind_stdout_is_an_error_in_two_lines(words: tuple[str, ...], shared: Project) -> None:
    end = told(shared, "> /dev/full", *words)
    assert end.returncode == Exit.INPUT_OUTPUT
    assert [line.partition(b": ")[0] for line in end.stderr.splitlines()] == [b"error", b"hint"]


def test_a_full_disk_behind_stderr_changes_no_exit_code(shared: Project) -> None:
    assert told(shared, "2> /dev/full", "report", "show", "nothing.json").returncode == Exit.INTEGRITY
    assert told(shared, "2> /dev/full", "report", "validate").returncode == Exit.HOLDS


def test_a_reader_that_leaves_is_no_error(shared: Project) -> None:
    line = (
        f"'{sys.executable}' -m verify --root '{shared.root}' report show --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    )
    end = subprocess.run(
        ["bash", "-c", line], capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120
    )
    assert end.stdout[1:].strip() in (b"0", str(CLOSED_PIPE).encode())
    assert end.stderr == b""


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "no"}],
    ids=["ascii", "C", "no locale"],
)
def test_a_terminal_without_unicode_is_written_what_it_knows(variables: dict[str, str], project: Project) -> None:
    for name in NAMES.values():
        (project.root / "reports/m2" / f"{name}.json").write_bytes(b"{")
    for words in (("audit",), ("report", "show")):
        end = told(project, "", *words, **variables)
        assert end.returncode in EXITS
        assert b"Traceback" not in end.stderr
        assert obeyed(end.stdout.decode("utf-8", "replace")) == set()
