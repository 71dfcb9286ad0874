"""Sharing imports: a process that has imported what many checks need, and forks a process for each of them.

Importing a framework takes seconds and starts nothing; using it starts threads, and a fork that leaves threads behind
may hang. So what is forked has only imported, and is never forked once it has a second thread. Each child is handed to
the supervisor, which watches and ends it as one that it started itself.
"""

import json
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from verify.probe.imports import import_for_good

READY = b"ready"
# A message is two paths, which have at most 4096 bytes each; its descriptors are the output and the lifeline.
LONGEST_MESSAGE = 16_384
DESCRIPTORS = 2
TASKS = Path("/proc/self/task")


def serve(channel: int, modules: Sequence[str]) -> tuple[str, int]:
    """Import the modules, then fork a child for each question, until the supervisor closes its end of the channel.

    As forking does, this returns in the children. In each, all is as if it had just been started: a session, output,
    a working directory and a temporary folder of its own.

    Args:
        channel: The descriptor of a socket that keeps messages apart. Each carries the request and a temporary folder,
            and with them the output and the lifeline of the child; answered by the child's number, or 0.
        modules: What the children would all import.

    Returns:
        The path of the request that the child is to answer, and the descriptor of its lifeline.
    """
    supervisor = socket.socket(fileno=channel)
    import_for_good(modules)
    if len(list(TASKS.iterdir())) > 1:
        # Importing started threads, which children would be without.
        sys.exit(1)
    supervisor.send(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(supervisor, LONGEST_MESSAGE, DESCRIPTORS)
        if not message:
            sys.exit()
        child = _forked()
        if child is None:
            supervisor.close()
            return _become(json.loads(message), *descriptors)
        _close(*descriptors)
        supervisor.send(str(child).encode())


def _forked() -> int | None:
    """Fork a child in a session of its own whose parent has ended already, so that the system hands it on.

    The child waits until that has been seen: it would find what forked it above itself otherwise, for as long as a busy
    machine takes to end that.

    Returns:
        Its number, or 0 where there is none; None in the child.
    """
    told, tell = os.pipe()
    ended, end = os.pipe()
    between = os.fork()
    if not between:
        _fork_and_end()
        os.setsid()
        os.write(tell, str(os.getpid()).encode())
        os.close(end)
        os.read(ended, 1)
        _close(told, tell, ended)
        return None
    os.close(tell)
    os.waitpid(between, 0)
    number = os.read(told, LONGEST_MESSAGE)
    _close(told, ended, end)
    return int(number or 0)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _fork_and_end() -> None:
    """Return in a child, and in nobody else: not even where there can be no child."""
    ends = True
    try:
        ends = bool(os.fork())
    finally:
        if ends:
            os._exit(0)


def _become(message: dict[str, str], output: int, lifeline: int) -> tuple[str, int]:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(message["folder"])
    os.environ["TMPDIR"] = message["temporary"]
    # Whoever asked for it while it was imported would be told the server's.
    tempfile.tempdir = None
    return message["request"], lifeline
