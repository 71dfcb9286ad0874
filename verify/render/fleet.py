"""A fleet on one page: how many of how many hold, who does not and why, and who stands out among its like."""

from collections.abc import Iterator, Sequence

from verify.language.speech import each, later, reworded, say
from verify.render import words
from verify.render.kept import word
from verify.render.markup import code, escaped, table
from verify.render.text import aligned, painted
from verify.render.words import BARS, NONE
from verify.report.fleet import HOLD, OPEN, Figure, Fleet, Node, Outlier

# More rows than this are nothing to read; the JSON has them all.
MOST_ROWS = 100
EMPTY = "·"
CHANCE = later("{} of {} nodes that were compared stand out; of such, at most {} by chance")

Row = Sequence[str]


def headline(fleet: Fleet) -> str:
    """``6 of 9 nodes hold``, and what became of the others."""
    counts, total = fleet.counts, len(fleet.nodes)
    holding = sum(counts.get(state, 0) for state in HOLD)
    states = say(", ").join(f"{count:,} {_state(state)}" for state, count in counts.items())
    return say("{} of {} nodes hold: {}", f"{holding:,}", f"{total:,}", states)


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
            [each("node", "is", "time", "slow in", "why"), *[[words.visible(cell) for cell in row] for row in rows]]
        )
    if left_out:
        yield f"  {left_out}"
    if fleet.outliers:
        yield aligned([each(*_OUTLIER), *(_outlier(fleet, one) for one in fleet.outliers[:MOST_ROWS])])
        strips = [(_figure_name(figure), _strip(figure), _scale(figure)) for figure in _told(fleet)]
        yield aligned([each("figure", "how the nodes lie, worst to best", "off what is typical"), *strips])
    yield "\n".join(_foot(fleet))


def _markdown(fleet: Fleet) -> Iterator[str]:
    yield "# " + say("Fleet {}: {}", escaped(fleet.partition), headline(fleet))
    yield escaped(_about(fleet))
    rows, left_out = _nodes(fleet)
    if rows:
        yield "## " + say("Nodes")
        yield table([each(*_NODE), *([escaped(cell) for cell in row] for row in rows)])
    if left_out:
        yield left_out
    if fleet.outliers:
        yield "## " + say("Outliers")
        listed = fleet.outliers[:MOST_ROWS]
        yield table([each(*_OUTLIER), *([escaped(cell) for cell in _outlier(fleet, one)] for one in listed)])
    if fleet.classes:
        yield "## " + say("Hardware classes")
        told = [
            (escaped(one.title), f"{one.nodes:,}", say("yes") if one.compared else say("too few"))
            for one in fleet.classes
        ]
        yield table([each("nodes that are alike in", "nodes", "compared"), *told])
    if fleet.figures:
        yield "## " + say("Figures")
        head = each("check", "figure", "nodes", "typical", "spread", "worst to best", "off what is typical")
        yield table([head, *map(_figure, _told(fleet) or fleet.figures[:MOST_ROWS])])
    yield "\n".join(f"- {escaped(line)}" for line in _foot(fleet))


_NODE = (later("node"), later("is"), later("time"), later("slow in"), later("why"))
_OUTLIER = (
    later("node"),
    later("figure"),
    later("is"),
    later("typical"),
    later("worse by"),
    later("deviations"),
    later("disturbed"),
)


def _about(fleet: Fleet) -> str:
    return say(
        "partition {} · environment {} · level {} · run {}, begun {}, told {}",
        words.visible(fleet.partition),
        fleet.environment,
        fleet.level,
        fleet.run,
        fleet.created,
        fleet.told,
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
    parts = [say("{} more to tell of: see the JSON", f"{unlisted:,}")] if unlisted else []
    parts += (
        [say("{} others hold, and stand out in nothing", f"{len(fleet.nodes) - len(listed):,}")] if not small else []
    )
    return rows, "; ".join(parts)


def _node(node: Node, slow: int) -> Row:
    time = NONE if node.seconds is None else words.duration(node.seconds)
    figures = "" if not slow else say("{} figure" if slow == 1 else "{} figures", slow)
    return (node.name, _state(node.state), time, figures, reworded(node.reason or ""))


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
        words.told(one.disturbed or ""),
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
    return say("{} to {}", *(f"{100 * end:+.1f}%" for end in ends))


def _foot(fleet: Fleet) -> list[str]:
    named = len({one.node for one in fleet.outliers})
    told = say(CHANCE, named, f"{fleet.compared:,}", f"{fleet.false_share:.0%}")
    lines = [told if fleet.compared else say("nothing was compared")]
    waiting = sum(node.state in OPEN for node in fleet.nodes)
    lines += [say("{} nodes have not ended yet", f"{waiting:,}")] if waiting else []
    alike = [say("{} nodes: {}", f"{one.nodes:,}", words.visible(one.title)) for one in fleet.classes[:MOST_ROWS]]
    return [*lines, *map(words.told, fleet.notes), *alike]


def _state(state: str) -> str:
    return word(state)
