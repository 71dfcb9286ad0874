"""The page: what the templates need, and nothing of how it looks."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from verify.render import summary, words
from verify.render.html import drawing
from verify.render.html.chart import Bars
from verify.render.html.pictures import pictures
from verify.render.html.sheet import sheets
from verify.report import v3
from verify.report.roofline import positions
from verify.report.upgrade import newest
from verify.report.versions import AnyReport

TEMPLATES = Path(__file__).resolve().parent / "templates"
LOG_LINES = 30
# The first screen is for what has to be done.
FIRST_FINDINGS = 5
MOST_SAMPLES = 200
KINDS = (("functional", "Functional checks"), ("lora", "LoRA checks"), ("benchmark", "Benchmark checks"))


def render(report: AnyReport) -> str:
    """The report as one HTML file."""
    newer, style = newest(report), (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return (
        _templates()
        .get_template("report.html")
        .render(
            report=newer,
            style=Markup(style),  # noqa: S704 - a file of ours
            policy=f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'",
            pictures=pictures(newer),
            bounds={id(position.figure): position for position in positions(newer)},
            benchmarks=list(sheets(newer, benchmarks=True)),
            others=list(sheets(newer, benchmarks=False)),
            kinds=KINDS,
            places={result.id: f"c{number}" for number, result in enumerate(newer.results)},
        )
    )


def samples_of(figure: v3.Measurement) -> str:
    """All samples, in order, with three digits; of very many the first."""
    shown = " ".join(f"{sample:.3g}" for sample in figure.samples[:MOST_SAMPLES])
    left = len(figure.samples) - MOST_SAMPLES
    return shown + (f" … and {left:,} more, in the JSON" if left > 0 else "")


def lines_of(log: str) -> list[str]:
    """The last lines of a log."""
    return words.visible_lines(log, LOG_LINES).split("\n")


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals |= {"words": words, "summary": summary, "drawing": drawing, "first_findings": FIRST_FINDINGS}
    made.globals |= {"samples_of": samples_of, "lines_of": lines_of, "dash": words.NONE, "id": id}
    made.tests["bars"] = lambda chart: isinstance(chart, Bars)
    return made


def _visible(value: object) -> object:
    """Nothing from a report moves a cursor, turns the direction, or hides; escaping comes after."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else words.visible(value)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
