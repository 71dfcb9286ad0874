"""What sensors say in the course of a run."""

import json
import threading

from hypothesis import given
from hypothesis import strategies as st

from verify.monitor.alongside import alongside
from verify.monitor.reading import Reading, Unread, Value, together
from verify.monitor.recording import MOST, Recording
from verify.report.watched import Watched


def reading(value: float, *, warm: bool = True) -> Reading:
    values = (Value("processor", "utilisation", "%", value), *([Value("gpu", "temperature", "°C", 61)] * warm))
    return Reading(values, () if warm else (Unread("gpu temperature", "NVML: GPU is lost"),))


def watched(recording: Recording) -> Watched:
    return Watched.model_validate_json(json.dumps(recording.data()))


def test_a_sensor_that_was_lost_on_the_way_has_gaps_and_a_reason() -> None:
    recording = Recording(lambda: reading(0))
    for number in range(4):
        recording.keep(5.0 * number, reading(10.0 * number, warm=number < 2))
    kept = watched(recording)
    assert kept.seconds == (0, 5, 10, 15)
    assert [one.values for one in kept.sensors] == [(0, 10, 20, 30), (61, 61, None, None)]
    assert kept.unread == {"gpu temperature": "NVML: GPU is lost"}


@given(count=st.integers(0, 5 * MOST))
def test_however_long_a_run_is_a_report_holds_looks_over_all_of_it_and_not_too_many(count: int) -> None:
    recording = Recording(lambda: reading(0))
    for number in range(count):
        recording.keep(float(number), reading(number % 100))
    data = recording.data()
    if not count:
        assert data is None
        return
    kept = watched(recording)
    assert len(kept.seconds) <= MOST
    assert kept.seconds[0] == 0
    assert kept.seconds[-1] > (count - 1) / 2 - 1
    assert all(value == second % 100 for second, value in zip(kept.seconds, kept.sensors[0].values, strict=True))


def test_looks_are_taken_until_it_is_over_and_told() -> None:
    told: list[tuple[float, Reading]] = []
    enough = threading.Event()

    def tell(seconds: float, one: Reading) -> None:
        told.append((seconds, one))
        if len(told) >= 3:
            enough.set()

    recording = Recording(lambda: reading(1), tell, every=0.001)
    with alongside(recording.watch, "sensors"):
        assert enough.wait(30)
    count = len(told)
    assert len(watched(recording).seconds) == count


def test_several_sources_are_one_look() -> None:
    both = together([lambda: reading(1), lambda: reading(2, warm=False)])
    assert len(both.values) == 3
    assert len(both.unread) == 1
