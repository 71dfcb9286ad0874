"""Runs that take turns, and the paces that are not to be believed."""

import random
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from verify.checks.benchmark import energy, loading, pretraining
from verify.checks.measures.cold_compiler import nothing_compiles
from verify.checks.measures.pace import STEADY_FROM, TURNS, Doubts, Pace, doubt_about, race, record_ratio
from verify.checks.measures.startup_and_rate import STARTS
from verify.probe import contention
from verify.probe.contention import Contention
from verify.probe.context import Context
from verify.probe.paired import fewest_rounds

NOISE = random.Random(1)
EVEN = [0.1 * (1 + 0.004 * NOISE.random()) for _ in range(24)]
WILD = [0.1 * (1 + 0.5 * NOISE.random()) for _ in range(24)]
CALM = Doubts(None, None)
CONTEXT: Any = ("cpu", 0, 2, *[None] * 4)


def ran(first: float, steady: list[float]) -> Pace:
    seconds = [first, *steady[:1], *steady]
    return Pace("cpu", 1, Any, [1] * len(seconds), seconds)


def entrant(pace: Pace, *later: float, arm: Any = pretraining.BASELINE) -> pretraining.Entrant:
    """One whose later starts took as long as the first, or so much longer."""
    starts = [pace.first_seconds + off for off in (0.0, *(later or (0.0, 0.0)))]
    return pretraining.Entrant(arm, pace, pace.cost.started(pace.first_steps, starts), starts, None)


def recorded(
    own: Pace, baseline: Pace, doubts: Doubts = CALM, later: tuple[float, ...] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    context, arm = Context(*CONTEXT), pretraining.ALONE[2]
    pretraining.record_rate(context, arm, own, doubts)
    entered = entrant(own, *later, arm=arm)
    pretraining.record_start_up(context, entered, doubts)
    pretraining.record_worth(context, entered, entrant(baseline), doubts)
    return {figure["name"]: figure for figure in context.measurements}, dict(context.notes)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (EVEN, None),
        ([0.13] * 12 + [0.1] * 12, "still falling"),
        ([0.1] * 12 + [0.13] * 12, "times rose"),
        ([0.1, 0.15] * 12, "the median is known to 20% only"),
        ([0.1, 0.102, 0.101, 0.1], None),
        ([0.1, 0.15], "2 times lie 17% to either side"),
        ([0.1], "timed once"),
    ],
)
def test_a_pace_that_drifts_or_spreads_is_doubted(samples: list[float], words: str | None) -> None:
    doubt = doubt_about(samples)
    assert doubt is None if words is None else words in str(doubt)


def test_all_that_rests_on_a_drifting_pace_is_marked() -> None:
    figures, _ = recorded(ran(5.0, [0.07] * 12 + [0.08] * 12), ran(0.2, EVEN))
    raw = {"seconds_by_step", "startup_and_first_steps"}
    timed = {name: figure["inconclusive"] for name, figure in figures.items() if name not in raw}
    assert {"break_even_step_sdpa_low", "break_even_step_sdpa_high", "startup_seconds_sdpa"} < set(timed)
    ratio = {name: doubt for name, doubt in timed.items() if name.startswith("times_as_fast")}
    assert set(ratio.values()) == {"the ratio was not the same from the first turns to the last"}
    assert all("times rose" in doubt for name, doubt in timed.items() if name not in ratio)


def test_what_is_ahead_from_the_start_breaks_even_at_no_step() -> None:
    figures, notes = recorded(ran(0.12, [0.9 * each for each in EVEN]), ran(0.16, EVEN))
    assert notes == {"break_even_sdpa": "ahead from the start"}
    assert not any(name.startswith("break_even") for name in figures)


def test_a_note_on_paces_that_drift_says_so() -> None:
    _, notes = recorded(ran(0.12, [0.1] * 12 + [0.13] * 12), ran(0.16, EVEN))
    assert "; not to be believed: times rose" in notes["break_even_sdpa"]


def test_a_break_even_that_may_lie_before_the_first_step_has_a_latest_step_alone() -> None:
    figures, notes = recorded(ran(0.2, [0.9 * each for each in EVEN]), ran(0.2, EVEN), later=(0.01, -0.01))
    assert notes == {"break_even_sdpa": "ahead by step 4 at the latest"}
    assert not any(name.startswith("break_even") for name in figures)


@pytest.mark.parametrize(
    ("first", "later", "words"),
    [
        (0.05, (), "0 s at most: not told from none"),
        (0.2, (0.1, -0.1), "0.35 s at most: not told from none"),
    ],
)
def test_a_start_up_that_is_not_told_from_none_is_no_figure_and_no_finding(
    first: float, later: tuple[float, ...], words: str
) -> None:
    figures, notes = recorded(ran(first, EVEN), ran(0.2, EVEN), later=later)
    assert notes["startup_sdpa"] == words
    assert "startup_seconds_sdpa" not in figures
    assert figures["startup_and_first_steps"]["inconclusive"] is None
    assert figures["tokens_per_second"]["inconclusive"] is None


def test_a_start_up_that_was_disturbed_is_a_doubted_figure_however_short() -> None:
    figures, notes = recorded(ran(0.05, EVEN), ran(0.2, EVEN), Doubts(None, "a neighbour"))
    assert figures["startup_seconds_sdpa"]["inconclusive"] == "a neighbour"
    assert "startup_sdpa" not in notes


def test_a_break_even_lies_within_its_range_and_is_believed() -> None:
    figures, _ = recorded(ran(5.0, [0.9 * each for each in EVEN[::-1]]), ran(0.2, EVEN))
    low, step, high = (figures[f"break_even_step_sdpa{end}"] for end in ("_low", "", "_high"))
    assert low["value"] < step["value"] < high["value"]
    assert high["value"] / low["value"] < 1.1
    # 4.8 s later, less what the turns before the middle one have saved, 0.01 s a step.
    assert step["value"] == pytest.approx(480, rel=0.02)
    assert {low["inconclusive"], step["inconclusive"], high["inconclusive"]} == {None}


def test_starts_that_differ_widen_the_break_even_and_move_it_to_their_mean() -> None:
    """5 s, 6 s and 10 s: 7 s at a mean, by Student's t give or take 6.6 s."""
    figures, _ = recorded(ran(5.0, [0.9 * each for each in EVEN[::-1]]), ran(0.2, EVEN), later=(1.0, 5.0))
    low, step, high = (figures[f"break_even_step_sdpa{end}"]["value"] for end in ("_low", "", "_high"))
    assert step == pytest.approx(680, rel=0.02)
    assert low < 100
    assert high > 1300
    assert figures["startup_seconds_sdpa"]["value"] == pytest.approx(7.0, rel=0.02)
    assert figures["startup_and_first_steps"]["samples"] == pytest.approx([5.1, 6.1, 10.1], rel=0.01)


def test_a_baseline_whose_pace_is_hardly_known_widens_the_break_even_of_a_well_known_ratio() -> None:
    def width(pace: list[float]) -> float:
        figures, _ = recorded(ran(5.0, [0.9 * each for each in pace]), ran(0.2, pace))
        return float(figures["break_even_step_sdpa_high"]["value"] / figures["break_even_step_sdpa_low"]["value"])

    assert width(EVEN) < 1.02
    assert width(WILD) > 1.1


def test_a_pace_that_spreads_widens_the_break_even_and_is_no_doubt_about_it() -> None:
    spread = [0.1, 0.15, 0.15, 0.1] * 6
    figures, _ = recorded(ran(5.0, [0.6 * each for each in spread]), ran(0.2, spread))
    low, high = (figures[f"break_even_step_sdpa{end}"] for end in ("_low", "_high"))
    assert high["value"] > 1.4 * low["value"]
    assert {low["inconclusive"], high["inconclusive"]} == {None}
    words = "the median is known to 20% only"
    assert figures["seconds_per_step"]["inconclusive"] == figures["startup_seconds_sdpa"]["inconclusive"] == words


def test_a_neighbour_of_the_start_up_is_held_against_what_rests_on_it() -> None:
    figures, _ = recorded(ran(5.0, [0.9 * each for each in EVEN]), ran(0.2, EVEN), Doubts(None, "a neighbour"))
    assert figures["startup_seconds_sdpa"]["inconclusive"] == "a neighbour"
    assert figures["break_even_step_sdpa"]["inconclusive"] == "a neighbour"
    assert figures["tokens_per_second"]["inconclusive"] is None
    assert figures["times_as_fast"]["inconclusive"] is None


@pytest.mark.parametrize(
    ("arm", "files", "doubt"),
    [
        (pretraining.BASELINE, [0, 0], None),
        (pretraining.COMPILED, [83, 83], None),
        (pretraining.COMPILED, [83, 66], "a later start compiled 66 files, the first 83: it was not cold"),
        (pretraining.COMPILED, [66, 83], "a later start compiled 66 files, the first 83: it was not cold"),
    ],
)
def test_each_later_start_is_of_a_new_run_and_must_compile_as_much_as_the_first(
    monkeypatch: pytest.MonkeyPatch, arm: Any, files: list[int], doubt: str | None
) -> None:
    runs: list[str] = []

    def begun(_context: Any, own: Any, _shape: Any) -> Any:
        runs.append(own.name)
        return SimpleNamespace(step=lambda: 0.0)

    monkeypatch.setattr(pretraining, "started", begun)
    monkeypatch.setattr(pretraining, "start", lambda paces, _: [pace.turn(1) for pace in paces * 2] and None)
    counts = iter(files)
    pace = ran(5.0, EVEN)
    entered = pretraining.started_again(Context(*CONTEXT), arm, pace, lambda: nullcontext(partial(next, counts)), 83)
    assert runs == [arm.name] * (STARTS - 1)
    assert entered.starts[0] == pace.first_seconds
    assert len(entered.starts) == STARTS
    assert entered.doubt == doubt


def test_a_start_that_takes_minutes_is_not_repeated_and_not_believed() -> None:
    pace = ran(120.0, [0.9 * each for each in EVEN])
    once = pretraining.started_again(Context(*CONTEXT), pretraining.COMPILED, pace, nothing_compiles, 83)
    assert list(once.starts) == [pace.first_seconds]
    assert once.doubt == "a start takes 120 s, so that it was timed once"
    context = Context(*CONTEXT)
    pretraining.record_start_up(context, once, CALM)
    pretraining.record_worth(context, once, entrant(ran(0.2, EVEN)), CALM)
    figures = {figure["name"]: figure for figure in context.measurements}
    assert figures["startup_seconds_compile"]["value"] == pytest.approx(119.9, rel=0.01)
    rests_on_it = [name for name in figures if name.startswith(("startup", "break_even"))]
    assert len(rests_on_it) == 5
    assert {figures[name]["inconclusive"] for name in rests_on_it} == {once.doubt}
    assert figures["times_as_fast"]["inconclusive"] is None


@pytest.mark.parametrize(("busy", "steady", "whole"), [(0, False, True), (STEADY_FROM, True, True), (99, False, False)])
def test_start_up_and_steady_turns_are_watched_apart(
    monkeypatch: pytest.MonkeyPatch, busy: int, steady: bool, whole: bool
) -> None:
    made: list[int] = []
    monkeypatch.setattr(contention, "now", lambda: len(made))
    monkeypatch.setattr(contention, "since", lambda begun: Contention(float(begun <= busy < len(made)), 0.0, 0.0))

    def step() -> Any:
        made.append(len(made))

    doubts = race([Pace("cpu", 1, step)], "cpu", TURNS)
    assert len(made) == TURNS
    assert (doubts.steady is not None, doubts.whole is not None) == (steady, whole)


def test_two_runs_take_turns_in_rounds_of_four_that_no_drift_favours() -> None:
    order: list[str] = []

    def named(name: str) -> Pace:
        return Pace("cpu", 1, lambda: order.append(name))

    race([named("A"), named("B")], "cpu", TURNS)
    steady = "".join(order[2 * STEADY_FROM :])
    assert steady == "ABBABAAB" * (len(steady) // 8)
    assert len(steady) == 4 * fewest_rounds()


RISING = [0.1] * 12 + [0.13] * 12


@pytest.mark.parametrize(
    ("own", "other", "words"),
    [
        (EVEN, EVEN[::-1], None),
        # Both slow down alike, and both are as wild as a busy machine makes them.
        (RISING, [0.9 * each for each in RISING], None),
        (WILD, [1.7 * each for each in WILD], None),
        # One interval says which is faster, the other does not, though both are wide.
        (EVEN, [2 * each for each in WILD], None),
        (EVEN, [0.07, 0.07, 0.14, 0.14] * 6, "which is faster is not told: the ratio is known to 41% only"),
        (EVEN, RISING, "not the same from the first turns to the last"),
        (RISING, EVEN, "not the same from the first turns to the last"),
        (EVEN[:4], EVEN[:4], "4 turns are too few"),
    ],
)
def test_a_ratio_is_doubted_for_what_its_pairs_tell(own: list[float], other: list[float], words: str | None) -> None:
    context = Context(*CONTEXT)
    seen = record_ratio(context, "speedup", ran(0.2, own), ran(0.2, other), doubts=CALM, conditions={"on": "cpu"})
    doubts = {figure["inconclusive"] for figure in context.measurements}
    assert len(doubts) == 1
    doubt = doubts.pop()
    assert doubt is None if words is None else words in str(doubt)
    assert (seen.high == float("inf")) == (len(own) < fewest_rounds())


def test_a_ratio_has_its_interval_and_the_doubts_of_the_race() -> None:
    context, runs = Context(*CONTEXT), [ran(0.2, EVEN), ran(0.2, EVEN)]
    record_ratio(context, "speedup", *runs, doubts=Doubts("a neighbour", "a neighbour"), conditions={"on": "cpu"})
    assert [figure["name"] for figure in context.measurements] == ["speedup", "speedup_low", "speedup_high"]
    assert {figure["inconclusive"] for figure in context.measurements} == {"a neighbour"}


def test_ratios_that_are_read_side_by_side_are_wider_and_say_of_how_many_they_are() -> None:
    told = {"on": "cpu"}
    widths = []
    for comparisons in (1, 7):
        context = Context(*CONTEXT)
        runs = ran(0.2, WILD), ran(0.2, WILD[::-1])
        seen = record_ratio(context, "speedup", *runs, doubts=CALM, conditions=told, comparisons=comparisons)
        widths.append(seen.high / seen.low)
        (conditions,) = {tuple(figure["conditions"].items()) for figure in context.measurements}
        assert dict(conditions) == (told if comparisons == 1 else {**told, "comparisons": 7})
    assert widths[0] < widths[1] < float("inf")


def test_what_optimisations_are_worth_holds_for_all_that_the_suite_compares_at_once() -> None:
    optimisations = [*pretraining.ALONE, pretraining.COMPILED, pretraining.TOGETHER]
    figures, _ = recorded(ran(0.2, EVEN), ran(0.2, EVEN))
    assert figures["times_as_fast_low"]["conditions"]["comparisons"] == len(optimisations) == 7


@pytest.mark.parametrize(
    ("cache", "seconds", "doubt"),
    [
        ("first", [0.9], None),
        ("cold", [0.4, 0.8], "2 times lie 25% to either side of their middle"),
        ("warm", [0.10, 0.11, 0.10, 0.10], None),
        ("warm", [0.10, 0.31, 0.10, 0.10], "4 times lie 105% to either side of their middle"),
    ],
)
def test_loads_that_spread_are_marked(cache: str, seconds: list[float], doubt: str | None) -> None:
    context = Context(*CONTEXT)
    loading.record(context, cache, seconds, None)
    assert {figure["inconclusive"] for figure in context.measurements} == {doubt}
    assert {figure["conditions"]["threads"] for figure in context.measurements} == {2}


def test_each_figure_of_energy_names_its_source_and_has_the_doubts_of_its_own_time() -> None:
    context = Context(*CONTEXT)
    training = energy.Spent("rapl package", 300.0, 10.0, 100, "a neighbour")
    energy.record(context, training, energy.Spent("rapl package", 15.0, 3.0, 0))
    figures = {figure["name"]: figure for figure in context.measurements}
    assert {figure["conditions"]["source"] for figure in figures.values()} == {"rapl package"}
    assert figures.pop("idle_watts")["inconclusive"] is None
    assert {figure["inconclusive"] for figure in figures.values()} == {"a neighbour"}
