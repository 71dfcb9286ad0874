"""How our figures and others' take turns: in which order, what is kept of each, and what disturbs them."""

import ctypes
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.asked import reached
from benchmarks.asked.reached import LOOKS, TURNS, Rates, Turn, at_the_fastest, started, take_turns, watched
from tests.checks.conftest import ROOT
from verify.checks.benchmark import training_throughput as training
from verify.checks.models.block_stack import Blocks
from verify.probe import disturbance
from verify.probe.context import Context, Failed

CONTEXT: Any = ("cpu", 0, 2, ROOT, ROOT, ROOT, ROOT)


def test_every_second_turn_goes_backwards_and_is_recorded_by_whose_it_is() -> None:
    order: list[str] = []

    def contender(whose: str) -> Turn:
        order.append(whose)
        return Rates(10.0, 8.0), "a neighbour" if whose == "B" else None

    context = Context(*CONTEXT)
    take_turns(context, partial(contender, "ours"), {whose: partial(contender, whose) for whose in ("A", "B")})
    assert order[:6] == ["ours", "A", "B", "B", "A", "ours"]
    assert len(context.measurements) == 2 * 3 * TURNS
    kept = {
        (one["name"], one["conditions"]["whose"], one["value"], one["inconclusive"]) for one in context.measurements
    }
    assert ("best_rate", "ours", 10.0, None) in kept
    assert ("median_rate", "B", 8.0, "a neighbour") in kept


def test_a_median_above_the_best_is_no_rate() -> None:
    context = Context(*CONTEXT)
    with pytest.raises(Failed, match=r"ours: 1\.0 at best, 2\.0 in the middle"):
        take_turns(context, lambda: (Rates(1.0, 2.0), None), {})


def test_all_sizes_are_tried_at_first_and_the_fastest_from_then_on() -> None:
    tried: list[int] = []

    def contender(size: int) -> Turn:
        tried.append(size)
        return Rates({1: 6.0, 2: 9.0, 4: 8.0}[size], 5.0), None

    turn = at_the_fastest(contender, [1, 2, 4])
    assert [turn(), turn()] == [(Rates(9.0, 5.0), None)] * 2
    assert tried == [*[1, 2, 4] * LOOKS, 2]


def test_a_size_that_a_neighbour_slowed_once_may_still_be_the_fastest() -> None:
    seen = iter([(6.0, "a neighbour"), (7.0, None), (9.0, None), *[(7.0, None)] * 3, (8.5, None)])

    def contender(_: int) -> Turn:
        best, doubt = next(seen)
        return Rates(best, 5.0), doubt

    turn = at_the_fastest(contender, [1, 2])
    assert [turn(), turn()] == [(Rates(9.0, 5.0), None), (Rates(8.5, 5.0), None)]


def test_what_runs_in_this_process_is_watched_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(disturbance, "watch", lambda device: lambda: f"{seen} on {device}")

    def contender() -> Rates:
        seen.append("working")
        return Rates(10.0, 8.0)

    assert watched(Context(*CONTEXT), contender) == (Rates(10.0, 8.0), "['working'] on cpu")


def test_a_program_takes_a_turn_for_each_line_and_tells_what_disturbed_it() -> None:
    turns = "for size in map(int, sys.stdin): print('rate 12.5', size, 'a noisy neighbour' * size, flush=True)"
    source = f"import sys\nprint('warming up')\n{turns}"
    with started([sys.executable, "-c", source], {}) as contender:
        assert [contender(0), contender(1)] == [(Rates(12.5, 0.0), None), (Rates(12.5, 1.0), "a noisy neighbour")]


def test_a_program_that_ends_instead_of_taking_its_turn_is_told() -> None:
    told = pytest.raises(RuntimeError, match="ended with 3 before its turn was over")
    with started([sys.executable, "-c", "raise SystemExit(3)"], {}) as contender, told:
        contender()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_c_copies_and_adds_what_it_is_given(tmp_path: Path) -> None:
    library = reached.compiled(reached.HERE / "stream.c", tmp_path / "stream.so")
    for name, wanted in (("copy", 2.0), ("triad", 2.0 + 3.0 * 4.0)):
        target, left, right = (Floats(1000, value) for value in (0.0, 2.0, 4.0))
        arrays: Any = [target, left] if name == "copy" else [target, left, right]
        rates = reached.in_c(library, name, arrays)
        assert rates.best >= rates.median > 0
        assert list(target.numbers) == [wanted] * 1000


class Floats:
    """What `in_c` asks of a tensor."""

    def __init__(self, count: int, value: float) -> None:
        self.numbers = (ctypes.c_float * count)(*[value] * count)

    def __len__(self) -> int:
        return len(self.numbers)

    def data_ptr(self) -> int:
        return ctypes.addressof(self.numbers)


def test_the_batches_are_the_second_and_the_third_that_our_check_tries() -> None:
    assert training.BATCHES[1:3] == (16, 32)


def test_the_model_that_others_train_has_the_parameters_of_gpt2() -> None:
    # As training_throughput counts them on GPT-2 2x256 with 32 tokens.
    assert Blocks(2, 256).parameters + (2048 + 32 + 2) * 256 == 2_112_512
