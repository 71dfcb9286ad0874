"""A thread looks on for as long as a block takes, and no longer."""

import threading

import pytest

from verify.language.speech import speaking, spoken
from verify.monitor.alongside import alongside


def running() -> bool:
    return any(thread.name == "looking on" for thread in threading.enumerate())


def test_it_looks_on_from_entering_to_leaving() -> None:
    begun, ended = threading.Event(), threading.Event()

    def watch(over: threading.Event) -> None:
        begun.set()
        if over.wait(30):
            ended.set()

    with alongside(watch, "looking on"):
        assert begun.wait(30)
        assert running()
        assert not ended.is_set()
    assert ended.is_set()
    assert not running()


def test_it_ends_with_a_block_that_fails() -> None:
    with pytest.raises(KeyboardInterrupt), alongside(lambda over: over.wait(30), "looking on"):
        raise KeyboardInterrupt
    assert not running()


def test_it_speaks_the_language_of_who_enters() -> None:
    heard: list[str] = []
    with speaking("zh"), alongside(lambda _: heard.append(spoken()), "looking on"):
        pass
    assert heard == ["zh"]
