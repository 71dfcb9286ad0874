"""Interrupts that ask first."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from verify.language.speech import say
from verify.run.child import Children


@contextmanager
def first_interrupt_is_gentle(children: Children) -> Iterator[threading.Event]:
    """The first interrupt asks the training to save and end; the second ends it."""
    interrupted = threading.Event()

    def once(*_: object) -> None:
        interrupted.set()
        for number, handler in before.items():
            signal.signal(number, handler)
        print("\n" + say("saving, then ending; interrupt once more to end at once"), file=sys.stderr)
        children.interrupt()

    before = {number: signal.signal(number, once) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
