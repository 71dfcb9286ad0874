"""Whoever has learned does better than chance."""

import math

import pytest

from tests.judge.audit.documents import audited, claim, document, losses, rules, statement
from verify.claims.claim import Statement


@pytest.mark.parametrize(
    ("classes", "final", "expected"),
    [
        ("10", "2.30", ["chance.not_learned"]),
        ("10", "2.25", ["chance.not_learned"]),
        ("10", "1.90", []),
        ("100", "2.30", []),
        ("4", "1.38", ["chance.not_learned"]),
    ],
)
def test_what_has_converged_ends_below_chance(classes: str, final: str, expected: list[str]) -> None:
    written = document(
        claim("classes", classes), claim("loss_final", final), statements=(statement("converged", mark=True),)
    )
    assert rules(written) == expected


def test_the_sum_behind_chance_is_shown() -> None:
    written = document(claim("classes", "7"), claim("loss_final", "1.95"), statements=(statement("learned"),))
    (finding,) = audited(written)
    assert (finding.formula, finding.inputs) == ("ln(classes)", {"classes": 7})
    assert finding.recomputed == pytest.approx(math.log(7))


@pytest.mark.parametrize("said", [statement("converged", denied=True), statement("converged", mark=False)])
def test_who_says_that_it_did_not_converge_is_believed(said: Statement) -> None:
    written = document(claim("classes", "10"), claim("loss_final", "2.31"), statements=(said,))
    assert rules(written) == []


def test_a_loss_far_above_a_uniform_guess_is_found_in_a_log() -> None:
    vocabulary = claim("vocabulary", "1,000")
    assert rules(document(vocabulary, logged=losses(30.0, 25.0, 20.0))) == ["chance.far_above"] * 2
    assert rules(document(vocabulary, logged=losses(7.1, 6.5, 6.0))) == []


def test_chance_is_that_of_the_classes_in_the_loss_s_own_section() -> None:
    near, far = ("Report", "A small net"), ("Report", "A language model")
    written = document(
        claim("classes", "10", section=near), claim("vocabulary", "50,000", section=far),
        claim("loss_final", "2.31", section=near), statements=(statement("converged", section=near),),
    )  # fmt: skip
    assert rules(written) == ["chance.not_learned"]
    other = document(
        claim("classes", "10", section=near), claim("vocabulary", "50,000", section=far),
        claim("loss_final", "2.31", section=far), statements=(statement("converged", section=far),),
    )  # fmt: skip
    assert rules(other) == []


def test_a_model_of_another_part_has_no_say() -> None:
    far = claim("classes", "10", section=("Report", "Images", "Classifier"))
    near = ("Report", "Text", "Model")
    assert rules(document(far, claim("loss_initial", "8.1", section=near))) == []
    assert rules(document(far, claim("loss_initial", "8.1", section=("Report", "Images", "Training")))) == [
        "chance.far_above"
    ]
    named = claim("classes", "10", model="a"), claim("loss_initial", "8.1", model="b")
    assert rules(document(*named)) == []


@pytest.mark.parametrize(("final", "expected"), [("6.80", []), ("6.95", ["chance.not_learned"])])
def test_what_falls_may_still_be_near_chance(final: str, expected: list[str]) -> None:
    told = claim("vocabulary", "1,000"), claim("loss_initial", "7.20"), claim("loss_final", final)
    assert rules(document(*told, statements=(statement("falling"),))) == expected


def test_a_run_that_is_said_to_have_learned_is_held_against_its_own_end() -> None:
    classes, end = claim("classes", "10"), claim("loss_final", "2.31", run="two")
    said = {run: (statement("converged", run=run),) for run in ("one", "two")}
    assert rules(document(classes, end, statements=said["one"])) == []
    assert rules(document(classes, end, statements=said["two"])) == ["chance.not_learned"]


def test_a_mean_far_above_a_uniform_guess_is_found_too() -> None:
    assert rules(document(claim("classes", "10"), claim("loss_mean", "8.1"))) == ["chance.far_above"]
