"""A thread that looks on while something else goes on, and ends with it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context


@contextmanager
def alongside(watch: Callable[[threading.Event], object], name: str) -> Iterator[None]:
    """Let a function look on for as long as the block takes, and wait until it has ended.

    Args:
        watch: Is given what will be set when the block is left, and returns soon after that. It speaks the language
            of whoever enters, in which no other thread begins.
        name: Of its thread.
    """
    over = threading.Event()
    thread = threading.Thread(target=copy_context().run, args=(watch, over), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
