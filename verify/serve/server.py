"""Listening, until somebody ends it."""

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from verify.errors import VerifyError

# Requests at one time; each tab that watches a job is one.
MOST_AT_ONCE = 64
# Those who watch a job are let go within one look; whoever else is being answered gets so long.
GRACE_SECONDS = 2


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        host: An address or a name of this machine.
        port: 0 for any that is free.

    Raises:
        VerifyError: It is taken, or not ours.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise VerifyError(
            f"{host} port {port} cannot be listened at: {error.strerror or error}",
            "choose another: verify serve --port 0 takes any that is free",
        ) from error


def serve(application: Callable[[Callable[[], bool]], ASGIApp], listener: socket.socket) -> None:
    """Answer until SIGINT, SIGTERM or SIGHUP comes; for the main thread only.

    Args:
        application: Makes the application, given what tells whether the server is about to end.
        listener: A socket that listens.
    """
    # The application is made before the server, and asks it only later.
    servers: list[uvicorn.Server] = []
    config = uvicorn.Config(
        application(lambda: any(server.should_exit for server in servers)),
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="none",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    servers.append(uvicorn.Server(config))
    handlers: dict[int, Any] = {
        signal.SIGTERM: signal.default_int_handler,
        # uvicorn knows the other two.
        signal.SIGHUP: lambda *_: signal.raise_signal(signal.SIGTERM),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        # uvicorn sends itself the signal again that ended it.
        with suppress(KeyboardInterrupt):
            servers[0].run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
