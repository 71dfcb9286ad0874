"""Nothing that people are told is missing from the catalogue, and nothing in it is told by nobody."""

import argparse
import inspect
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.language.extraction import PACKAGE, labels, messages
from tests.language.silent import SILENT
from verify.language import catalogue
from verify.language.catalogue import FOLDER
from verify.language.reader import HOLE

# What the standard library says for us.
ARGPARSE = "argparse.json"
# What reports of our history hold, in words that the source has no more.
OLDER = "older.json"
HOLES = re.compile(r"\{(\d*)\}")
WORDS = re.compile(r"[A-Za-z]{2,}")
# Of the program, of a unit, and of a language, which is called by its own name.
NAMES = {"verify", "nat", "English"}


def entries(name: str) -> list[tuple[str, str]]:
    """The entries of a file, twice where it has them twice."""
    found: list[tuple[str, str]] = json.loads((FOLDER / "zh" / name).read_text("utf-8"), object_pairs_hook=list)
    return found


FILES = sorted(path.name for path in (FOLDER / "zh").glob("*.json"))
ENTRIES = [(name, english, spoken) for name in FILES for english, spoken in entries(name)]
MESSAGES = {english for name, english, _ in ENTRIES if name not in (catalogue.LABELS, ARGPARSE, OLDER)}


def test_every_label_has_its_words() -> None:
    assert sorted(labels() - catalogue.labels("zh").keys()) == []


def test_no_label_is_said_by_nobody() -> None:
    assert sorted(catalogue.labels("zh").keys() - labels()) == []


def test_every_message_has_its_words() -> None:
    silent = {text for texts in SILENT.values() for text in texts}
    missing = {text: place for text, place in messages().items() if text not in MESSAGES | silent}
    assert missing == {}


def test_no_message_is_told_by_nobody() -> None:
    assert sorted(MESSAGES - messages().keys()) == []


def test_what_nobody_is_told_is_still_there() -> None:
    there = messages()
    assert [text for texts in SILENT.values() for text in texts if text not in there] == []


def test_argparse_says_what_we_say_for_it() -> None:
    # In one template or in two, the second in the first.
    said = re.sub(r"%\(\w+\)[a-z]|%[sr]", HOLE, inspect.getsource(argparse))
    since = {"invalid choice: {}, maybe you meant {}? (choose from {})"}  # Python 3.14 and newer
    assert [
        english
        for english, _ in entries(ARGPARSE)
        if english not in said
        and english
        not in since
        | {
            # Put together from "argument {}: {}" and what is wrong with it.
            "argument {}: expected one argument",
            "argument {}: expected at least one argument",
        }
    ] == []


def test_what_the_source_says_no_more_stands_in_a_stored_report() -> None:
    history = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE.parent / "reports").rglob("*.json"))
    assert [english for english, _ in entries(OLDER) if english not in history or english in messages()] == []


def test_no_english_has_two_entries() -> None:
    counted = Counter(english for _, english, _ in ENTRIES if english not in catalogue.labels("zh"))
    assert [english for english, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("name", FILES)
def test_both_sides_have_the_same_holes(name: str) -> None:
    for english, spoken in entries(name):
        wanted, found = (HOLES.findall(side.replace("{{", "").replace("}}", "")) for side in (english, spoken))
        in_order = found == wanted
        by_number = sorted(found) == [str(number) for number in range(len(wanted))]
        assert in_order or by_number, english


@pytest.mark.parametrize("name", FILES)
def test_chinese_is_set_as_chinese_is(name: str) -> None:
    """Full-width marks after a character, and a space between it and Latin."""
    for english, spoken in entries(name):
        bare = HOLES.sub("", spoken)
        assert not re.search(r"[\u4e00-\u9fff][,;:!?()]", bare), english
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9`]|[A-Za-z0-9`][\u4e00-\u9fff]", bare), english


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.html")), ids=lambda path: path.name)
def test_a_template_says_all_of_its_text(path: Path) -> None:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    text = " ".join(str(one.data) for one in tree.find_all(nodes.TemplateData))
    shown = re.sub(
        r"<code>.*?</code>|<style.*?</style>|<[^<>]*>|[\w.-]+=\"[^\"]*\"?|[<>\"]", " ", text, flags=re.DOTALL
    )
    assert set(WORDS.findall(shown)) <= NAMES
