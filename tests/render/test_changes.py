"""Steps as they are told."""

from verify.render.changes import CHANCE, Beside, Told, render
from verify.report.course import Course, Point, Step
from verify.report.difference import Change
from verify.report.series import Series

STEP = Step(
    last=5,
    first=6,
    before=100.0,
    after=110.0,
    shift=10.0,
    low=8.5,
    high=11.5,
    points=(5, 5),
    probability=0.0238,
    within=False,
)


def told(course: Course, direction: str = "higher", **beside: tuple[Change, ...]) -> Told:
    """A figure's history and what it did."""
    series = Series(
        environment="m2",
        machine="a" * 32,
        check="matmul.rate[mps]",
        name="ra\x1bte",
        conditions='{"n": 1}',
        unit="GFLOPS",
        direction=direction,
        points=tuple(Point(number, 1.0) for number in range(1, course.points + 1)),
        files=(),
    )
    return Told(series, course, tuple(Beside(**{"facts": (), "packages": (), **beside}) for _ in course.steps))


def shown(*these: Told) -> str:
    """What is told of them."""
    return render(these, fewest=4, level=0.05)


def test_a_step_is_told_with_how_sure_it_is_and_what_changed() -> None:
    text = shown(told(Course("steps", 10, (STEP,)), packages=(Change("torch", "2.10.0", "2.11.0"),)))
    for line in (
        'matmul.rate[mps] ra⟨U+001B⟩te (GFLOPS) {"n": 1}, m2, machine aaaaaaaaaaaa',
        "  from number 6 on: 100 to 110, 1.1 times as much: better",
        "  shift 10, 95% interval 8.5 to 11.5",
        "  5 values before and 5 after; by chance at most 0.024",
        "  torch    2.10.0  2.11.0",
        "  1 have a step",
    ):
        assert line in text.splitlines()
    assert "nothing that the reports know" not in text


def test_more_is_worse_where_less_is_better() -> None:
    assert "1.1 times as much: worse" in shown(told(Course("steps", 10, (STEP,)), direction="lower"))


def test_where_nothing_changed_beside_it_that_is_said() -> None:
    assert "nothing that the reports know changed with it" in shown(told(Course("steps", 10, (STEP,))))


def test_histories_without_a_step_are_counted_by_what_they_did() -> None:
    courses = (Course("drift", 9, ()), Course("steady", 9, ()), Course("too few", 7, ()))
    assert shown(*map(told, courses)).splitlines() == [
        "of 3 histories of a figure:",
        "  1 drift: they changed, but a line fits as well as a step",
        "  1 are steady",
        "  1 have too few values: a step takes 4 on each side",
        f"  {CHANCE.format('5%')}",
    ]
