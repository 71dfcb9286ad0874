"""Tables: packages, logs, tests and figures."""

import re
from collections.abc import Iterator
from dataclasses import replace

from verify.claims.arms import named_in
from verify.claims.blocks import Row, Spot, Table
from verify.claims.capabilities import capabilities_in
from verify.claims.claim import Claim, Enumeration, Listed, Logged, Named, Pinned, Place, Statement, Topic
from verify.claims.figures import Context, figures, kind_of
from verify.claims.logs import logged_rows
from verify.claims.naming import named_row
from verify.claims.narrowing import narrowed
from verify.claims.phrases import mark_in, said
from verify.claims.statements import statements, ticked
from verify.claims.terms import CONFIGURED
from verify.claims.units import unit_in

_PACKAGE = re.compile(r"^(?:包名?|软件包|依赖|package|library|module|distribution|dependency)$", re.IGNORECASE)
_VERSION = re.compile(r"版本|version", re.IGNORECASE)
_TEST = re.compile(r"^(?:测试项?目?|测试名称|检查项?|tests?(?: case| name)?|checks?|case)$", re.IGNORECASE)
_CHECK = re.compile(r"检查|check", re.IGNORECASE)
_STATUS = re.compile(r"状态|结果|status|result|outcome", re.IGNORECASE)
_ONLY_A_MARK = re.compile(r"(?:[^\w]|通过|失败|PASS(?:ED)?|FAIL(?:ED)?|OK)*", re.IGNORECASE)
_NOTHING = re.compile(r"[-\u2014\s]*|N/?A", re.IGNORECASE)
# What a cell tells of its whole row, and what a row can begin with.
_OF_ROW = ("technique", "model", "dtype")
_BEGINS: tuple[Topic, ...] = (*CONFIGURED, "parameters")
# The head of a column of matrices that are told by one side: "n", "Size", "矩阵大小".
_SIZE = re.compile(
    r"n|(?:matrix )?(?:size|dim(?:ension)?)(?: n)?(?: \(n\))?|矩阵(?:大小|规模|尺寸|维度)|规模|尺寸", re.IGNORECASE
)
_WHOLE = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3})+")

Item = Claim | Statement | Enumeration | Logged | Pinned | Named


def read_table(table: Table, context: Context, arms: frozenset[str]) -> Iterator[Item]:
    """What a table tells, row by row."""
    rows = list(logged_rows(table, context))
    if rows:
        yield from rows
        return
    if _PACKAGE.match(table.head[0]) and len(table.head) > 1 and _VERSION.search(table.head[1]):
        yield from _packages(table, context)
        return
    if _TEST.match(table.head[0]) and any(map(_STATUS.search, table.head[1:])):
        yield _tests(table, context)
    for row in table.rows:
        yield from _row(table.head, row, context, arms)


def _packages(table: Table, context: Context) -> Iterator[Item]:
    for row in table.rows:
        yield Pinned(Place(context.file, row.line), row.cells[0].lower(), row.cells[1])
        for head, cell in zip(table.head[2:], row.cells[2:], strict=True):
            yield from statements(cell, _cell(context, row, (head, row.cells[0])))


def _tests(table: Table, context: Context) -> Enumeration:
    what = "check" if _CHECK.search(table.head[0]) else kind_of(context.spot.section[::-1])
    items = tuple(
        Listed(
            place=Place(context.file, row.line),
            name=row.cells[0],
            passed=next((mark for cell in row.cells[1:] if (mark := mark_in(cell)) is not None), None),
            number=None,
            about=next(iter(capabilities_in(row.cells[0])), ""),
        )
        for row in table.rows
    )
    return Enumeration(context.place, context.spot.section, what, None, items)


def _row(head: tuple[str, ...], row: Row, context: Context, arms: frozenset[str]) -> Iterator[Item]:
    label, *cells = row.cells
    mark = next((found for cell in cells if (found := mark_in(cell)) is not None), None)
    columns = [name for name in head[1:] if name in arms]
    first = _cell(context, row, (head[0],))
    # A row that begins with a number is of that number: of batch 16 where the head says "Batch size".
    counted: dict[str, float | str] = {
        claim.topic: claim.quantity.low for claim in figures(label, first) if claim.topic in _BEGINS
    }
    if _SIZE.fullmatch(head[0].strip()) and _WHOLE.fullmatch(label.strip()):
        counted["size"] = float(label.replace(",", ""))
    row_wide = {name: value for name, value in narrowed(" | ".join(row.cells)).items() if name in _OF_ROW}
    claims: list[Claim] = []
    for column, cell in zip(head[1:], cells, strict=True):
        if _NOTHING.fullmatch(cell):
            continue
        narrowing: dict[str, float | str] = {**row_wide, **counted, **_settings(column, label, claims, columns, arms)}
        inside = _cell(context, row, (column, label), narrowing)
        told = list(_paired(column, label, cell, inside))
        claims += told
        yield from told
        if _ONLY_A_MARK.fullmatch(cell):
            yield from ticked(cell, inside)
        else:
            yield from statements(cell, inside, mark=mark)
    yield from statements(label, _cell(context, row, ()), mark=mark if any(said(label)) else None)
    yield from named_row(head, row.cells, _cell(context, row, ()))


def _paired(column: str, label: str, cell: str, context: Context) -> Iterator[Claim]:
    """The figures of a cell; of ``rank / alpha`` beside ``16 / 32`` each has its own name."""
    names, parts = label.split(" / "), cell.split(" / ")
    if len(names) == len(parts) > 1:
        for name, part in zip(names, parts, strict=True):
            yield from figures(part, replace(context, words=(column, name)))
    else:
        yield from figures(cell, context)


def _settings(
    column: str, label: str, before: list[Claim], columns: list[str], arms: frozenset[str]
) -> dict[str, float | str]:
    """The run of a cell; where one column compares two that are arms, what is compared with what."""
    named = [column] if column in columns else named_in(label, arms)
    if len(named) == 1:
        return {"run": named[0]}
    if len(columns) > 1 and before:
        return {"run": columns[1], "baseline": columns[0], "of": before[0].topic}
    return {}


def _cell(
    context: Context, row: Row, words: tuple[str, ...], settings: dict[str, float | str] | None = None
) -> Context:
    spot = Spot(row.line, context.spot.section, context.spot.labels)
    unit = next((found for word in words if (found := unit_in(word))), None)
    return Context(context.file, spot, words, unit, {**context.settings, **(settings or {})})
