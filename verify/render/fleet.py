"""A fleet on one page: how many of how many hold, who does not and why, and who stands out among its like."""

from collections.abc import Iterator, Sequence

from verify.render import words
from verify.render.markup import code, escaped, table
from verify.render.text import aligned, painted
from verify.render.words import BARS, NONE
from verify.report.fleet import HOLD, OPEN, Figure, Fleet, Node, Outlier

# More rows than this are nothing to read; the JSON has them all.
MOST_ROWS = 100
EMPTY = "·"
CHANCE = "{named} of {compared:,} nodes that were compared stand out; of such, at most {share:.0%} by chance"

Row = Sequence[str]


def headline(fleet: Fleet) -> str:
    """``6 of 9 nodes hold``, and what became of the others."""
    counts, total = fleet.counts, len(fleet.nodes)
    holding = sum(counts.get(state, 0) for state in HOLD)
    states = ", ".join(f"{count:,} {_state(state)}" for state, count in counts.items())
    return f"{holding:,} of {total:,} nodes hold: {states}"


def text(fleet: Fleet, *, colour: bool = False) -> str:
    """The page for a terminal."""
    return "\n\n".join(_text(fleet, colour)) + "\n"


def markdown(fleet: Fleet) -> str:
    """The page as Markdown."""
    return "\n\n".join(_markdown(fleet)) + "\n"


def _text(fleet: Fleet, colour: bool) -> Iterator[str]:
    good = all(node.state in HOLD for node in fleet.nodes)
    first = painted(headline(fleet), "certified" if good else "refused", colour)
    yield f"{first}\n{_about(fleet)}"
    rows, left_out = _nodes(fleet)
    if rows:
        yield aligned(
            [("node", "is", "time", "slow in", "why"), *[[words.visible(cell) for cell in row] for row in rows]]
        )
    if left_out:
        yield f"  {left_out}"
    if fleet.outliers:
        yield aligned([_OUTLIER, *(_outlier(fleet, one) for one in fleet.outliers[:MOST_ROWS])])
        strips = [(_figure_name(figure), _strip(figure), _scale(figure)) for figure in _told(fleet)]
        yield aligned([("figure", "how the nodes lie, worst to best", "off what is typical"), *strips])
    yield "\n".join(_foot(fleet))


def _markdown(fleet: Fleet) -> Iterator[str]:
    yield f"# Fleet {escaped(fleet.partition)}: {headline(fleet)}"
    yield escaped(_about(fleet))
    rows, left_out = _nodes(fleet)
    if rows:
        yield "## Nodes"
        yield table([_NODE, *([escaped(cell) for cell in row] for row in rows)])
    if left_out:
        yield left_out
    if fleet.outliers:
        yield "## Outliers"
        listed = fleet.outliers[:MOST_ROWS]
        yield table([_OUTLIER, *([escaped(cell) for cell in _outlier(fleet, one)] for one in listed)])
    if fleet.classes:
        yield "## Hardware classes"
        told = [(escaped(one.title), f"{one.nodes:,}", "yes" if one.compared else "too few") for one in fleet.classes]
        yield table([("nodes that are alike in", "nodes", "compared"), *told])
    if fleet.figures:
        yield "## Figures"
        head = ("check", "figure", "nodes", "typical", "spread", "worst to best", "off what is typical")
        yield table([head, *map(_figure, _told(fleet) or fleet.figures[:MOST_ROWS])])
    yield "\n".join(f"- {escaped(line)}" for line in _foot(fleet))


_NODE = ("node", "is", "time", "slow in", "why")
_OUTLIER = ("node", "figure", "is", "typical", "worse by", "deviations", "disturbed")


def _about(fleet: Fleet) -> str:
    return (
        f"partition {words.visible(fleet.partition)} · environment {fleet.environment} · level {fleet.level} · "
        f"run {fleet.run}, begun {fleet.created}, told {fleet.told}"
    )


def _nodes(fleet: Fleet) -> tuple[list[Row], str]:
    """The nodes to tell of: all of a small fleet, else those that do not simply hold or stand out."""
    slow: dict[str, int] = {}
    for one in fleet.outliers:
        slow[one.node] = slow.get(one.node, 0) + 1
    small = len(fleet.nodes) <= MOST_ROWS
    listed = [node for node in fleet.nodes if small or node.state not in HOLD or node.name in slow]
    rows = [_node(node, slow.get(node.name, 0)) for node in listed[:MOST_ROWS]]
    unlisted = len(listed) - len(rows)
    parts = [f"{unlisted:,} more to tell of: see the JSON"] if unlisted else []
    parts += [f"{len(fleet.nodes) - len(listed):,} others hold, and stand out in nothing"] if not small else []
    return rows, "; ".join(parts)


def _node(node: Node, slow: int) -> Row:
    time = NONE if node.seconds is None else words.duration(node.seconds)
    figures = "" if not slow else f"{slow} figure" + ("s" if slow > 1 else "")
    return (node.name, _state(node.state), time, figures, node.reason or "")


def _outlier(fleet: Fleet, one: Outlier) -> Row:
    figure = fleet.figures[one.figure]
    unit = "" if figure.unit == "1" else f" {figure.unit}"
    return (
        words.visible(one.node),
        _figure_name(figure),
        f"{words.number(one.value)}{unit}",
        f"{words.number(figure.typical)}{unit}",
        f"{100 * one.worse:.1f}%",
        f"{one.scales:.1f}",
        words.visible(one.disturbed or ""),
    )


def _told(fleet: Fleet) -> list[Figure]:
    """The figures in which somebody stands out."""
    return [fleet.figures[number] for number in dict.fromkeys(one.figure for one in fleet.outliers[:MOST_ROWS])]


def _figure(figure: Figure) -> Row:
    return (
        f"`{code(figure.check)}`" if figure.check else NONE,
        escaped(figure.name),
        f"{figure.nodes:,}",
        escaped(f"{words.number(figure.typical)} {'' if figure.unit == '1' else figure.unit}".strip()),
        f"{100 * figure.spread:.1f}%",
        _strip(figure),
        _scale(figure),
    )


def _figure_name(figure: Figure) -> str:
    return words.visible(f"{figure.check} {figure.name}".strip())


def _strip(figure: Figure) -> str:
    """How many nodes lie where, the worst on the left: a single node can be seen beside ten thousand."""
    steps = figure.shape if figure.direction == "higher" else figure.shape[::-1]
    most = max(steps, default=0)
    return "".join(BARS[-(-(count * len(BARS)) // most) - 1] if count else EMPTY for count in steps)


def _scale(figure: Figure) -> str:
    ends = (figure.low, figure.high) if figure.direction == "higher" else (figure.high, figure.low)
    return " to ".join(f"{100 * end:+.1f}%" for end in ends)


def _foot(fleet: Fleet) -> list[str]:
    named = len({one.node for one in fleet.outliers})
    told = CHANCE.format(named=named, compared=fleet.compared, share=fleet.false_share)
    lines = [told if fleet.compared else "nothing was compared"]
    waiting = sum(node.state in OPEN for node in fleet.nodes)
    lines += [f"{waiting:,} nodes have not ended yet"] if waiting else []
    alike = [f"{one.nodes:,} nodes: {words.visible(one.title)}" for one in fleet.classes[:MOST_ROWS]]
    return [*lines, *map(words.visible, fleet.notes), *alike]


def _state(state: str) -> str:
    return state.replace("_", " ")
