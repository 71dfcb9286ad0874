"""Lines of training logs, and tables of them."""

import re
from collections.abc import Iterable, Iterator

from verify.claims.blocks import Spot, Table
from verify.claims.claim import Claim, Logged, Topic
from verify.claims.figures import Context, figures
from verify.claims.units import unit_in

_STEP = re.compile(
    r"^\W{0,4}(?:iter(?:ation)?|step|迭代|步骤?)\s*[:#]?\s*(\d{1,12})\b(?:\s*/\s*(\d{1,12}))?\s*[:|,;\s]", re.IGNORECASE
)
_CELL = re.compile(
    r"^(?:iter(?:ation)?|step|第)?\s*#?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\s*/\s*(\d{1,12}))?(?:\s*步)?$", re.IGNORECASE
)
_HEAD = re.compile(r"迭代|步数?$|^(?:iter(?:ation)?s?|steps?)\b", re.IGNORECASE)
_PARTS = re.compile(r"[|;]|,(?!\d{3}(?!\d))")
_FIELDS: dict[Topic, str] = {
    "loss": "loss", "loss_final": "loss", "loss_initial": "loss", "loss_mean": "loss", "token_rate": "token_rate",
    "iteration_rate": "iteration_rate", "tokens": "tokens", "duration": "seconds",
}  # fmt: skip


def logged_line(text: str, context: Context) -> Logged | None:
    """A line such as ``Step 10/50 | Loss: 2.3 | Tokens/s: 43799 | Time: 0.5s``."""
    begins = _STEP.match(text)
    if begins is None:
        return None
    parts = _PARTS.split(text[begins.end() :])
    told = [claim for part in parts for claim in _part(part.strip(), context)]
    return _logged(context, int(begins[1]), begins[2], told)


def logged_rows(table: Table, context: Context) -> Iterator[Logged]:
    """The rows of a table whose first column counts steps and whose others hold losses or rates."""
    if not _HEAD.search(table.head[0]):
        return
    for row in table.rows:
        begins = _CELL.match(row.cells[0])
        if begins is None:
            continue
        spot = Spot(row.line, context.spot.section, context.spot.labels)
        told = [
            claim
            for head, cell in zip(table.head[1:], row.cells[1:], strict=True)
            for claim in figures(cell, Context(context.file, spot, (head,), unit_in(head), context.settings))
        ]
        line = _logged(Context(context.file, spot, (), None, context.settings), _whole(begins[1]), begins[2], told)
        if line:
            yield line


def _part(text: str, context: Context) -> Iterator[Claim]:
    # "Tokens/s: 43799" names its unit before the number.
    yield from figures(text, Context(context.file, context.spot, (), unit_in(text), context.settings))


def _logged(context: Context, step: int, steps: str | None, told: Iterable[Claim]) -> Logged | None:
    values: dict[str, float] = {}
    rounding: dict[str, float] = {}
    for claim in told:
        field = _FIELDS.get(claim.topic)
        if field == "loss" and claim.settings.get("split") == "validation":
            field = "validation_loss"
        if field and field not in values:
            values[field], rounding[field] = claim.quantity.low, claim.quantity.step
    if not values:
        return None
    names = ("loss", "validation_loss", "token_rate", "iteration_rate", "tokens", "seconds")
    return Logged(
        place=context.place,
        run=str(context.settings.get("run", "")),
        step=step,
        steps=int(steps) if steps else None,
        rounding=rounding,
        **{name: values.get(name) for name in names},
    )


def _whole(text: str) -> int:
    return int(text.replace(",", ""))
