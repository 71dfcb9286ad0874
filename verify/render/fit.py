"""What fits in memory, and how far predictions were from measurements: as text, and as plain data for JSON."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from verify.language.speech import each, reworded, say
from verify.render import words
from verify.render.text import aligned

GIGABYTE = 1e9
REQUIRED = ("parameters", "trained", "weights", "adapters", "optimiser", "gradients", "passing", "peak")
METHODS = {"full": "full", "lora": "LoRA", "qlora": "QLoRA"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to train a model, and what it takes; bytes where not said otherwise.

    Attributes:
        method: full, lora or qlora.
        checkpointing: Whether activations are computed again on the way back.
        parameters: How many the model has.
        trained: How many are trained.
        weights: Of the model.
        adapters: Weights of the adapters.
        optimiser: What it keeps.
        gradients: Of all that is trained; in what passes, where they are there at the peak.
        passing: What comes and goes, at the peak.
        peak: With the runtime.
        fits: Whether the peak is within the limit.
        largest_batch: How many texts fit.
        largest_micro_batch: The same when gradients are accumulated.
        longest_text: How many tokens a single text may have, where it was asked.
    """

    method: str
    checkpointing: bool
    parameters: int
    trained: int
    weights: int
    adapters: int
    optimiser: int
    gradients: int
    passing: int
    peak: int
    fits: bool
    largest_batch: int | None
    largest_micro_batch: int | None
    longest_text: int | None

    @property
    def title(self) -> str:
        """Its method, and checkpointing if it has it."""
        return METHODS[self.method] + ((" " + say("+ checkpointing")) if self.checkpointing else "")

    def split(self, effective: int) -> tuple[int, int] | None:
        """Batch and accumulation whose product is the effective batch, with the largest batch that fits."""
        if self.largest_batch is None or self.largest_micro_batch is None or not self.largest_batch:
            return None
        if effective <= self.largest_batch:
            return effective, 1
        batch = max((n for n in range(1, self.largest_micro_batch + 1) if effective % n == 0), default=0)
        return (batch, effective // batch) if batch else None


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits of one model.

    Attributes:
        model: Its name.
        limit: Bytes that a process may take.
        limit_source: Who says so.
        runtime: Bytes that the runtime takes of them.
        runtime_source: Who says so.
        ways: Those to train it: what fits before what does not, and of either the one that trains most and computes
            least first.
    """

    model: str
    limit: int
    limit_source: str
    runtime: int
    runtime_source: str
    ways: Sequence[Way]


def fit_of(model: str, measured: Mapping[str, Any]) -> Fit:
    """What a worker found, put together."""
    notes, single, found = measured["notes"], dict[str, int](), dict[tuple[str, bool], dict[str, int]]()
    for item in measured["measurements"]:
        which = item["conditions"]
        place = found.setdefault((which["method"], which["checkpointing"]), {}) if which else single
        place[item["name"]] = round(item["value"])
        parts = {name: round(value) for name, value in item.get("inputs", {}).items() if name != "runtime"}
        place.update(parts)
    ways = [_way(*which, figures, single["limit"]) for which, figures in found.items()]
    ways.sort(key=lambda way: (not way.fits, *_place(way)))
    sources = notes["limit_source"], single["runtime"], notes["runtime_source"]
    return Fit(model, single["limit"], *sources, ways)


def _place(way: Way) -> tuple[int, bool]:
    """What trains most before what trains less, and what computes once before what computes twice."""
    return list(METHODS).index(way.method), way.checkpointing


def _way(method: str, checkpointing: bool, figures: Mapping[str, int], limit: int) -> Way:
    required = {name: figures[name] for name in REQUIRED}
    return Way(
        method=method,
        checkpointing=checkpointing,
        **required,
        fits=figures["peak"] <= limit,
        largest_batch=figures.get("largest_batch"),
        largest_micro_batch=figures.get("largest_micro_batch"),
        longest_text=figures.get("longest_text"),
    )


def plain(fit: Fit, effective: int) -> dict[str, Any]:
    """As plain data, for JSON."""
    ways = [{**asdict(way), "suggestion": _plain_split(way.split(effective))} for way in fit.ways]
    return {**asdict(fit), "ways": ways}


def _plain_split(split: tuple[int, int] | None) -> dict[str, int] | None:
    return {"batch": split[0], "accumulation": split[1]} if split else None


def render(fit: Fit, effective: int, longest: int | None) -> str:
    """One model's ways to be trained, in a table.

    Args:
        fit: What fits of it.
        effective: The effective batch that a suggestion is for.
        longest: The longest text that the model was made for.
    """
    head = (
        "",
        say("way"),
        say("weights"),
        say("adapters"),
        say("optimiser"),
        say("passing"),
        say("peak"),
        say("batch"),
        say("text"),
        say("{} a step", effective),
    )
    rows = [_row(number, way, effective, longest) for number, way in enumerate(fit.ways, 1)]
    return "\n".join([*_head(fit), "", aligned([head, *rows]), "", *_legend(fit, effective)])


def _head(fit: Fit) -> Iterator[str]:
    parameters = max(way.parameters for way in fit.ways)
    yield say("{}: {} parameters", fit.model, f"{parameters:,}")
    yield from room_lines(fit)


def room_lines(fit: Fit) -> Iterator[str]:
    """What a process may take, and what the runtime takes of it, with who says so."""
    yield say("limit: {} GB, {}", gigabytes(fit.limit), reworded(fit.limit_source))
    yield say("runtime: {} GB of that, {}", gigabytes(fit.runtime), reworded(fit.runtime_source))


def _legend(fit: Fit, effective: int) -> Iterator[str]:
    yield say(
        "GB of 10^9 bytes. passing: activations, gradients and logits at the peak. batch: the most texts that fit;"
    )
    yield say("text: the most tokens of a single text; the last column: batch x accumulation for so many texts a step.")
    best = next((way for way in fit.ways if way.fits), None)
    split = best.split(effective) if best else None
    if best and split:
        yield say("suggestion: {}, batch {} x accumulation {}", best.title, split[0], split[1])
    elif not best:
        yield say("nothing of this fits: take a shorter text, fewer layers with adapters, or a smaller model")


def _row(number: int, way: Way, effective: int, longest: int | None) -> Sequence[str]:
    parts = (way.weights, way.adapters, way.optimiser, way.passing, way.peak)
    split = way.split(effective)
    return (
        f"{number}." if way.fits else "",
        way.title,
        *map(gigabytes, parts),
        str(way.largest_batch) if way.fits and way.largest_batch is not None else words.NONE,
        _text(way, longest) if way.fits else words.NONE,
        say("{} x {}", split[0], split[1]) if split else words.NONE,
    )


def _text(way: Way, longest: int | None) -> str:
    if way.longest_text is None:
        return words.NONE
    return say("{} (all)", longest) if longest and way.longest_text >= longest else str(way.longest_text)


def render_all(fits: Sequence[Fit]) -> str:
    """Many models: the peak of each way in GB, and in brackets the most texts that fit."""
    titles = [way.title for way in sorted(fits[0].ways, key=_place)]
    rows = []
    for fit in fits:
        by_title = {way.title: way for way in fit.ways}
        parameters = f"{max(way.parameters for way in fit.ways):,}"
        rows.append((fit.model, parameters, *(_cell(by_title[title]) for title in titles)))
    short = [title.replace(say("checkpointing"), "ckpt") for title in titles]
    lines = [*room_lines(fits[0]), "", aligned([(say("model"), say("parameters"), *short), *rows]), ""]
    return "\n".join([*lines, say("peak in GB of 10^9 bytes, and in brackets the largest batch; no: does not fit")])


def _cell(way: Way) -> str:
    return f"{gigabytes(way.peak)} ({way.largest_batch})" if way.fits else say("{} (no)", gigabytes(way.peak))


@dataclass(frozen=True, slots=True)
class Held:
    """A prediction held against measurements, in bytes.

    Attributes:
        name: The model.
        device: Where it was.
        recipe: How it was trained.
        batch: Texts in a batch.
        tokens: Of each text.
        predicted: The peak, as predicted.
        measured: The peak, as measured where freed memory is given back.
        kept: The peak as measured where the C library may keep what is freed; None where that is no question.
    """

    name: str
    device: str
    recipe: str
    batch: int
    tokens: int
    predicted: int
    measured: int
    kept: int | None

    @property
    def error(self) -> float:
        """How far the prediction is off, as a share of what was measured."""
        return self.predicted / self.measured - 1


def render_validation(held: Sequence[Held], limit: float) -> str:
    """Predictions beside measurements."""
    head = each("model", "device", "recipe", "batch", "predicted", "measured", "error", "kept by malloc")
    rows = [
        (
            *(one.name, one.device, one.recipe, f"{one.batch} x {one.tokens}"),
            *(gigabytes(one.predicted), gigabytes(one.measured), f"{100 * one.error:+.1f}%"),
            gigabytes(one.kept) if one.kept else words.NONE,
        )
        for one in held
    ]
    worst = max((abs(one.error) for one in held), default=math.nan)
    within = sum(abs(one.error) <= limit for one in held)
    return "\n".join(
        [
            aligned([head, *rows]),
            "",
            say(
                "{} of {} within {}%, the worst off by {}%",
                within,
                len(held),
                f"{100 * limit:.0f}",
                f"{100 * worst:.1f}",
            ),
            say(
                "GB of 10^9 bytes, of a fresh process each. measured: its peak where the C library "
                "gives freed memory back"
            ),
            say(
                "(MALLOC_MMAP_THRESHOLD_=65536); kept by malloc: by the C library's defaults, which keep what is freed."
            ),
        ]
    )


def gigabytes(size: int) -> str:
    """A size in GB, with as many digits as tell it from others."""
    return f"{size / GIGABYTE:.2f}"
