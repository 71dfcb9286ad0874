"""A server of its own for each test, as a process, with jobs that only pretend."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests import examples
from tests.cli.conftest import keep

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, and what opens it."""

    process: "subprocess.Popen[str]"
    root: Path
    port: int
    token: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, method: str = "GET", body: str | None = None, *, known: bool = True, **headers: str
    ) -> Answer:
        """Ask for something, as somebody who has the token, or not; headers are named with underscores."""
        sent = {"Cookie": f"verify_{self.port}={self.token}"} if known else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.msg, answer.read().decode())
        finally:
            connection.close()

    def send(self, path: str, form: str | None = None, **fields: str) -> Answer:
        """Send a form, with the secret of this server's own forms unless another is given."""
        secret = self.secret() if form is None else form
        kind = "application/x-www-form-urlencoded"
        return self.ask(path, "POST", urlencode({"form": secret, **fields}), Content_Type=kind)

    def secret(self) -> str:
        found = re.search(r'name="form" value="([^"]+)"', self.ask("/").text)
        assert found
        return found.group(1)

    def told(self, job: int, text: str) -> str:
        """What a job tells until this text is in it, read as it comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", f"/jobs/{job}/events", headers={"Cookie": f"verify_{self.port}={self.token}"})
            answer, heard = connection.getresponse(), ""
            while text not in heard and (line := answer.readline().decode()):
                heard += line
            return heard
        finally:
            connection.close()

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Ask it to end, and wait; what it said."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE_SECONDS)[1]


Start = Callable[..., Server]


@contextmanager
def starting(root: Path) -> Iterator[Start]:
    """Starts servers over a history of one report; they end with the block."""
    root.mkdir()
    for part in ("envs", "lockfiles", "policy"):
        (root / part).symlink_to(ROOT / part)
    keep(root, examples.report())
    (root / "train.jsonl").write_text('{"text": "one"}\n', encoding="utf-8")
    servers: list[Server] = []

    def started(*options: str) -> Server:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "serving.py"), str(root), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        )
        assert process.stdout
        said = re.search(r":(\d+)/\?token=(\S+)", process.stdout.readline())
        assert said, process.communicate()
        servers.append(Server(process, root, int(said.group(1)), said.group(2)))
        return servers[-1]

    try:
        yield started
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.process.terminate()
            server.process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers of a project of their own."""
    with starting(tmp_path / "a project") as started:
        yield started


@pytest.fixture
def server(start: Start) -> Server:
    """A server of one's own."""
    return start()


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that many tests ask, and none gives a job to."""
    with starting(tmp_path_factory.mktemp("serve") / "a project") as started:
        yield started()


def gone(process: int) -> bool:
    """Whether a process ends within a while."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
