"""The draw of mutants, its score, and the page: mutmut itself is not started."""

import ast
import random

import pytest

from tests.mutants.__main__ import TOGETHER, drawn
from tests.mutants.score import (
    FATES,
    PAGE,
    ROOT,
    ROW,
    Change,
    Draw,
    change_of,
    counted,
    equivalents,
    lines_of,
    page,
    row,
    wilson,
)

SHOWN = """# verify.judge.a.x_f__mutmut_1: survived
--- verify/judge/a.py
+++ verify/judge/a.py
@@ -1,3 +1,3 @@
 def f(x: int) -> bool:
-    return x | 1 < 2
+    return x | 1 <= 2
"""
NAMES = [f"verify.judge.{file}.x_f__mutmut_{number}" for file in "abc" for number in range(1, 41)]
CHANGE = Change("verify/judge/a.py", "f", ("return x | 1 < 2",), ("return x | 1 <= 2",))


class Mutmut:
    """One that runs nothing: the mutants of a survive."""

    def __init__(self) -> None:
        self.told = dict.fromkeys(random.sample(NAMES, len(NAMES)), "not checked")
        self.runs: list[tuple[str, ...]] = []

    def __call__(self, *words: str) -> str:
        """Answer as mutmut does."""
        if words[0] == "run":
            self.runs.append(words[2:])
            self.told |= {name: "survived" if ".a." in name else "killed" for name in words[2:]}
        lines = "".join(f"    {name}: {fate}\n" for name, fate in self.told.items())
        return {"results": lines, "--version": "mutmut, version 3.8.1\n", "show": SHOWN}.get(words[0], "")


def draw(seed: int = 1, until: float = 0.0) -> tuple[Draw, Mutmut]:
    """What is drawn until a moment, the first some in any case."""
    fake = Mutmut()
    return drawn(fake, seed, until), fake


def test_a_seed_draws_the_same_again_and_another_seed_others() -> None:
    assert draw(1)[1].runs == draw(1)[1].runs != draw(2)[1].runs


def test_no_more_are_begun_when_the_time_is_up() -> None:
    (some,) = draw()[1].runs
    assert len(set(some)) == TOGETHER < len(NAMES)


def test_with_time_enough_every_mutant_is_drawn_once() -> None:
    whole, fake = draw(until=float("inf"))
    assert sorted(name for some in fake.runs for name in some) == sorted(NAMES) == sorted(whole.fates)


def test_what_became_of_the_drawn_adds_up() -> None:
    some, _ = draw()
    told = counted(some)
    count = {words: int(told.split(f"| {words} | ")[1].split(" |")[0]) for words in FATES.values()}
    assert sum(count.values()) == TOGETHER
    assert count[FATES["survived"]] == len(some.survivors) > 0
    assert f"{1 - len(some.survivors) / TOGETHER:.1%}" in told
    assert f"{TOGETHER} of {len(NAMES)} mutants drawn, in 3 files" in told


def test_what_no_test_reaches_is_not_noticed() -> None:
    some = Draw(1, "2026-01-01", "3", 10, 1, {"a": "killed", "b": "timeout", "c": "no tests", "d": "killed"}, ())
    assert "**75.0%**" in counted(some)


def test_a_mutant_that_was_not_run_to_its_end_has_no_place_in_the_score() -> None:
    with pytest.raises(ValueError, match="'b': 'not checked'"):
        counted(Draw(1, "2026-01-01", "3", 10, 1, {"a": "killed", "b": "not checked"}, ()))


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 0, 0, 1), (81, 263, 0.2553, 0.3662), (0, 20, 0, 0.1611), (20, 20, 0.8389, 1)]
)
def test_the_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_what_mutmut_shows_is_read() -> None:
    assert change_of("verify.judge.a.x_f__mutmut_1", SHOWN) == CHANGE
    assert change_of("verify.judge.a.xǁGroup_Aǁf_g__mutmut_12", SHOWN).function == "Group_A.f_g"


def test_a_change_is_written_so_that_it_can_be_read() -> None:
    ((file, function, before, after),) = ROW.findall(f"{row(CHANGE)} |")
    assert Change(file, function, tuple(lines_of(before)), tuple(lines_of(after))) == CHANGE


def test_what_is_known_to_be_the_same_stands_apart_with_its_reason() -> None:
    some, _ = draw()
    assert "for a reason" not in page(some, {})
    text = page(some, {CHANGE: "for a reason"})
    assert "## Not noticed" not in text
    assert "for a reason" in text


def test_every_function_that_the_page_names_is_there() -> None:
    named = {(file, function) for file, function, _, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert sorted(f"{file}: {name}" for file, name in named if not source_of(file, name)) == [], "./noxw -s mutants"


def test_every_line_that_the_list_of_equivalents_names_is_there() -> None:
    gone = [change for change in equivalents() if not set(change.before) <= source_of(change.file, change.function)]
    assert gone == []


def source_of(file: str, name: str) -> set[str]:
    """The lines of a function, its class before it; none where it or its file is gone."""
    path = ROOT / file
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    owner, _, own = name.rpartition(".")
    tree = ast.parse(source)
    places = [each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == owner] if owner else [tree]
    found = [each for place in places for each in place.body if isinstance(each, ast.FunctionDef) and each.name == own]
    return {line.strip() for each in found for line in source.splitlines()[each.lineno - 1 : each.end_lineno]}
