"""``verify serve``, before it serves; what it then does is in tests/serve."""

import pytest

from tests.cli.conftest import Verify
from verify.errors import Exit


def test_other_machines_are_kept_out_unless_that_is_meant(verify: Verify) -> None:
    ended = verify("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - which is refused
    assert ended.returncode == Exit.USAGE
    assert "--host 0.0.0.0 lets other machines reach this server" in ended.stderr
    assert "--beyond-loopback" in ended.stderr
    assert "token" not in ended.stdout


@pytest.mark.parametrize("folder", ["/no such folder", "\x1b[2J\u202e", "/dev/null", "a" * 5000, "/proc/self/fd/0"])
def test_a_folder_that_is_none_is_refused_in_one_line(verify: Verify, folder: str) -> None:
    ended = verify("serve", "--port", "0", "--folder", folder)
    assert ended.returncode in (Exit.USAGE, Exit.INPUT_OUTPUT)
    assert len(ended.stderr.splitlines()) == 2
    assert ended.stderr.replace("\n", "").isprintable()


@pytest.mark.parametrize("port", ["65536", "-1", "http", ""])
def test_a_port_that_is_none_is_refused(verify: Verify, port: str) -> None:
    assert verify("serve", f"--port={port}").returncode == Exit.USAGE


def test_an_address_that_is_not_ours_is_said_so(verify: Verify) -> None:
    ended = verify("serve", "--host", "203.0.113.7", "--beyond-loopback", "--port", "0")
    assert ended.returncode == Exit.COULD_NOT_RUN
    assert "203.0.113.7 port 0 cannot be listened at" in ended.stderr


def test_the_help_of_the_command_loads_no_server(verify: Verify) -> None:
    assert verify("--help", PYTHONPROFILEIMPORTTIME="1").stderr.count("uvicorn") == 0
    assert "starlette" not in verify("history", "--help", PYTHONPROFILEIMPORTTIME="1").stderr
