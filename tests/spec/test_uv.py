from collections.abc import Mapping
from pathlib import Path

import pytest

from verify.errors import Exit, VerifyError
from verify.process import Finished
from verify.spec.uv import ask_pip, explained, find_uv, run_uv, uv_environment

HASH = """\
Resolved 1 package in 27ms
\x1b[1m\x1b[31merror\x1b[39m\x1b[0m: Failed to download `idna==3.20`
  \x1b[1mcause\x1b[0m: Hash mismatch for `idna==3.20`

         Expected:
           sha256:00
"""


@pytest.mark.parametrize(
    ("text", "exit_code", "said"),
    [
        (HASH, Exit.INTEGRITY, "Failed to download `idna==3.20`: Hash mismatch for `idna==3.20`"),
        ("error: x\n  cause: No space left on device (os error 28)\n", Exit.INPUT_OUTPUT, "No space left"),
        ("error: x\n  cause: Read-only file system (os error 30)\n", Exit.INPUT_OUTPUT, "Read-only"),
        ("error: No interpreter found for Python 3.14\n", Exit.COULD_NOT_RUN, "No interpreter found"),
        ("error: Failed to fetch: `x`\n  cause: y\n  cause: dns error\n", Exit.COULD_NOT_RUN, "dns error"),
        ("error: No solution found\n  cause: no version of a\n", Exit.COULD_NOT_RUN, "no version of a"),
        ("panicked", Exit.COULD_NOT_RUN, "uv ended with status 9"),
        ("progress 1%\rerror: odd thing\r\n", Exit.COULD_NOT_RUN, "odd thing"),
        ("", Exit.COULD_NOT_RUN, "uv ended with status 9"),
    ],
)
def test_what_uv_says_becomes_two_lines_and_an_exit_code(text: str, exit_code: Exit, said: str) -> None:
    error = explained(Finished(9, "", text), "installing")
    assert error.exit == exit_code
    assert error.message.startswith("installing: ")
    assert said in error.message
    assert "\n" not in error.message + error.hint


def test_uv_sees_nothing_that_would_steer_it_elsewhere() -> None:
    seen = uv_environment({"PYTHONPATH": "x", "VIRTUAL_ENV": "y", "HOME": "z"}, ["/a", "/b"], UV_X="1")
    assert seen == {"HOME": "z", "UV_FIND_LINKS": "/a,/b", "UV_X": "1"}


def test_wheels_that_the_caller_offers_to_uv_come_first() -> None:
    assert uv_environment({"UV_FIND_LINKS": "/mine"}, ["/a"])["UV_FIND_LINKS"] == "/mine,/a"
    assert "UV_FIND_LINKS" not in uv_environment({})


def test_the_uv_that_is_named_is_the_one_that_runs(environ: Mapping[str, str], tmp_path: Path) -> None:
    assert find_uv(environ) == environ["VERIFY_UV"]
    run_uv(["python", "list"], environ=environ, cwd=tmp_path, doing="x")
    assert Path(environ["FAKE_LOG"]).read_text() == "python list ()\n"


def test_without_uv_the_way_to_get_it_is_told() -> None:
    with pytest.raises(VerifyError, match="uv is not installed"):
        find_uv({"VERIFY_UV": "/nowhere/uv"})


def pip(tmp_path: Path, output: str, status: int = 0) -> str:
    path = tmp_path / "pip-python"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_pips_settings_are_handed_on_the_environments_first(tmp_path: Path) -> None:
    listing = """\
:env:.find-links='/env'
global.find-links='/global'
global.cert='/ca.pem'
global.index-url='https://mirror.invalid/simple'
global.timeout='3'
odd line"""
    found = ask_pip({"SSL_CERT_FILE": "mine"}, tmp_path, [pip(tmp_path, listing)])
    assert found.links == ("/env",)
    assert found.variables == {"UV_DEFAULT_INDEX": "https://mirror.invalid/simple"}


def test_several_places_with_wheels_are_told_apart(tmp_path: Path) -> None:
    listing = "global.find-links='\\n/a\\nhttps://b.invalid/'"
    assert ask_pip({}, tmp_path, [pip(tmp_path, listing)]).links == ("/a", "https://b.invalid/")


def test_without_pip_nothing_is_configured(tmp_path: Path) -> None:
    found = ask_pip({}, tmp_path, ["/nowhere/python", pip(tmp_path, "no module named pip", 1)])
    assert (found.links, found.variables) == ((), {})
