"""The server's own pages, from templates: they load its style and its script, and nothing else."""

import html
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from verify.language.speech import TAGS, later, say, spoken
from verify.render import words
from verify.render.html.island import island
from verify.render.html.templates import ELEMENTS, words_of_script
from verify.render.html.templates import FOLDER as RENDERED

FOLDER = Path(__file__).resolve().parent / "templates"
_META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
KINDS = {"certification": later("certification"), "fine-tune": later("fine-tune")}


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """An answer from a template, in the language that is spoken."""
    return HTMLResponse(_environment().get_template(template).render(tag=TAGS[spoken()], **values), status)


def refused(status: int, message: str, hint: str) -> HTMLResponse:
    """Two lines: what is the matter, what to do."""
    return page("refused.html", status, message=message, hint=hint)


def rendered(text: str) -> HTMLResponse:
    """The page of a report or of the history, which says itself what it may load."""
    found = _META.search(text)
    own = html.unescape(found.group(1)) if found else "default-src 'none'"
    return HTMLResponse(text, headers={"content-security-policy": f"{own}; frame-ancestors 'none'"})


@cache
def style() -> str:
    """The style of reports, and what these pages have beside."""
    return "".join(
        (folder / name).read_text("utf-8") for folder, name in ((RENDERED, "style.css"), (FOLDER, "serve.css"))
    )


@cache
def script() -> str:
    """What shows a job while it runs."""
    return "".join((folder / name).read_text("utf-8") for folder, name in ((RENDERED, ELEMENTS), (FOLDER, "serve.js")))


def script_words() -> Markup:
    """What the script says, in the language that is spoken, by its English; in English it needs no words."""
    return island(words_of_script(script()))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(FOLDER), FileSystemLoader(RENDERED)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals |= {"words": words, "dash": words.NONE, "say": say, "kinds": KINDS}
    return made


def _visible(value: object) -> object:
    """Nothing moves a cursor, turns the direction, or hides; escaping comes after."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else words.visible(value)
