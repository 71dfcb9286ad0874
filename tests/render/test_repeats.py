from typing import Any

from tests import examples
from verify.render.repeats import plain, render
from verify.report.repeats import Repeats, repeats_of


def figure(value: float, name: str = "gap", **more: Any) -> dict[str, Any]:
    return examples.measured(name, [value], "1", **{"limits": {"at_most": 1}, **more})


def repeats(*changes: dict[str, Any], check: str = "a.b") -> Repeats:
    given = [examples.certify(results=[examples.result(check, **change)]).results[0] for change in changes]
    (found,) = repeats_of(given)
    return found


FLAKY = repeats(
    {"measurements": [figure(0.25)]},
    {"measurements": [figure(0.5)]},
    {"measurements": [figure(1.5)], **examples.not_passed("failed", "gap is 1.5 1, must be at most 1")},
)


def test_who_is_flaky_and_why_and_how_near_the_limit_it_came() -> None:
    assert render([FLAKY, repeats({}, {}, {}, check="c.d")]) == (
        "  check  outcomes\n"
        "  a.b    passed 2, failed 1  flaky\n"
        "  c.d    passed 3\n"
        "\n"
        "flaky: a.b\n"
        "  1 x failed: gap is 1.5 1, must be at most 1\n"
        "\n"
        "a.b\n"
        "  figure  min   median  max  unit  limit  worst margin\n"
        "  gap     0.25  0.5     1.5  1     ≤ 1    -50.0%\n"
        "\n"
        "2 checks: 1 held every time, 1 flaky\n"
    )


def test_of_the_figures_of_one_name_the_one_nearest_to_its_limit_is_shown() -> None:
    near = figure(0.9, conditions={"dtype": "bfloat16"})
    shown = render([repeats({"measurements": [figure(0.25, conditions={"dtype": "float32"}), near]})])
    assert "dtype bfloat16" in shown
    assert "dtype float32" not in shown
    assert "10.0%" in shown


def test_figures_without_a_limit_are_shown_where_they_vary() -> None:
    def at(rate: float) -> dict[str, Any]:
        return {"measurements": [figure(rate, "rate", limits={}), figure(7, "size", limits={})]}

    shown = render([repeats(at(100), at(50))])
    assert "rate    50   75      100" in shown
    assert "size" not in shown


def test_hundreds_of_reasons_are_counted_and_not_all_shown() -> None:
    shown = render([repeats(*(examples.not_passed("failed", f"gap is {number}") for number in range(9)))])
    assert "and 4 more reasons" in shown
    assert "failed: a.b" in shown


def test_nothing_in_a_reason_moves_the_cursor() -> None:
    assert "\x1b" not in render([repeats(examples.not_passed("failed", "\x1b[2J"))])


def test_nothing_at_all_is_said_to_be_nothing() -> None:
    assert render([]) == "nothing was asked\n"


def test_machines_get_every_value() -> None:
    told = plain(FLAKY)
    assert (told["outcomes"], told["flaky"], told["asked"]) == ({"passed": 2, "failed": 1}, True, 3)
    assert told["reasons"] == [{"outcome": "failed", "reason": "gap is 1.5 1, must be at most 1", "times": 1}]
    (spread,) = told["measurements"]
    assert (spread["min"], spread["median"], spread["max"], spread["worst_margin"]) == (0.25, 0.5, 1.5, -0.5)
    assert (spread["values"], spread["limits"]) == ((0.25, 0.5, 1.5), {"at_most": 1})
