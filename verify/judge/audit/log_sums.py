"""A training log holds together, and what is told of it stands in it."""

from collections.abc import Iterator
from itertools import pairwise

from verify.claims.claim import Claim, Document, Logged, Quantity
from verify.judge.audit.arithmetic import reach, redo
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import as_claim, beside, claims_of, runs, word

RATE = "iterations_a_second * (tokens - tokens_before) / (step - step_before)"


def rates(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Iterations a second, times the tokens of an iteration, are the tokens a second."""
    for log in runs(document).values():
        for before, after in pairwise(log):
            if None in {before.tokens, after.tokens, after.iteration_rate, after.token_rate}:
                continue
            given: dict[str, Quantity | float] = {
                "iterations_a_second": _quantity(after.iteration_rate, after, "iteration_rate"),
                "tokens": _quantity(after.tokens, after, "tokens"),
                "tokens_before": _quantity(before.tokens, before, "tokens"),
                "step": float(after.step),
                "step_before": float(before.step),
            }
            redone, stated = redo(RATE, given, "tokens/s"), _quantity(after.token_rate, after, "token_rate")
            low, high = reach(stated)
            if redone and not (redone.least <= high and low <= redone.most):
                message = f"{stated.text} tokens/s is stated, {RATE} is {redone.value:.4g}"
                yield found(
                    "recompute.value", "token_rate", line_at(document, after.place.line), message, redone=redone
                )


def losses(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """The losses that are told of a run are those of its log."""
    for claim in claims_of(document, "loss_initial", "loss_final"):
        logged = [
            value
            for log in _logs_of(document, claim)
            for entry in log
            for value in (entry.loss, entry.validation_loss)
            if value is not None
        ]
        low, high = reach(claim.quantity)
        if logged and not any(low <= value <= high for value in logged):
            yield found("recompute.log", "loss", claim, f"a loss of {claim.quantity.text} is nowhere in the log")


def totals(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """The tokens that are told of a run, where any are, are those at the end of its log."""
    for log in runs(document).values():
        end = log[-1].tokens
        about = [claim for claim in claims_of(document, "tokens") if log in _logs_of(document, claim)]
        # Far fewer are those of a text, or of a step.
        stated = [claim for claim in about if claim.stated_as == "measured" and 2 * claim.quantity.high > (end or 0.0)]
        if end is None or any(low <= end <= high for low, high in (reach(claim.quantity) for claim in stated)):
            continue
        for claim in stated[:1]:
            message = f"{claim.quantity.text} is stated, the log ends at {end:,g}"
            yield found("recompute.log", "tokens", claim, message)


def _logs_of(document: Document, claim: Claim) -> Iterator[list[Logged]]:
    """The logs that a claim may be about: of the run that it names, or that stand beside it."""
    run = word(claim, "run")
    for name, log in runs(document).items():
        line = as_claim(document, log[0], "steps", log[0].step, 0.0)
        if (run == name != "") or (not run and beside(claim, line)):
            yield log


def _quantity(value: float | None, entry: Logged, field: str) -> Quantity:
    number = value or 0.0
    return Quantity(number, number, "1", f"{number:g}", approximate=False, step=entry.rounding.get(field, 0.0))
