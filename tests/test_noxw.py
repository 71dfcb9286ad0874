import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

OURS = Path(__file__).resolve().parents[1]

# Pretends to be a Python that brings venv and pip: `-m venv` and `-m pip` are played, the rest is Python's own.
PYTHON = """\
#!/bin/sh
echo "$*" >> "$FAKE_LOG"
case "$*" in
    "--version") echo "Python ${FAKE_VERSION:-3.11.0}"; exit ;;
    *version_info*) [ "${FAKE_VERSION:-3.11}" != 3.9 ]; exit ;;
    *"import ensurepip"*) [ "$FAKE" != no-venv ]; exit ;;
    "-m venv "*)
        for last; do :; done
        mkdir -p "$last/bin"
        cp "$0" "$last/bin/python"
        [ "$FAKE" != killed ] || kill -9 $PPID
        exit ;;
    "-m pip install --require-hashes"*)
        case "$FAKE" in
            hash) echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."; exit 1 ;;
            full) echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
                exit 1 ;;
            dead) echo "ERROR: No matching distribution found for uv==1.0"; exit 1 ;;
            slow) while [ ! -e "$FAKE_LOG.go" ]; do sleep 0.05; done ;;
        esac
        echo "WARNING: a quiet word"
        exit ;;
    "-m pip install --no-deps"*)
        printf '#!/bin/sh\\necho "nox $*"\\n' > "$(dirname "$0")/nox"
        chmod +x "$(dirname "$0")/nox"
        exit ;;
esac
exec "$REAL_PYTHON" "$@"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "a project"
    (root / "lockfiles").mkdir(parents=True)
    (root / "verify").mkdir()
    shutil.copy(OURS / "noxw", root)
    (root / "lockfiles" / "tools.txt").write_text("uv==1.0\n")
    (root / "pyproject.toml").write_text("")
    return root


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").write_text(PYTHON)
    (programs / "python3").chmod(0o755)
    path = f"{programs}:/usr/bin:/bin"
    return {"PATH": path, "FAKE_LOG": str(tmp_path / "log"), "FAKE": "", "REAL_PYTHON": sys.executable}


def noxw(project: Path, environ: Mapping[str, str], *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
    command = ["/bin/sh", str(project / "noxw"), *words]
    done = subprocess.run(command, env=dict(environ), cwd=cwd or project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def made(environ: Mapping[str, str]) -> int:
    log = Path(environ["FAKE_LOG"])
    return log.read_text().count("-m venv") if log.exists() else 0


def test_the_first_call_makes_the_tools_and_runs_nox(project: Path, environ: Mapping[str, str]) -> None:
    status, out, err = noxw(project, environ, "-s", "setup", "--", "two words")
    assert (status, err) == (0, "noxw: making .tools, this once\n")
    assert out == f"nox -f {project}/noxfile.py -s setup -- two words\n"
    assert "--require-hashes --only-binary :all:" in Path(environ["FAKE_LOG"]).read_text()


def test_the_second_call_makes_nothing_and_says_nothing(
    project: Path, environ: Mapping[str, str], tmp_path: Path
) -> None:
    noxw(project, environ)
    status, _, err = noxw(project, {**environ, "FAKE": "dead"}, cwd=tmp_path)
    assert (status, err, made(environ)) == (0, "", 1)


@pytest.mark.parametrize("name", ["lockfiles/tools.txt", "pyproject.toml", "noxw"])
def test_a_change_of_what_the_tools_are_made_from_makes_them_anew(
    project: Path, environ: Mapping[str, str], name: str
) -> None:
    noxw(project, environ)
    (project / name).write_text((project / name).read_text() + "\n# changed\n")
    assert noxw(project, environ)[0] == 0
    assert made(environ) == 2


def test_a_project_that_was_moved_makes_its_tools_anew(project: Path, environ: Mapping[str, str]) -> None:
    noxw(project, environ)
    moved = project.rename(project.with_name("moved"))
    assert noxw(moved, environ)[0] == 0
    assert made(environ) == 2


def test_a_try_that_was_killed_is_begun_again_from_scratch(project: Path, environ: Mapping[str, str]) -> None:
    assert noxw(project, {**environ, "FAKE": "killed"})[0] == -9
    (project / ".tools" / "left over").mkdir()
    assert noxw(project, environ)[0] == 0
    assert not (project / ".tools" / "left over").exists()


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"FAKE": "no-venv"}, 3, ("error: Python 3.11.0 comes without venv or pip", "apt install python3-venv")),
        ({"FAKE": "dead"}, 3, ("No matching distribution found for uv==1.0", "pip config list")),
        ({"FAKE": "hash"}, 4, ("is not the one that lockfiles/tools.txt locks", "before trusting it")),
        ({"FAKE": "full"}, 5, ("error: the disk is full", "free some space")),
        ({"NOXW_PYTHON": "/nowhere/python"}, 3, ("NOXW_PYTHON is /nowhere/python", "unset it")),
    ],
)
def test_what_is_in_the_way_is_told_in_two_lines(
    project: Path, environ: Mapping[str, str], more: Mapping[str, str], status: int, words: tuple[str, str]
) -> None:
    said, hint = words
    ended, out, err = noxw(project, {**environ, **more})
    error, what_to_do = err.splitlines()[-2:]
    assert (ended, out) == (status, "")
    assert error.startswith("error: ")
    assert said in error
    assert what_to_do.startswith("hint: ")
    assert hint in what_to_do
    assert noxw(project, environ)[0] == 0


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with what a shell needs and no Python."""
    directory = tmp_path / "bare"
    directory.mkdir()
    for name in ("dirname", "cat", "sh"):
        (directory / name).symlink_to(shutil.which(name) or name)
    return directory


def test_without_any_python_the_way_to_one_is_told(project: Path, environ: Mapping[str, str], bare: Path) -> None:
    status, _, err = noxw(project, {**environ, "PATH": str(bare)})
    assert (status, err.splitlines()[0]) == (3, "error: there is no python3 on PATH")


def test_a_python_that_is_too_old_is_told(
    project: Path, environ: Mapping[str, str], bare: Path, tmp_path: Path
) -> None:
    (bare / "python3").symlink_to(tmp_path / "programs" / "python3")
    status, _, err = noxw(project, {**environ, "PATH": str(bare), "FAKE_VERSION": "3.9"})
    assert (status, err.splitlines()) == (
        3,
        [
            "error: Python 3.9 is too old, and no later one is on PATH",
            "hint: install Python 3.11 or later, or let NOXW_PYTHON name it",
        ],
    )


def test_a_second_one_at_the_same_time_waits_for_the_first(project: Path, environ: Mapping[str, str]) -> None:
    slow = {**environ, "FAKE": "slow"}
    go = Path(environ["FAKE_LOG"] + ".go")
    with starting(project, slow) as first:
        making = said(first)
        with starting(project, slow) as second:
            waiting = said(second)
            go.touch()
    assert making == "noxw: making .tools, this once\n"
    assert waiting == "noxw: another noxw is making .tools; waiting for it\n"
    assert (first.returncode, second.returncode, made(environ)) == (0, 0, 1)


def starting(project: Path, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start one that goes on by itself."""
    command = ["/bin/sh", str(project / "noxw")]
    return subprocess.Popen(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_shell_without_bytecode_and_with_its_own_pip_settings_does_no_harm(
    project: Path, environ: Mapping[str, str]
) -> None:
    more = {"PYTHONDONTWRITEBYTECODE": "1", "PIP_USER": "1", "PIP_REQUIRE_HASHES": "1", "CDPATH": "/usr:/"}
    assert noxw(project, {**environ, **more})[0] == 0
    assert noxw(project, {**environ, **more})[2] == ""


def test_a_place_that_cannot_be_written_is_told(project: Path, environ: Mapping[str, str]) -> None:
    (project / ".tools").write_text("in the way")
    status, _, err = noxw(project, environ)
    assert status == 5
    assert "cannot be made" in err


@pytest.mark.skipif(not shutil.which("dash"), reason="there is no dash here")
def test_the_wrapper_is_plain_shell() -> None:
    assert subprocess.run(["dash", "-n", str(OURS / "noxw")], check=False).returncode == 0
    assert os.access(OURS / "noxw", os.X_OK)


def test_tools_that_cannot_be_written_are_told_in_two_lines(project: Path, environ: Mapping[str, str]) -> None:
    (project / ".tools" / "lock").mkdir(parents=True)
    status, _, err = noxw(project, environ)
    assert status == 5
    assert err.splitlines() == [
        f"error: {project}/.tools cannot be written",
        "hint: make room or repair permissions, then run it again",
    ]
