"""The templates, and what a page may load: its own style, its own script where it has one, and nothing else."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from verify.language.speech import TAGS, say, spoken
from verify.render import summary, words
from verify.render.html import drawing
from verify.render.html.chart import Bars
from verify.render.kept import word, words_of
from verify.report import v3

FOLDER = Path(__file__).resolve().parent / "templates"
# A script says its texts by a function of this name, too.
SAID = re.compile(r'\bsay\("((?:[^"\\]|\\.)*)"')
# How scripts make what they show.
ELEMENTS = "elements.js"
MOST_SAMPLES = 200
LOG_LINES = 30


def filled(template: str, *, script: str | None = None, **values: Any) -> str:
    """A page from its template, in the language that is spoken.

    Args:
        template: Its file.
        script: The file of its script, if it has one.
        values: What the template names.
    """
    style, program = text_of("style.css"), text_of(ELEMENTS) + text_of(script) if script else ""
    allowed = f"; script-src '{_digest(program)}'" if script else ""
    policy = f"default-src 'none'; style-src '{_digest(style)}'{allowed}; base-uri 'none'; form-action 'none'"
    # Files of ours, which hold no text of a report.
    own = {"style": Markup(style), "script": Markup(program)}  # noqa: S704
    return _environment().get_template(template).render(policy=policy, tag=TAGS[spoken()], **own, **values)


def words_of_script(program: str) -> dict[str, str]:
    """What a script says, in the language that is spoken, by its English; in English it needs no words."""
    return {} if spoken() == "en" else {text: say(text) for text in SAID.findall(program)}


def text_of(name: str) -> str:
    """A file of the templates' folder."""
    return (FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals |= {"words": words, "summary": summary, "drawing": drawing, "dash": words.NONE, "id": id, "say": say}
    made.globals |= {"samples_of": _samples_of, "lines_of": _lines_of, "word": word, "words_of": words_of}
    made.tests["bars"] = lambda chart: isinstance(chart, Bars)
    return made


def _visible(value: object) -> object:
    """Nothing from a report moves a cursor, turns the direction, or hides; escaping comes after."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else words.visible(value)


def _samples_of(figure: v3.Measurement) -> str:
    """All samples, in order, with three digits or as whole numbers; of very many the first."""
    shown = " ".join(map(_brief, figure.samples[:MOST_SAMPLES]))
    left = len(figure.samples) - MOST_SAMPLES
    return shown + (" " + say("… and {} more, in the JSON", f"{left:,}") if left > 0 else "")


def _brief(sample: float) -> str:
    # Three digits of more would be written with an exponent, which is longer than all digits.
    return f"{sample:.0f}" if 1e3 <= abs(sample) < 1e6 else f"{sample:.3g}"  # noqa: PLR2004 - where exponents begin


def _lines_of(log: str) -> list[str]:
    return words.visible_lines(log, LOG_LINES).split("\n")
