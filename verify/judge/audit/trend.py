"""What is said of a curve, against the curve: converged, falling, even."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from verify.claims.claim import Claim, Document, Logged, Statement
from verify.judge.audit.arithmetic import reach, redo
from verify.judge.audit.chance import alike_run
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, nearest, runs

# A curve whose end still falls at this share of its mean pace has not levelled off.
STILL_FALLING = 0.25
# Falls of which the largest is so many times the smallest are not even.
UNEVEN = 3.0
# Fewer points have no tail to speak of.
FEWEST_POINTS = 4
FALL = "(first - last) / (last_step - first_step)"
SPREAD = "(from_most - to_most) / (from_least - to_least)"
PACE = "((late - last) / (last_step - late_step)) / ((first - last) / (last_step - first_step))"


def flat(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What has converged has fallen."""
    for statement in _said(document, "converged", "learned", "falling"):
        first, last = (
            nearest(statement, (claim for claim in claims_of(document, topic) if _of_run(statement, claim)))
            for topic in ("loss_initial", "loss_final")
        )
        if first is None or last is None or reach(first.quantity)[0] > reach(last.quantity)[1]:
            continue
        redone = redo("first - last", {"first": first.quantity, "last": last.quantity})
        message = f"said to be {statement.says}: the loss went from {first.quantity.text} to {last.quantity.text}"
        yield found("trend.flat", "loss", statement, message, redone=redone)


def converged(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What has converged does not fall any more."""
    for statement in _said(document, "converged"):
        for log in _logs(document, statement):
            if len(log) < FEWEST_POINTS:
                continue
            first, late, last = log[0], log[-3], log[-1]
            redone = redo(
                PACE,
                {
                    "first": _loss(first),
                    "late": _loss(late),
                    "last": _loss(last),
                    "first_step": first.step,
                    "late_step": late.step,
                    "last_step": last.step,
                },
            )
            if redone and redone.value > STILL_FALLING and _loss(first) > _loss(last):
                told = f"from step {late.step} to {last.step} the loss still fell at {100 * redone.value:.0f}%"
                message = f"said to have converged: {told} of its mean pace"
                yield found("trend.converged", "loss", statement, message, redone=redone)


def rises(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A rise is named a rise."""
    for statement in _said(document, "falling", "no_oscillation", "stable", "converged"):
        for log in _logs(document, statement) if statement.about in {"", "loss", "training"} else ():
            steps = [(_loss(after) - _loss(before), before, after) for before, after in pairwise(log)]
            rise, before, after = max(steps, key=_first, default=(0.0, log[0], log[0]))
            if rise > after.rounding.get("loss", 0.0):
                yield _rise(statement, before, after)


def uneven(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What falls evenly falls by about as much each time."""
    for statement in _said(document, "stable", "no_oscillation"):
        for log in _logs(document, statement) if statement.about == "loss" else ():
            falls = [(_loss(one) - _loss(other), one, other) for one, other in pairwise(log)]
            positive = [fall for fall in falls if fall[0] > 0]
            if len(positive) < FEWEST_POINTS - 1:
                continue
            (_, a, b), (_, c, d) = min(positive, key=_first), max(positive, key=_first)
            ends = {"from_most": _loss(c), "to_most": _loss(d), "from_least": _loss(a), "to_least": _loss(b)}
            redone = redo(SPREAD, ends)
            if redone and redone.value > UNEVEN:
                spread = f"the fall to step {d.step} is {redone.value:.1f} times that to step {b.step}"
                yield found("trend.uneven", "loss", statement, f"said to fall evenly: {spread}", redone=redone)


def generalises(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """That a model generalises is seen on held-out data, more than at both ends of one run."""
    trained = document.logged or claims_of(document, "loss_final", "loss_initial", "loss")
    for statement in _said(document, "generalises") if trained else ():
        seen = [entry for entry in document.logged if entry.validation_loss is not None]
        if len(seen) < FEWEST_POINTS - 1:
            message = f"said to generalise from {len(seen)} losses on held-out data, which is not told of further"
            yield found("trend.generalises", "loss", statement, message, severity="warning", grade="likely")


def _rise(statement: Statement, before: Logged, after: Logged) -> AuditFinding:
    given = {"before": _loss(before), "after": _loss(after)}
    told = f"from step {before.step} to {after.step} the loss rose from {before.loss:g} to {after.loss:g}"
    message = f"said to be {statement.says.replace('_', ' ')}: {told}"
    return found("trend.rise", "loss", statement, message, redone=redo("after - before", given))


def _said(document: Document, *says: str) -> Iterator[Statement]:
    for statement in document.statements:
        if statement.says in says and not statement.denied and statement.mark is not False:
            yield statement


def _logs(document: Document, statement: Statement) -> Iterator[Sequence[Logged]]:
    """The losses of each run that a statement is about: of its own, or of all where it names none."""
    run = statement.settings.get("run")
    for name, log in runs(document).items():
        if run in {None, name}:
            losses = [entry for entry in log if entry.loss is not None]
            if losses:
                yield losses


def _of_run(statement: Statement, claim: Claim) -> bool:
    return alike_run(statement.settings.get("run"), claim)


def _loss(entry: Logged) -> float:
    return entry.loss or 0.0


def _first(fall: tuple[float, Logged, Logged]) -> float:
    return fall[0]
