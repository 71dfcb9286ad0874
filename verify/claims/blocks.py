"""Markdown as lines, tables and fences with their headings and labels; what the text means is read elsewhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

_EMPHASIS = re.compile(r"\*\*|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|`|~~")
_LINK = re.compile(r"!?\[([^\]\[]{0,500})\]\([^()\s]{0,2000}\)")
_LABEL = re.compile(r":\s*$")
LONGEST_LABEL = 80
# What is longer is no sentence, and no cell that anybody reads: it is left unread.
LONGEST_LINE = 2000
# Full-width forms mean what ASCII means; so do the minus sign, the short dashes and the wave dash.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x2212: "-",
    0x2011: "-",
    0x2013: "-",
    0x301C: "~",
    0x3000: " ",
    0x00A0: " ",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a block stands: its first line, the headings above it, and the labels that lead to it, outermost first."""

    line: int
    section: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a paragraph, list, quotation or heading.

    Attributes:
        number: The number of an ordered item.
        item: It begins an item of a list.
        level: Of a heading; 0 for other lines.
        leads: A list, a table or a fence follows that it is the label of.
    """

    spot: Spot
    text: str
    number: int | None = None
    item: bool = False
    level: int = 0
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as the head."""

    spot: Spot
    head: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Fence:
    """Fenced or indented text; the spot is its first line inside."""

    spot: Spot
    language: str
    lines: tuple[str, ...]


Block = Line | Table | Fence


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text, in order.

    Markup inside a line is stripped, never interpreted: links become their words, HTML stays text.
    """
    yield from _Walk(_parser().parse(text)).blocks()


def plain(text: str) -> str:
    """The text without emphasis, code marks and targets of links, in narrow characters."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", text)).translate(_NARROW).strip()


def is_label(text: str) -> bool:
    """Whether a line only names what follows it: ``Results:``."""
    return bool(_LABEL.search(text)) and len(text) <= LONGEST_LABEL


def _parser() -> MarkdownIt:
    # Without the rules inside lines nothing is interpreted there, and a line stays the line it was.
    return MarkdownIt("commonmark").enable("table").disable("inline")


@dataclass(slots=True)
class _Walk:
    """The state of one walk over the tokens."""

    tokens: list[Token]
    headings: list[tuple[int, str]] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    label: str = ""
    number: int | None = None
    fresh: bool = False
    ordered: list[bool] = field(default_factory=list)

    def blocks(self) -> Iterator[Block]:
        """Each block; a label waits for the next one, which tells whether it leads to anything."""
        held: Line | None = None
        for block in self._blocks():
            if held is not None:
                yield replace(held, leads=not (isinstance(block, Line) and block.level))
            held = block if isinstance(block, Line) and not block.level and is_label(block.text) else None
            if held is None:
                yield block
        if held is not None:
            yield held

    def _blocks(self) -> Iterator[Block]:
        tokens = iter(self.tokens)
        for token in tokens:
            match token.type:
                case "heading_open":
                    yield from self._heading(int(token.tag[1:]), next(tokens))
                case "inline":
                    yield from self._paragraph(token)
                case "table_open":
                    yield self._table(token, tokens)
                case "fence" | "code_block":
                    yield self._fence(token)
                case "html_block":
                    yield from self._lines(token.content, _first(token))
                case _:
                    self._enter(token)

    def _enter(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self.above.append(self.label)
                self.ordered.append(token.type == "ordered_list_open")
                self.label = ""
            case "bullet_list_close" | "ordered_list_close":
                # What leads to a list leads to no more than the list.
                self.above.pop()
                self.ordered.pop()
                self.label = ""
            case "list_item_open":
                self.fresh, self.label = True, ""
                self.number = int(token.info) if self.ordered[-1] and len(token.info) < 10 else None  # noqa: PLR2004
            case _:
                pass

    def _spot(self, line: int) -> Spot:
        labels = tuple(label for label in (*self.above, self.label) if label)
        return Spot(line, tuple(text for _, text in self.headings), labels)

    def _heading(self, level: int, inline: Token) -> Iterator[Line]:
        self.headings = [heading for heading in self.headings if heading[0] < level]
        self.label = ""
        text = plain(inline.content)
        yield Line(self._spot(_first(inline)), text, level=level)
        self.headings.append((level, text))

    def _paragraph(self, token: Token) -> Iterator[Line]:
        if not self.fresh:
            self.label = ""
        yield from self._lines(token.content, _first(token))

    def _lines(self, content: str, first: int) -> Iterator[Line]:
        for offset, raw in enumerate(content.split("\n")):
            text = plain(raw)
            item, self.fresh = self.fresh, False
            if text:
                yield Line(self._spot(first + offset), text, self.number if item else None, item)
            # "Architecture: a net of 3 layers" leads to the fence behind it as much as "Architecture:" does.
            self.label = text if len(text) <= LONGEST_LABEL else ""

    def _table(self, opened: Token, tokens: Iterator[Token]) -> Table:
        rows: list[Row] = []
        cells: list[str] = []
        for token in tokens:
            if token.type == "inline":
                cells.append(plain(token.content))
            elif token.type == "tr_open":
                line, cells = _first(token), []
            elif token.type == "tr_close":
                rows.append(Row(line, tuple(cells)))
            elif token.type == "table_close":
                break
        return Table(self._spot(_first(opened)), rows[0].cells, tuple(rows[1:]))

    def _fence(self, token: Token) -> Fence:
        inside = 1 if token.type == "fence" else 0
        lines = tuple(token.content.rstrip("\n").split("\n"))
        words = token.info.split()
        return Fence(self._spot(_first(token) + inside), words[0].lower() if words else "", lines)


def _first(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0
