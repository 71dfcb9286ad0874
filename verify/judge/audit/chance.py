"""Whoever has learned anything does better than chance, and begins near it."""

from collections.abc import Iterator

from verify.claims.claim import Claim, Document
from verify.judge.audit.arithmetic import Redone, reach, redo
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import alike, as_claim, beside, claims_of, nearest, runs, within

# A loss within so much of chance is chance: a batch's loss varies by more.
MARGIN = 0.05
# A network that is not broken begins near the uniform guess; what begins half above it is sure of what is wrong.
FAR_ABOVE = 1.5
LEARNED = frozenset({"converged", "learned", "falling", "generalises"})


def not_learned(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What is said to have converged or learned ends below chance by a margin."""
    ends = [(final, chance) for final in _ends(document) if (chance := _chance(document, final))]
    for statement in document.statements:
        if statement.says not in LEARNED or statement.denied or statement.mark is False:
            continue
        run = statement.settings.get("run")
        # What falls may still be near chance, what has learned is not.
        limit = 1.0 if statement.says == "falling" else 1 - MARGIN
        here = [
            (final, chance)
            for final, chance in ends
            if reach(final.quantity)[1] > limit * chance.value and within(statement, final) and alike_run(run, final)
        ]
        for final, chance in here[:1]:
            against = f"chance among {chance.inputs['classes']:g} is {chance.value:.4f}"
            message = f"said to be {statement.says}, but the loss ends at {final.quantity.text}: {against}"
            yield found("chance.not_learned", "loss", statement, message, redone=chance)


def far_above(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """No loss is far above that of a uniform guess."""
    logged = [
        as_claim(document, entry, "loss", entry.loss, entry.rounding.get("loss", 0.0))
        for log in runs(document).values()
        for entry in (log[0], log[-1])
        if entry.loss is not None
    ]
    for claim in logged or claims_of(document, "loss_initial", "loss_final", "loss_mean"):
        chance = _chance(document, claim)
        if chance and reach(claim.quantity)[0] > FAR_ABOVE * chance.value:
            times = reach(claim.quantity)[0] / chance.value
            message = (
                f"a loss of {claim.quantity.text} is {times:.1f} times that of a uniform guess, {chance.value:.4f}"
            )
            yield found("chance.far_above", "loss", claim, message, redone=chance)


def alike_run(run: object, claim: Claim) -> bool:
    """Whether a claim is of a run, as far as both are told."""
    return run is None or claim.settings.get("run", run) == run


def _ends(document: Document) -> list[Claim]:
    logged = [
        as_claim(document, log[-1], "loss_final", log[-1].loss, log[-1].rounding.get("loss", 0.0))
        for log in runs(document).values()
        if log[-1].loss is not None
    ]
    return claims_of(document, "loss_final") + logged


def _belongs(classes: Claim, loss: Claim) -> bool:
    return beside(classes, loss) and alike(classes, loss, "run", "model")


def _chance(document: Document, loss: Claim) -> Redone | None:
    """The loss of a uniform guess among the classes, or the words, that a loss is about."""
    candidates = [claim for claim in claims_of(document, "classes", "vocabulary") if _belongs(claim, loss)]
    classes = nearest(loss, candidates, anywhere=True)
    return redo("ln(classes)", {"classes": classes.quantity}) if classes and classes.quantity.low > 1 else None
