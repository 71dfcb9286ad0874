"""Package indexes on this machine's loopback that misbehave, each in its own way."""

import contextlib
import hashlib
import io
import itertools
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DRIP_SECONDS = 0.2


def wheel() -> bytes:
    """A wheel of a package with nothing in it."""
    info = "nothing-1.0.dist-info"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return made.getvalue()


def source() -> bytes:
    """The same as a source distribution, whose set-up would run."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in (("setup.py", b"raise SystemExit('it ran')"), ("PKG-INFO", b"Name: nothing\nVersion: 1.0\n")):
            about = tarfile.TarInfo(f"nothing-1.0/{name}")
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text))
    return made.getvalue()


WHEEL, SOURCE = wheel(), source()
DIGESTS = tuple(sorted(hashlib.sha256(data).hexdigest() for data in (WHEEL, SOURCE)))
_WHEEL_NAME, _SOURCE_NAME = "nothing-1.0-py3-none-any.whl", "nothing-1.0.tar.gz"
Answer = Callable[[BaseHTTPRequestHandler], None]


def _send(handler: BaseHTTPRequestHandler, body: bytes, kind: str = "text/html", status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _page(name: str) -> bytes:
    return f'<!DOCTYPE html><html><body><a href="/files/{name}">{name}</a></body></html>'.encode()


def _serving(name: str, data: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        _send(handler, data if handler.path.startswith("/files/") else _page(name), "text/html")

    return answer


def _drip(handler: BaseHTTPRequestHandler, begins: bytes) -> None:
    """A byte now and then, each before uv's own patience ends, and never the last."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "100000000")
    handler.end_headers()
    for byte in itertools.chain(begins, itertools.repeat(ord(" "))):
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(DRIP_SECONDS)


def _slow(handler: BaseHTTPRequestHandler) -> None:
    _drip(handler, b"")


def _slow_wheel(handler: BaseHTTPRequestHandler) -> None:
    """The same, once the package was found: what comes is what is wanted."""
    if handler.path.startswith("/files/"):
        _drip(handler, WHEEL)
    else:
        _send(handler, _page(_WHEEL_NAME))


def _silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(60)


def _broken(handler: BaseHTTPRequestHandler) -> None:
    _send(handler, b"no", status=500)


def _circle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", f"{handler.path.rstrip('/')}x/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _other(handler: BaseHTTPRequestHandler) -> None:
    """What a hotel's network answers to everything."""
    _send(handler, b"<html><body>Welcome! Please log in.</body></html>" * 10, "application/octet-stream")


def _short(handler: BaseHTTPRequestHandler) -> None:
    if not handler.path.startswith("/files/"):
        return _send(handler, _page(_WHEEL_NAME))
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(WHEEL)))
    handler.end_headers()
    handler.wfile.write(WHEEL[: len(WHEEL) // 2])
    return None


SOUND: Answer = _serving(_WHEEL_NAME, WHEEL)
# An answer of none is a port where nobody listens.
MISBEHAVING: Mapping[str, Answer | None] = {
    "dead": None,
    "silent": _silent,
    "broken": _broken,
    "in circles": _circle,
    "another page": _other,
    "cut off": _short,
    "another wheel": _serving(_WHEEL_NAME, WHEEL + b"\0"),
    "source alone": _serving(_SOURCE_NAME, SOURCE),
}


# They answer for ever, so that what ends it must be a deadline.
DRIPPING: Mapping[str, Answer] = {"its page": _slow, "the wheel": _slow_wheel}


@contextlib.contextmanager
def served(answer: Answer | None) -> Iterator[str]:
    """The address of an index that answers so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                (answer or _silent)(self)

        def do_HEAD(self) -> None:
            self.send_error(405)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    address = f"http://127.0.0.1:{server.server_address[1]}/simple"
    if answer is None:
        server.server_close()
        yield address
        return
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
