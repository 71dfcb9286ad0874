"""Looking at the machine's sensors while a run goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from verify.cli.stream import Stream
from verify.monitor.alongside import alongside
from verify.monitor.reading import Reading, together
from verify.monitor.recording import Recording
from verify.monitor.sources import sources


@contextmanager
def watching(stream: Stream | None) -> Iterator[Recording]:
    """Record what sensors say, and tell a program that watches."""
    looked_at = sources(in_a_run=True)

    def told(seconds: float, reading: Reading) -> None:
        if stream:
            values, unread = ([asdict(one) for one in each] for each in (reading.values, reading.unread))
            stream.tell("sample", {"seconds": round(seconds, 1), "values": values, "unread": unread})

    recording = Recording(lambda: together(looked_at), told)
    with alongside(recording.watch, "sensors"):
        yield recording
