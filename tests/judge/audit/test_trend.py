"""What is said of a curve, against the curve."""

import pytest

from tests.judge.audit.documents import audited, claim, document, losses, rules, statement

STEADY = (4.0, 3.5, 3.0, 2.5, 2.0)
LEVEL = (4.0, 2.0, 1.2, 1.01, 1.005, 1.0)


def test_what_still_falls_has_not_converged() -> None:
    written = document(logged=losses(*STEADY), statements=(statement("converged"),))
    (finding,) = audited(written)
    assert (finding.rule, finding.recomputed) == ("trend.converged", 1)


def test_what_has_levelled_off_has_converged() -> None:
    assert rules(document(logged=losses(*LEVEL), statements=(statement("converged"),))) == []


def test_what_has_converged_has_fallen() -> None:
    told = claim("loss_initial", "1.70"), claim("loss_final", "1.70")
    assert rules(document(*told, statements=(statement("converged"),))) == ["trend.flat"]
    told = claim("loss_initial", "1.70"), claim("loss_final", "1.20")
    assert rules(document(*told, statements=(statement("converged"),))) == []


@pytest.mark.parametrize("says", ["falling", "no_oscillation", "stable"])
def test_a_rise_is_named_a_rise(says: str) -> None:
    said = statement(says, "loss")  # type: ignore[arg-type]
    (finding,) = audited(document(logged=losses(4.0, 3.0, 3.2, 2.0), statements=(said,)), but=("hygiene", "recompute"))
    assert finding.rule == "trend.rise"
    assert "from step 20 to 30 the loss rose from 3 to 3.2" in finding.message


def test_a_rise_of_another_run_says_nothing() -> None:
    logged = (*losses(4.0, 3.0, 2.0, run="one"), *losses(4.0, 3.0, 3.2, run="two", line=20))
    said = statement("falling", "loss", run="one")
    assert rules(document(logged=logged, statements=(said,))) == []


def test_an_even_fall_is_about_as_much_each_time() -> None:
    said = (statement("stable", "loss"),)
    assert rules(document(logged=losses(*STEADY), statements=said)) == []
    assert rules(document(logged=losses(4.0, 3.9, 2.5, 2.4, 1.0), statements=said)) == ["trend.uneven"]


def test_a_steady_speed_is_not_about_losses() -> None:
    assert rules(document(logged=losses(4.0, 3.9, 2.5, 2.6, 1.0), statements=(statement("stable", "speed"),))) == []


def test_two_losses_do_not_show_that_a_model_generalises() -> None:
    said = (statement("generalises"),)
    assert rules(document(logged=losses(3.0, 2.0, 1.0), statements=said)) == ["trend.generalises"]
    assert rules(document(statements=said)) == []


@pytest.mark.parametrize(("says", "expected"), [("no_oscillation", ["trend.uneven"]), ("falling", [])])
def test_who_says_that_nothing_oscillates_says_that_it_falls_evenly(says: str, expected: list[str]) -> None:
    said = statement(says, "loss")  # type: ignore[arg-type]
    assert rules(document(logged=losses(4.0, 3.9, 2.5, 2.4, 1.0), statements=(said,))) == expected
