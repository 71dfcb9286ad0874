"""Work that is spread over processes gives what it gives in one, and ends with who asked for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from verify.errors import IntegrityError, VerifyError
from verify.report.spread import AHEAD, MOST, parts_of, processors, spread

NUMBERS = range(40)
SLOW = """
import time
from verify.report.spread import spread
print("begun", flush=True)
for _ in spread(time.sleep, [0.1] * 10_000, 2):
    print("one", flush=True)
"""


def refuse(number: int) -> int:
    """Work that finds something wrong."""
    raise IntegrityError(f"number {number}", "mend it")


def test_the_answers_come_in_order_from_any_number_of_processes() -> None:
    alone = list(spread(str, NUMBERS, 1))
    assert alone == [str(number) for number in NUMBERS]
    assert list(spread(str, NUMBERS, 2)) == alone


def test_parts_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def parts() -> Iterator[int]:
        for number in NUMBERS:
            taken.append(number)
            yield number

    answers = spread(str, parts(), 2)
    assert next(answers) == "0"
    assert len(taken) <= 2 * AHEAD + 1
    answers.close()  # type: ignore[attr-defined]


def test_parts_hold_everything_once() -> None:
    assert [list(part) for part in parts_of(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(parts_of([], 2)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_what_the_work_raises_arrives_whole(processes: int) -> None:
    with pytest.raises(IntegrityError) as caught:
        list(spread(refuse, [7], processes))
    assert (caught.value.message, caught.value.hint) == ("number 7", "mend it")


def fall(number: int) -> int:
    """Work during which the system ends a process, as it does when memory is short."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


def test_a_process_that_is_killed_is_told_in_words() -> None:
    with pytest.raises(VerifyError, match="was killed") as caught:
        list(spread(fall, NUMBERS, 2))
    assert "memory" in caught.value.hint


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlasts_who_started_it_or_says_anything(ending: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    assert process.stdout
    while process.stdout.readline() != "one\n":
        assert process.poll() is None
    if ending == signal.SIGINT:
        # As a terminal does it: to all of them.
        os.killpg(process.pid, ending)
    else:
        process.send_signal(ending)
    # The streams end when the last process that has them does.
    _, said = process.communicate(timeout=60)
    assert said.count("Traceback") == (ending == signal.SIGINT), said
    assert process.returncode != 0
    for _ in range(600):
        if not alive(process.pid):
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


def alive(group: int) -> bool:
    """Whether a process of a group is left; one that only waits to be reaped is none."""
    told = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    return any(int(of) == group and not state.startswith("Z") for of, state in map(str.split, told.splitlines()))


def test_there_are_as_many_processes_as_processors_that_may_be_used_and_never_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for usable, many in ((1, 1), (3, 3), (20, MOST)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, usable=usable: set(range(usable)))
        assert processors() == many
    monkeypatch.delattr(os, "sched_getaffinity")
    for counted, many in ((None, 1), (5, 5), (20, MOST)):
        monkeypatch.setattr(os, "cpu_count", lambda counted=counted: counted)
        assert processors() == many
