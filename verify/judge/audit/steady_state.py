"""A mean with a start-up in it is split, and a conclusion that flips with the steps is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verify.claims.claim import Claim, Document, Logged, Place
from verify.judge.audit.arithmetic import exactly, middle, redo
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, nearest, runs, section_at, word
from verify.probe.formula import evaluate

# A start-up of less than so much of the whole run changes no conclusion.
NEGLIGIBLE = 0.1
FEWEST_POINTS = 3

MARGINAL = "tokens * (last - first) / (tokens * last / rate_at_last - tokens * first / rate_at_first)"
# Seconds that a run takes before its steps: the line through its first and its last point, at step 0.
STARTUP = (
    "tokens * first / rate_at_first"
    " - first * (tokens * last / rate_at_last - tokens * first / rate_at_first) / (last - first)"
)
BREAK_EVEN = "(startup - baseline_startup) / (baseline_per_step - per_step)"
AFTER = "(startup + steps * per_step) / (baseline_startup + steps * baseline_per_step)"


@dataclass(frozen=True, slots=True)
class Cost:
    """What the log of a run with cumulative means tells of its cost.

    Attributes:
        run: Whose.
        place: The last line of its log.
        given: Inputs of `MARGINAL` and `STARTUP`.
        total: Seconds at its last line.
    """

    run: str
    place: Place
    given: Mapping[str, float]
    total: float

    @property
    def startup(self) -> float:
        """Seconds before the steps."""
        return evaluate(STARTUP, self.given)

    @property
    def per_step(self) -> float:
        """Seconds for each of them."""
        return self.given["tokens"] / self.rate

    @property
    def rate(self) -> float:
        """Tokens a second, once it is under way."""
        return evaluate(MARGINAL, self.given)


def average(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A mean rate is not told where a start-up makes up much of it."""
    for cost in _costs(document):
        if cost.startup < NEGLIGIBLE * cost.total:
            continue
        mean = cost.given["rate_at_last"]
        told = f"a start-up of {cost.startup:.3g} s, then {cost.rate:,.0f} tokens/s"
        message = f"{mean:,.0f} tokens/s is a mean since the start: {told}"
        redone = redo(MARGINAL, cost.given, "tokens/s")
        yield found(
            "steady_state.average",
            "token_rate",
            line_at(document, cost.place.line),
            message,
            severity="warning",
            redone=redone,
        )


def flips(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Which run is faster does not depend on how long it ran."""
    costs = _costs(document)
    for slow in costs:
        for fast in costs:
            if slow.given["rate_at_last"] >= fast.given["rate_at_last"] or slow.rate <= fast.rate:
                continue
            at = _conclusions(document, slow)
            times = slow.rate / fast.rate
            redone = redo("rate / baseline_rate", {"rate": slow.rate, "baseline_rate": fast.rate}, "x")
            told = f"{slow.rate:,.0f} against {fast.rate:,.0f} tokens/s is {times:.2f} times as fast"
            starts = f"start-ups of {slow.startup:.3g} and {fast.startup:.3g} s"
            for claim in at or [_line_claim(document, slow)]:
                message = f"said to be slower; beyond its start-up {slow.run} is faster: {told} ({starts})"
                yield found("steady_state.flips", "token_rate", claim, message, redone=redone)
            yield from _advice(document, slow, fast)


def _advice(document: Document, slow: Cost, fast: Cost) -> Iterator[AuditFinding]:
    """The number of steps that is advised shows what it is to show."""
    given = {
        "startup": slow.startup,
        "baseline_startup": fast.startup,
        "per_step": slow.per_step,
        "baseline_per_step": fast.per_step,
    }
    even = redo(BREAK_EVEN, given, "1")
    longest = max((entry.step for entry in document.logged), default=0)
    for claim in claims_of(document, "steps"):
        if even is None or not longest < claim.quantity.low < even.value:
            continue
        redone = redo(AFTER, given | {"steps": claim.quantity.low}, "x")
        if redone:
            told = f"the runs break even at step {even.value:.0f}; after {claim.quantity.low:g}"
            message = f"{told} {slow.run} has still taken {redone.value:.2f} times as long"
            yield found("steady_state.advice", "steps", claim, message, redone=redone)
    if even:
        message = f"the runs break even at step {even.value:.0f}, the log ends at {longest}"
        yield found(
            "steady_state.break_even",
            "steps",
            line_at(document, slow.place.line),
            message,
            severity="note",
            redone=even,
        )


def _costs(document: Document) -> list[Cost]:
    return [cost for run, log in runs(document).items() if (cost := _cost(document, run, log))]


def _cost(document: Document, run: str, log: Sequence[Logged]) -> Cost | None:
    """The cost of a run whose log gives means since the start; None where it does not, or tells too little."""
    points = [entry for entry in log if entry.token_rate and entry.step > 0]
    tokens = _tokens_a_step(document, points)
    if len(points) < FEWEST_POINTS or not tokens or not _cumulative(points, tokens):
        return None
    first, last = points[0], points[-1]
    given = {
        "tokens": tokens,
        "first": float(first.step),
        "last": float(last.step),
        "rate_at_first": first.token_rate or 0.0,
        "rate_at_last": last.token_rate or 0.0,
    }
    steady, before = redo(MARGINAL, given), redo(STARTUP, given)
    total = tokens * last.step / (last.token_rate or 1.0)
    return Cost(run, last.place, given, total) if steady and before and steady.value > 0 else None


def _cumulative(points: Sequence[Logged], tokens: float) -> bool:
    """Whether each rate is that of all steps so far, by the seconds beside it."""
    timed = [entry for entry in points if entry.seconds is not None]
    return len(timed) >= FEWEST_POINTS and all(
        abs(entry.step * tokens / (entry.token_rate or 1.0) - (entry.seconds or 0.0))
        <= entry.rounding.get("seconds", 0.0)
        for entry in timed
    )


def _tokens_a_step(document: Document, points: Sequence[Logged]) -> float | None:
    if not points:
        return None
    counted = [entry.tokens / entry.step for entry in points if entry.tokens]
    if counted:
        return counted[-1]
    batch, length = (_told(document, topic, points[0]) for topic in ("batch", "sequence_length"))
    return middle(batch.quantity) * middle(length.quantity) if batch and length else None


def _told(document: Document, topic: str, entry: Logged) -> Claim | None:
    """What a run was told to do, where one number is: an advice for other runs is no such number."""
    at = Claim(entry.place, section_at(document, entry.place.line), "steps", exactly(0), {}, "", "")
    plain = [
        claim
        for claim in document.claims
        if claim.topic == topic and claim.quantity.low == claim.quantity.high and claim.stated_as == "measured"
    ]
    return nearest(at, plain, anywhere=True)


def _conclusions(document: Document, slow: Cost) -> list[Claim]:
    """The claims that the run is slower, by as much as its mean says."""
    return [claim for claim in claims_of(document, "slowdown") if word(claim, "run") in {"", slow.run}]


def _line_claim(document: Document, cost: Cost) -> Claim:
    line = line_at(document, cost.place.line)
    return Claim(cost.place, (), "token_rate", exactly(cost.rate), {}, cost.run, line.text)
