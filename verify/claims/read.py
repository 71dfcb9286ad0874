"""Reading a report that somebody wrote by hand, in Markdown, into typed claims.

Nothing is dropped: every line that is not blank ends in a claim, a statement, a heading or other structure, or among
the unread.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from verify.claims.arms import arms, named_in, run_of, test_number
from verify.claims.blocks import LONGEST_LINE, Block, Fence, Line, Row, Spot, Table, blocks, is_label, plain
from verify.claims.claim import Claim, Document, Enumeration, Heading, Machine, Snippet
from verify.claims.code import code
from verify.claims.figures import Context, figures
from verify.claims.gather import Item, gathered
from verify.claims.lists import by_headings, counted, layers, modules
from verify.claims.logs import logged_line
from verify.claims.machine import machine, moments, pinned
from verify.claims.naming import named, split_key
from verify.claims.phrases import advice_in, mark_in
from verify.claims.statements import statements, ticked
from verify.claims.tables import read_table
from verify.claims.units import unit_in
from verify.errors import IntegrityError

# A report that a person wrote is a few tens of kilobytes. The limit is lower than that of our own reports, for reading
# text takes up to ten seconds a megabyte, in proportion to its size.
LARGEST_TEXT = 1024 * 1024
# A larger table is data, which nobody wrote: what is more of it is left unread.
MOST_CELLS = 10_000
# Each line is looked through for each of them.
MOST_ARMS = 64
# Of each kind: some rules hold every figure against every other. What is more of them is left unread.
MOST_ITEMS = 5_000
WRITTEN_BY_HAND = "give the Markdown file of a report, in UTF-8"

_DECORATION = re.compile(r"[\W_]*")
_BULLET = re.compile(r"^[-*+]\s+")
_NUMBERED = re.compile(r"^\d+(?:\.\d+)*\.?\s+(?=\D)")
# What these fences hold was printed, or written down, not programmed.
_TEXT = ("", "text", "txt", "log", "console", "output", "plain", "plaintext")


def read_markdown(data: bytes, file: str) -> Document:
    """What a hand-written report says.

    Args:
        data: The bytes of the file.
        file: Its name, as findings give it.

    Raises:
        IntegrityError: They are no text in UTF-8, hold a NUL, are none at all, or are more than anybody writes.
    """
    text = _decoded(data, file)
    lines = tuple(text.split("\n"))
    found = list(blocks(text))
    names = _arm_names(found, file)
    reader = _Reader(file, names)
    items = [item for block in found for item in reader.block(block)]
    items += by_headings([item for item in items if isinstance(item, Heading)])
    items += counted([block for block in found if isinstance(block, Line)], Context(file, Spot(0)))
    return gathered(file, lines, _most(items), _structure(found, lines))


def _most(items: Iterable[Item]) -> Iterator[Item]:
    """As many of each kind as a person writes; an enumeration counts for all that it lists."""
    told: Counter[type[Item]] = Counter()
    for item in items:
        told[type(item)] += len(item.items) if isinstance(item, Enumeration) else 1
        if told[type(item)] <= MOST_ITEMS:
            yield item


def _decoded(data: bytes, file: str) -> str:
    if len(data) > LARGEST_TEXT:
        raise IntegrityError(f"{file}: {len(data)} bytes, the limit is {LARGEST_TEXT}", WRITTEN_BY_HAND)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{file}: byte {error.start} is not UTF-8", WRITTEN_BY_HAND) from error
    if "\0" in text:
        raise IntegrityError(f"{file}: a NUL at character {text.index(chr(0))}", WRITTEN_BY_HAND)
    if not text.strip():
        raise IntegrityError(f"{file}: an empty report", WRITTEN_BY_HAND)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _arm_names(found: Sequence[Block], file: str) -> frozenset[str]:
    lines = (block for block in found if isinstance(block, Line) and len(block.text) <= LONGEST_LINE)
    found_arms = (arm for line in lines for arm in arms(line.text, Context(file, line.spot)))
    # An arm that is called by its device needs no name beside it.
    names = dict.fromkeys(arm.name for arm in found_arms if arm.name and "device" not in arm.factors)
    return frozenset(itertools.islice(names, MOST_ARMS))


@dataclass(frozen=True, slots=True)
class _Reader:
    """One pass over the blocks of a file whose arms are known."""

    file: str
    arms: frozenset[str]

    def block(self, block: Block) -> Iterator[Item]:
        """What a block says."""
        context = self._context(block.spot)
        match block:
            case Table():
                yield from read_table(_shortened(block), context, self.arms)
            case Fence() if block.language not in _TEXT:
                yield from code(block, context)
            case Fence():
                yield from self._printed(block, context)
            case Line() if len(block.text) <= LONGEST_LINE:
                yield from self._heading(block, context) if block.level else self._line(block, context)
            case _:
                pass

    def _context(self, spot: Spot) -> Context:
        run = run_of(spot.section, self.arms)
        return Context(self.file, spot, (), None, {"run": run} if run else {})

    def _heading(self, line: Line, context: Context) -> Iterator[Item]:
        yield Heading(context.place, line.spot.section, line.level, line.text, mark_in(line.text))
        text = _NUMBERED.sub("", line.text)
        # A title praises, and "Recommendations" recommends nothing yet.
        if line.spot.section and advice_in((text,)) is None:
            told = list(statements(text, context))
            yield from told
            if test_number(line.text) is not None and not any(statement.says == "passed" for statement in told):
                yield from ticked(text, context)
        yield from (claim for claim in figures(text, context) if claim.topic != "other")

    def _line(self, line: Line, context: Context) -> Iterator[Item]:
        text = line.text
        row = logged_line(text, context)
        if row:
            yield row
            return
        keyed = replace(context, unit=unit_in(split_key(text)[0]), settings=self._compared(text, context))
        told = machine(text, context)
        yield from _of_machine(told, figures(text, keyed))
        yield from statements(text, keyed, item=line.item, mark=_of_list(line))
        yield from pinned(text, context)
        yield from moments(text, context)
        yield from arms(text, context)
        yield from named(text, context)
        yield from modules(text, context)

    def _compared(self, text: str, context: Context) -> Mapping[str, float | str]:
        """The arms that a line names: of one its run, of two what is compared with what."""
        named_arms = named_in(text, self.arms)
        settings = dict(context.settings)
        if named_arms:
            settings["run"] = named_arms[0]
        if len(named_arms) > 1:
            settings["baseline"] = named_arms[1]
        return settings

    def _printed(self, fence: Fence, context: Context) -> Iterator[Item]:
        yield Snippet(context.place, fence.spot.section, "", "\n".join(fence.lines))
        network = list(layers(list(enumerate(fence.lines, fence.spot.line)), context))
        yield from network
        listed = {item.place.line for told in network if isinstance(told, Enumeration) for item in told.items}
        labels = fence.spot.labels
        for number, raw in enumerate(fence.lines, fence.spot.line):
            text = _BULLET.sub("", plain(raw))
            line = Line(Spot(number, fence.spot.section, labels), text)
            if number not in listed and len(raw) <= LONGEST_LINE:
                yield from self._line(line, replace(context, spot=line.spot))
            if is_label(text):
                labels = (*fence.spot.labels, text)


def _of_machine(told: Machine | None, claims: Iterable[Claim]) -> Iterator[Claim | Machine]:
    """The claims of a line; where it describes the machine, its memory is all that there is."""
    if told is None:
        yield from claims
        return
    yield told
    sizes = (told.memory_gb, told.gpu_memory_gb)
    for claim in claims:
        whole = claim.quantity.unit in ("GB", "GiB") and claim.quantity.low in sizes
        yield replace(claim, topic="memory_total") if whole else claim


def _of_list(line: Line) -> bool | None:
    """The mark that the heading of a list begins with, which holds for its items."""
    return mark_in(line.spot.section[-1][:2]) if line.item and line.spot.section else None


def _shortened(table: Table) -> Table:
    kept = table.rows[: MOST_CELLS // len(table.head)]
    rows = (Row(row.line, tuple(map(_short, row.cells))) for row in kept)
    return Table(table.spot, tuple(map(_short, table.head)), tuple(rows))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else ""


def _structure(found: Sequence[Block], lines: tuple[str, ...]) -> frozenset[int]:
    """Lines of rules and fences, heads of tables, and labels of what follows them."""
    decoration = {number for number, text in enumerate(lines, 1) if text.strip() and _DECORATION.fullmatch(text)}
    fences = {number for number, text in enumerate(lines, 1) if text.lstrip().startswith(("```", "~~~"))}
    heads = {block.spot.line for block in found if isinstance(block, Table)}
    labels = {block.spot.line for block in found if isinstance(block, Line) and block.leads}
    printed = {
        number
        for block in found
        if isinstance(block, Fence)
        for number, text in enumerate(block.lines, block.spot.line)
        if is_label(text)
    }
    return frozenset(decoration | fences | heads | labels | printed)
