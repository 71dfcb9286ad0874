"""Which pictures a report makes, the most telling first."""

from collections.abc import Iterator

from verify.language.speech import reworded, say
from verify.render import words
from verify.render.html import watched
from verify.render.html.chart import Bar, Bars, Lines, Picture, Point, Series
from verify.render.html.families import curves, families, named, topic_of, worths
from verify.render.kept import word
from verify.report import v3
from verify.report.fields import Note
from verify.report.roofline import FLOPS, Position, Roof, counted, positions, roofs_of

# Of the curves that checks of functions take, a few show that training works; their figures are in the tables.
KINDS = ("benchmark", "lora")


def pictures(report: v3.Report) -> list[Picture]:
    """All of them; none where nothing was measured that makes one."""
    return [
        *_shares(report),
        *_finetuned(report),
        *worths(report),
        *_roofline(report),
        *families(report),
        *_memory(report),
        *_most_telling(curves(report)),
        *(watched.courses(report.watched) if report.watched else ()),
    ]


def _most_telling(found: Iterator[Picture]) -> Iterator[Picture]:
    return (picture for picture in found if picture.figures[0][0].kind in KINDS)


def _shares(report: v3.Report) -> Iterator[Picture]:
    """Percent of the datasheet's peak."""
    found = [
        (result, figure)
        for result in report.results
        for figure in result.measurements
        if figure.percent_of_peak and not figure.name.startswith("startup")
    ]
    bars = tuple(
        Bar(
            f"{topic_of(result)} · {named(figure.name)}: {words.pairs(_brief(figure))}",
            figure.percent_of_peak.percent,
            _share(figure.percent_of_peak, figure.unit),
            doubtful=bool(figure.inconclusive),
        )
        for result, figure in found
        if figure.percent_of_peak
    )
    if bars:
        yield Picture(
            say("Share of the datasheet's peak"), Bars(bars, reference=100.0), found, say("The line is 100%.")
        )


def _share(share: v3.PercentOfPeak, unit: str) -> str:
    return say("{}% of {} {}", f"{share.percent:.1f}", words.number(share.peak), unit)


def _brief(figure: v3.Measurement) -> dict[str, Note]:
    return {name: note for name, note in figure.conditions.items() if name in ("dtype", "n", "elements", "shape")}


def _roofline(report: v3.Report) -> Iterator[Picture]:
    """One for each device and number format that has both roofs: arithmetic and memory."""
    placed = [position for position in positions(report) if position.intensity and counted(position.figure, "flops")]
    roofs = roofs_of(report)
    for device in dict.fromkeys(position.result.device for position in placed):
        mine = [position for position in placed if position.result.device == device]
        memory = roofs.get((device or "cpu", "memory"))
        by_bound: dict[str, list[Position]] = {}
        for position in mine:
            by_bound.setdefault(position.label.partition(",")[0], []).append(position)
        series = tuple(Series(word(label), tuple(map(_placed, found))) for label, found in by_bound.items())
        if memory:
            ceilings = [(kind, roof) for (of, kind), roof in roofs.items() if of == device and _arithmetic(kind)]
            chart = Lines(
                say("operations a byte"),
                "GFLOPS",
                series,
                log_x=True,
                log_y=True,
                roofs=tuple(_ceiling(kind, roof, memory, mine) for kind, roof in ceilings),
                joined=False,
            )
            origins = {kind: _origin(roof) for kind, roof in (*ceilings, ("memory", memory))}
            said = say("Roofs, above which nothing can lie: {}.", words.pairs(origins))
            yield Picture(say("Roofline ({})", device), chart, [(one.result, one.figure) for one in mine], said)


def _origin(roof: Roof) -> str:
    """Briefly: which check it was is in the tables."""
    return reworded(roof.origin.partition(" (")[0]) if roof.independent else say("the best seen here")


def _arithmetic(kind: str) -> bool:
    return kind not in ("memory", "cache", "launch")


def _placed(position: Position) -> Point:
    flops = counted(position.figure, "flops") or 0.0
    doubt = bool(position.figure.inconclusive)
    return Point(position.intensity or 0.0, flops / position.seconds / FLOPS["GFLOPS"], doubtful=doubt)


def _ceiling(kind: str, roof: Roof, memory: Roof, positions: list[Position]) -> Series:
    """Up along the memory's rate to the ridge, then level."""
    intensities = [position.intensity or 0.0 for position in positions]
    ridge = roof.rate / memory.rate
    first, last = min(*intensities, ridge) / 2, max(*intensities, ridge) * 2
    corners = ((first, first * memory.rate), (ridge, roof.rate), (last, roof.rate))
    return Series(kind, tuple(Point(x, y / FLOPS["GFLOPS"]) for x, y in corners))


def _memory(report: v3.Report) -> Iterator[Picture]:
    """What a training took, and what had been foreseen: inputs of a figure that holds one against the other."""
    bars: list[Bar] = []
    found = []
    for result in report.results:
        for figure in result.measurements:
            if {"measured", "predicted"} <= figure.inputs.keys():
                found.append((result, figure))
                foreseen = figure.inputs["predicted"] + figure.inputs.get("held", 0.0)
                bars += [
                    Bar(f"{topic_of(result)}, {name}", taken, words.size(round(taken)))
                    for name, taken in ((say("foreseen"), foreseen), (say("measured"), figure.inputs["measured"]))
                ]
    if bars:
        yield Picture(say("Memory, foreseen and measured"), Bars(tuple(bars)), found)


def _finetuned(report: v3.Report) -> Iterator[Picture]:
    """The losses of a fine-tune, and its pace."""
    tune = report.finetune
    if tune is None:
        return
    curves = {
        say("training"): [(line.iteration, line.loss) for line in tune.trained],
        say("held out"): [(one.iteration, one.loss) for one in tune.held_out],
    }
    series = tuple(Series(name, tuple(Point(*pair) for pair in pairs)) for name, pairs in curves.items() if pairs)
    if series:
        yield Picture(say("Loss"), Lines(say("iteration"), "nat", series), [])
    rates = tuple(Point(line.iteration, line.tokens / line.seconds) for line in tune.trained if line.seconds)
    if len(rates) > 1:
        yield Picture(
            say("Pace"),
            Lines(say("iteration"), "tokens/s", (Series("", rates),)),
            [],
            say("The first line holds the start-up."),
        )
