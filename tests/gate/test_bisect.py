import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import VerifyError
from verify.gate.bisect import Found, Trial, smallest, subset_lock
from verify.spec.candidate import make_candidate
from verify.spec.difference import difference
from verify.spec.lock import Lock, LockedPackage, format_packages, parse_lock, read_lock

OURS = Path(__file__).resolve().parents[2]
PLATFORM = "linux-x86_64-cpu"
NAMES = "abcdefghijkl"

Names = frozenset[str]
Oracle = Callable[[Names], bool | None]


def oracle(culprits: Names, needs: Mapping[str, Names]) -> Oracle:
    """What shows when all culprits are taken, where each change needs others beside it."""

    def reproduces(some: Names) -> bool | None:
        if any(not needs.get(name, frozenset()) <= some for name in some):
            return None
        return culprits <= some

    return reproduces


def closure(some: Names, needs: Mapping[str, Names]) -> Names:
    """The changes, and all that they need."""
    more = some.union(*(needs.get(name, frozenset()) for name in some))
    return some if more == some else closure(more, needs)


wholes = st.integers(1, len(NAMES)).map(lambda count: frozenset(NAMES[:count]))


@st.composite
def puzzles(draw: st.DrawFn) -> tuple[Names, Names, dict[str, Names]]:
    """All names, the culprits among them, and what each change needs."""
    whole = draw(wholes)
    some = st.sampled_from(sorted(whole))
    culprits = draw(st.frozensets(some, min_size=1, max_size=3))
    return whole, culprits, draw(st.dictionaries(some, st.frozensets(some, max_size=2), max_size=6))


@given(wholes, st.data())
def test_without_constraints_exactly_the_culprits_are_found(whole: Names, data: st.DataObject) -> None:
    culprits = data.draw(st.frozensets(st.sampled_from(sorted(whole)), min_size=1, max_size=3))
    found = smallest(whole, oracle(culprits, {}))
    assert found.names == tuple(sorted(culprits))
    assert found.entangled == ()


@given(puzzles())
def test_what_is_found_shows_it_and_nothing_small_can_be_left_out(
    puzzle: tuple[Names, Names, dict[str, Names]],
) -> None:
    whole, culprits, needs = puzzle
    reproduces = oracle(culprits, needs)
    found = smallest(whole, reproduces)
    assert found.reproduced
    assert reproduces(frozenset(found.names)) is True
    assert closure(culprits, needs) <= set(found.names)
    for size in (1, 2, 3):
        assert not any(reproduces(frozenset(found.names) - set(group)) for group in combinations(found.names, size))
    assert set(found.entangled) == {
        name for name in found.names if len(found.names) > 1 and reproduces(frozenset(found.names) - {name}) is None
    }


@given(puzzles())
def test_no_set_is_tried_twice_and_the_trail_is_the_same_again(
    puzzle: tuple[Names, Names, dict[str, Names]],
) -> None:
    whole, culprits, needs = puzzle
    asked: list[Names] = []
    reproduces = oracle(culprits, needs)

    def counted(some: Names) -> bool | None:
        asked.append(some)
        return reproduces(some)

    found = smallest(whole, counted)
    assert len(asked) == len(set(asked)) == len(found.trail)
    assert [trial.names for trial in found.trail] == [tuple(sorted(some)) for some in asked]
    assert all(reproduces(frozenset(trial.names)) is trial.reproduced for trial in found.trail)
    assert smallest(sorted(whole, reverse=True), reproduces) == found


def test_one_culprit_of_twelve_takes_few_trials() -> None:
    found = smallest(NAMES, oracle(frozenset("h"), {}))
    assert found.names == ("h",)
    assert len(found.trail) <= 2 + 2 * 4


@pytest.mark.parametrize("answer", [False, None])
def test_where_all_changes_together_do_not_show_it_nothing_is_searched(*, answer: bool | None) -> None:
    found = smallest("ab", lambda _: answer)
    assert found == Found(reproduced=False, names=(), entangled=(), trail=(Trial(("a", "b"), answer),))


def test_what_shows_without_any_change_is_no_change_s_fault() -> None:
    found = smallest("ab", lambda _: True)
    assert (found.reproduced, found.names) == (True, ())
    assert found.trail == (Trial(("a", "b"), True), Trial((), True))


def test_two_that_only_go_together_are_left_out_together() -> None:
    needs = {"b": frozenset("d"), "d": frozenset("b")}
    found = smallest("abcd", oracle(frozenset("ac"), needs))
    assert (found.names, found.entangled) == (("a", "c"), ())


def test_what_the_culprit_needs_is_told_apart() -> None:
    found = smallest("abcde", oracle(frozenset("a"), {"a": frozenset("c")}))
    assert (found.names, found.entangled) == (("a", "c"), ("c",))


def lock(name: str, *packages: LockedPackage) -> Lock:
    return Lock(OURS / f"{name}.txt", PLATFORM, name, "", packages)


@pytest.fixture(scope="module")
def current() -> Lock:
    return read_lock(OURS, PLATFORM)


def pretending(folder: Path, script: str) -> dict[str, str]:
    """An environment in which uv is a shell script and pip has nothing to say."""
    for name, text in (("uv", script), ("python3", "exit 1")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "VERIFY_UV": str(folder / "uv")}


def test_an_index_out_of_reach_is_no_answer_and_no_solution_is_one(current: Lock, tmp_path: Path) -> None:
    dead = pretending(tmp_path, "printf 'error: Failed to fetch: `x`\\n  cause: dns error\\n' >&2; exit 2")
    with pytest.raises(VerifyError, match="dns error"):
        subset_lock(OURS, current, current, [], environ=dead)
    unsolved = pretending(tmp_path, "echo 'error: No solution found when resolving dependencies' >&2; exit 1")
    assert subset_lock(OURS, current, current, [], environ=unsolved) is None


def test_an_answer_that_is_in_neither_lock_is_no_part_of_the_changes(current: Lock, tmp_path: Path) -> None:
    other = LockedPackage("packaging", "1.0", ("0" * 64,))
    for answer in ((*current.packages, replace(other, name="unheard-of")), (other,)):
        (tmp_path / "answer").write_text(format_packages(answer))
        assert (
            subset_lock(OURS, current, current, [], environ=pretending(tmp_path, f"cp {tmp_path}/answer lock.txt"))
            is None
        )


@pytest.fixture(scope="module")
def older(current: Lock) -> Lock:
    """A real candidate, in which the hub's client, tokenizers and mlx-lm go with transformers."""
    try:
        raw = make_candidate(OURS, PLATFORM, ["transformers==5.1.0"], environ=os.environ, current=current)
    except VerifyError as error:
        pytest.skip(f"needs a package index: {error}")
    return Lock(OURS / "x.txt", PLATFORM, sha256(raw).hexdigest(), *parse_lock(raw, PLATFORM))


def versions(some: Lock | None) -> dict[str, str]:
    assert some is not None
    return {package.name: package.version for package in some.packages}


@pytest.mark.environment
def test_no_change_is_the_current_lock_and_every_change_is_the_candidate(current: Lock, older: Lock) -> None:
    names = [change.name for change in difference(current, older)]
    none = subset_lock(OURS, current, older, [], environ=os.environ)
    every = subset_lock(OURS, current, older, names, environ=os.environ)
    assert none is not None
    assert every is not None
    assert none.packages == current.packages
    assert every.packages == older.packages
    assert none.digest != every.digest
    assert not none.path.exists()


@pytest.mark.environment
def test_a_change_that_needs_another_does_not_resolve_alone(current: Lock, older: Lock) -> None:
    assert subset_lock(OURS, current, older, ["transformers"], environ=os.environ) is None


@pytest.mark.environment
def test_what_is_added_comes_along_where_it_is_needed_and_what_is_removed_stays(current: Lock, older: Lock) -> None:
    taken = ["huggingface-hub", "mlx-lm", "tokenizers", "transformers"]
    found = versions(subset_lock(OURS, current, older, taken, environ=os.environ))
    kinds = {change.name: change.kind for change in difference(current, older)}
    assert {name: found[name] for name in taken} == {name: versions(older)[name] for name in taken}
    for name, kind in kinds.items():
        if kind == "removed":
            assert found[name] == versions(current)[name]
    assert {name for name, kind in kinds.items() if kind == "added"} & found.keys()
    assert versions(current).items() - found.items() == {(name, versions(current)[name]) for name in taken}


@pytest.mark.environment
def test_a_removal_that_is_taken_while_it_is_needed_does_not_resolve(current: Lock, older: Lock) -> None:
    assert subset_lock(OURS, current, older, ["httpx2"], environ=os.environ) is None


@pytest.mark.environment
def test_a_change_of_hashes_alone_is_taken_or_not(current: Lock) -> None:
    other = LockedPackage("packaging", versions(current)["packaging"], ("0" * 64,))
    changed = lock("changed", *(other if package.name == other.name else package for package in current.packages))
    with_it = subset_lock(OURS, current, changed, ["packaging"], environ=os.environ)
    without = subset_lock(OURS, current, changed, [], environ=os.environ)
    assert with_it is not None
    assert without is not None
    assert other in with_it.packages
    assert without.packages == current.packages
