import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from verify.cli.main import VERBS, main
from verify.errors import Exit

ROOT = Path(__file__).resolve().parents[2]


def verify(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "verify", *words]
    return subprocess.run(program, capture_output=True, text=True, check=False, cwd=cwd, env={"PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert VERBS[verb].split()[0].lower() in capsys.readouterr().out.lower()


def test_help_imports_no_verb_and_no_library(capsys: pytest.CaptureFixture[str]) -> None:
    program = """
import sys
from verify.cli.main import VERBS, main
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"pydantic", "jsonschema", "uv", "importlib.metadata"} & set(sys.modules)
verbs = [name for name in VERBS if f"verify.cli.{name}" in sys.modules]
print("HEAVY", sorted(heavy), verbs)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert told.splitlines()[-1] == "HEAVY [] []"
    assert capsys.readouterr().out == ""


def test_an_unknown_verb_is_a_usage_error() -> None:
    ended = verify("frobnicate")
    assert ended.returncode == Exit.USAGE
    assert "frobnicate" in ended.stderr


def test_a_folder_that_is_no_project_is_named_with_what_to_do(tmp_path: Path) -> None:
    ended = verify("--root", str(tmp_path), "run")
    assert ended.returncode == Exit.USAGE
    assert ended.stderr.splitlines() == [
        f"error: {tmp_path} holds no envs/ and lockfiles/",
        "hint: name the project's folder: verify --root DIR …",
    ]


def test_the_project_is_found_from_a_folder_inside_it() -> None:
    assert verify("checks", cwd=ROOT / "docs").returncode == Exit.HOLDS


def test_a_full_or_forbidden_disk_is_two_lines_and_its_own_exit_code(tmp_path: Path) -> None:
    program = f"""
import tempfile, sys
tempfile.TemporaryDirectory = lambda **_: open({str(tmp_path / "absent" / "file")!r}, "w")
from verify.cli.main import main
sys.exit(main(["devices"]))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == Exit.INPUT_OUTPUT
    assert ended.stderr.splitlines() == [
        f"error: {tmp_path}/absent/file: No such file or directory",
        "hint: make room or mend permissions, then run again",
    ]


def test_a_terminal_without_utf_8_gets_no_traceback() -> None:
    environment = {"PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "verify", "--root", "/", "run"], capture_output=True, check=False, env=environment
    )
    assert ended.returncode == Exit.USAGE
    assert ended.stderr.endswith(b"verify --root DIR ?\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sys; sys.exit(0)", "ended its process"),
        ("import os; os._exit(0)", "ended its process"),
        ("1 / 0", "ZeroDivisionError"),
        ("def broken(:", "SyntaxError"),
    ],
)
def test_a_file_of_checks_that_cannot_be_loaded_is_a_usage_error(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    ended = verify("checks", "--checks", str(tmp_path))
    assert ended.returncode == Exit.USAGE
    assert len(ended.stderr.splitlines()) == 2
    assert why in ended.stderr


def test_own_checks_are_listed_with_the_suite() -> None:
    listed = verify("checks", "--checks", str(ROOT / "tests/rogue")).stdout
    assert "rogue.segfaults" in listed
    assert "installed.every_file_is_as_recorded" in listed
    assert f"(from {ROOT / 'tests/rogue/rogue.py'})" in listed
    assert listed.count("(from ") == listed.count(" rogue.")


def test_checks_of_an_installed_distribution_are_listed_with_its_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests/rogue", tmp_path / "acme_rogues")
    info = tmp_path / "acme-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[verify.checks]\nrogues = acme_rogues\n")

    def checks(*words: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "verify", "checks", *words]
        variables = {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
        return subprocess.run(program, capture_output=True, text=True, check=False, cwd=ROOT, env=variables)

    told = {item["id"]: item["from"] for item in json.loads(checks("--json").stdout)}
    assert told["rogue.segfaults"] == "acme 1.2"
    assert told["installed.every_file_is_as_recorded"] == "the suite"
    assert "(from acme 1.2)" in checks().stdout
    shutil.rmtree(tmp_path / "acme_rogues")
    ended = checks()
    assert ended.returncode == Exit.USAGE
    assert ended.stderr.startswith("error: acme 1.2: its entry point rogues = acme_rogues in verify.checks names no")
    assert len(ended.stderr.splitlines()) == 2


def test_an_interrupt_shows_no_traceback() -> None:
    for twentieths in range(4, 9):
        words = [sys.executable, "-m", "verify", "--root", "/", "status"]
        running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)})
        time.sleep(twentieths / 20)
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate()
        assert "Traceback" not in told


def test_closed_streams_are_no_reason_for_a_traceback() -> None:
    words = f"{sys.executable} -m verify checks >&-"
    ended = subprocess.run(
        ["bash", "-c", words], capture_output=True, text=True, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    assert (ended.returncode, ended.stderr) == (Exit.HOLDS, "")


def test_a_closed_pipe_ends_quietly() -> None:
    words = f"{sys.executable} -m verify checks --json | true; exit $PIPESTATUS"
    ended = subprocess.run(
        ["bash", "-c", words], capture_output=True, text=True, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
