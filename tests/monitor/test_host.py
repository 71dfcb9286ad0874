"""Processor and memory of the machine that the tests run on."""

import threading
import time

from verify.monitor.host import UNASKED_CLOCK, Host
from verify.monitor.reading import Unread


def test_what_every_machine_tells_is_read_and_the_rest_has_a_reason() -> None:
    host = Host()
    host.read()
    # Utilisation is of the time between two looks, and the kernel counts it in hundredths of a second.
    time.sleep(0.2)
    reading = host.read()
    values = {(value.subject, value.name): value for value in reading.values}
    assert 0 <= values["processor", "utilisation"].value <= 100
    assert 0 < values["memory", "used"].value < values["memory", "total"].value
    unread = {unread.what: unread.reason for unread in reading.unread}
    for name in ("clock", "temperature", "power"):
        assert (("processor", name) in values) != (f"processor {name}" in unread), name
    assert all(unread.values())


def test_in_a_run_no_processor_is_interrupted_to_tell_its_clock() -> None:
    reading = Host(in_a_run=True).read()
    assert ("processor", "clock") not in {(value.subject, value.name) for value in reading.values}
    assert Unread("processor clock", UNASKED_CLOCK) in reading.unread


def test_the_first_look_from_another_thread_is_no_zero() -> None:
    host, seen = Host(), list[float]()

    def look() -> None:
        sum(range(20_000_000))
        seen.extend(value.value for value in host.read().values if value.name == "utilisation")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen[0] > 0
