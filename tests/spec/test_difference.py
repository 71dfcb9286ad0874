from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spec.test_advisories import advisories
from verify.errors import IntegrityError
from verify.spec.difference import PackageChange, advisory_changes, difference
from verify.spec.environment import load_environment
from verify.spec.lock import Lock, LockedPackage
from verify.spec.platform import load_platform

A, B = ("a" * 64,), ("b" * 64,)


def lock(*packages: LockedPackage) -> Lock:
    return Lock(Path("x.txt"), "box", "", "", packages)


def of(**versions: str) -> Lock:
    return lock(*(LockedPackage(name, version, A) for name, version in versions.items()))


def test_each_kind_of_change_is_told_by_name() -> None:
    before = lock(*of(a="1", b="1", c="2", d="1", f="1").packages, LockedPackage("e", "1", A))
    after = lock(*of(b="2", c="1", d="1", f="1", g="1").packages, LockedPackage("e", "1", B))
    assert difference(before, after) == (
        PackageChange("a", "1", None, "removed"),
        PackageChange("b", "1", "2", "upgraded"),
        PackageChange("c", "2", "1", "downgraded"),
        PackageChange("e", "1", "1", "other_hashes"),
        PackageChange("g", None, "1", "added"),
    )


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("2.9", "2.10"),
        ("2.0rc1", "2.0"),
        ("2.0.dev1", "2.0a1"),
        ("2.0", "2.0.post1"),
        ("0.21.2", "0.21.2+slow"),
        ("2.13.0+cpu", "2.13.1+cpu"),
        ("9.0", "1!1.0"),
        ("1.0.9", "1.0.10rc1"),
    ],
)
def test_versions_are_ordered_as_the_standard_says(lower: str, higher: str) -> None:
    (up,), (down,) = difference(of(a=lower), of(a=higher)), difference(of(a=higher), of(a=lower))
    assert (up.kind, down.kind) == ("upgraded", "downgraded")


def test_another_spelling_of_a_version_and_another_order_of_hashes_are_no_change() -> None:
    before, after = LockedPackage("a", "2.0", (*A, *B)), LockedPackage("a", "2.0.0", (*B, *A))
    assert difference(lock(before), lock(after)) == ()


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(IntegrityError, match="which is no version"):
        difference(of(a="x.y"), of(a="1"))


locks = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "1.1", "2rc1", "2"])).map(
    lambda versions: of(**versions)
)


@given(locks, locks)
def test_the_way_back_undoes_each_change(one: Lock, other: Lock) -> None:
    back = {"added": "removed", "removed": "added", "upgraded": "downgraded", "downgraded": "upgraded"}
    there = difference(one, other)
    assert [(c.name, c.after, c.before, back[c.kind]) for c in there] == [
        (c.name, c.before, c.after, c.kind) for c in difference(other, one)
    ]
    assert difference(one, one) == ()


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("1.0", "2.0", ["comes"]),
        ("2.0", "2.1", ["stays"]),
        ("2.0", "2.4", ["goes"]),
        ("1.0", "2.4", []),
    ],
)
def test_advisories_come_stay_and_go(project: Path, before: str, after: str, kinds: list[str]) -> None:
    policy = advisories(packages={"torch": ">=2,<2.4"})
    environment, platform = load_environment(project, "box"), load_platform(project, "box")
    changes = advisory_changes(policy, environment, platform, of(torch=before), of(torch=after), macos="")
    assert [change.kind for change in changes] == kinds
    assert [change.advisory for change in changes] == list(policy[: len(kinds)])
