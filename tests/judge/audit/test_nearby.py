"""Which claims belong together."""

from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit.documents import claim, document, statement
from verify.judge.audit.nearby import alike, by_section, nearest, number, section_at, standing, within, word

REPORT, ONE, TWO = ("Report",), ("Report", "One"), ("Report", "Two")


def test_the_nearest_is_of_the_same_section() -> None:
    here, there = claim("batch", "4", line=30, section=ONE), claim("batch", "8", line=11, section=TWO)
    asked = statement("converged", line=10, section=ONE)
    assert nearest(asked, [there, here]) is here
    assert nearest(asked, [there]) is None
    assert nearest(asked, [there], anywhere=True) is there


def test_of_one_section_the_nearest_line_counts() -> None:
    near, far = claim("batch", "4", line=12), claim("batch", "8", line=2)
    assert nearest(statement("converged", line=10), [far, near]) is near


def test_a_part_belongs_to_its_section_and_not_to_its_neighbour() -> None:
    whole, part, other = (claim("batch", "4", section=section) for section in (REPORT, ONE, TWO))
    assert within(whole, part)
    assert within(part, whole)
    assert not within(part, other)


# Few enough headings and lines that many claims share them.
SECTIONS = st.lists(st.sampled_from("ab"), max_size=3).map(tuple)
LINES = st.integers(1, 6)


@given(
    places=st.lists(st.tuples(SECTIONS, LINES), max_size=8),
    section=SECTIONS,
    line=LINES,
)
def test_where_claims_stand_tells_the_same_nearest_as_a_look_at_each(
    places: list[tuple[tuple[str, ...], int]], section: tuple[str, ...], line: int
) -> None:
    claims = [claim("batch", str(number), line=at, section=under) for number, (under, at) in enumerate(places)]
    asked = statement("converged", line=line, section=section)
    assert standing(claims).nearest(asked) is nearest(asked, claims)


def test_what_only_one_of_two_tells_does_not_tell_them_apart() -> None:
    plain, small, large = claim("batch", "4"), claim("batch", "4", model="small"), claim("batch", "4", model="large")
    assert alike(plain, small, "model")
    assert not alike(small, large, "model")
    assert alike(small, large, "device")


def test_settings_are_numbers_or_words() -> None:
    told = claim("batch", "4", size=8, device="mps")
    assert (number(told, "size"), number(told, "device"), word(told, "device"), word(told, "size")) == (
        8,
        None,
        "mps",
        "",
    )


def test_sections_are_told_apart_and_lines_have_one() -> None:
    first, second = claim("batch", "4", line=3, section=ONE), claim("batch", "8", line=9, section=TWO)
    assert list(by_section([first, second])) == [[first], [second]]
    assert section_at(document(first, second), 8) == TWO
    assert section_at(document(), 8) == ()
