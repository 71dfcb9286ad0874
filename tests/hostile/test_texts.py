"""Texts that are allowed and hostile (fault 11): what a report or a page says is shown, and never obeyed."""

import io
import json
import sys
from xml.etree import ElementTree as ET

import pytest

from tests import gates as made_gates
from tests.hostile.conftest import Project
from tests.hostile.ended import Ended, ended, is_plain, obeyed
from tests.hostile.entries import FORMATS
from tests.hostile.test_stored import READERS
from tests.render.test_hostile import filled
from tests.written import SOUND
from verify.cli import main
from verify.errors import Exit
from verify.render import gate as gate_page
from verify.render import markdown
from verify.report import gates
from verify.report.history import append

# A terminal's escapes in seven bits and in eight, its title; characters that XML 1.0 has no room for; what turns the
# text around, hides in it or ends its line; and what no terminal draws.
HOSTILE = "\x1b[2J\x1b]0;t\x07\x9b31m\x00\x08\x0b\x7f\u202e\u2066\u200b\u2028\u2029\ufeff\ud7ff\ue000 ]]> <x> | ` é 中"
SECOND = "1" * 12
WRITTEN = SOUND.replace("Apple M2 Max", f"Apple{HOSTILE}".replace("\x00", "")).replace(
    "## Loading", "## Loading\n\n✅ bf16 \x1b[31m\u202eworks\x9b\n\nAll tests passed: 9 of 8 \x1b[0m\u2066\n"
)


FINE = (Exit.HOLDS, Exit.REFUSED, Exit.INTEGRITY)


@pytest.fixture
def hostile(project: Project) -> Project:
    """A project with a report that says such things wherever a report may."""
    report = filled(HOSTILE).model_copy(update={"id": SECOND, "created": "2026-02-15T16:35:05Z"})
    append(project.root, report, render=markdown.render, audit=lambda _: [])
    return project


@pytest.mark.parametrize("reader", READERS)
def test_no_verb_lets_a_report_write_to_the_terminal(reader: str, hostile: Project) -> None:
    words = [{"3": "4"}.get(word, word) for word in READERS[reader]]
    end = ended("--root", str(hostile.root), *words)
    # A report in its stored form is the very bytes that were kept, for another program; see below for a terminal.
    is_plain(end, exact=reader == "report convert")
    # Of another machine there is no status, and what its interpreter should run says nothing.
    assert reader.startswith(("run", "status", "prolog")) or (end.code in FINE and not end.said), end


@pytest.mark.parametrize("form", ["text", "markdown", "junit"])
@pytest.mark.parametrize("verb", ["report", "history"])
def test_a_report_that_is_shown_is_plain(verb: str, form: str, hostile: Project) -> None:
    name = SECOND if verb == "history" else str(next(hostile.reports[0].parent.glob(f"*{SECOND}.json")))
    end = ended("--root", str(hostile.root), verb, "show", name, "--format", form)
    is_plain(end)
    assert end.code == Exit.HOLDS
    if form == "junit":
        assert len(ET.fromstring(end.told)) > 1  # noqa: S314 - our own text


def test_two_reports_side_by_side_are_plain(hostile: Project) -> None:
    for more in ((), ("--json",), ("--all",)):
        end = ended("--root", str(hostile.root), "history", "diff", "3", "4", "--environment", "m2", *more)
        is_plain(end)
        assert end.code == Exit.HOLDS, end


@pytest.mark.parametrize("form", FORMATS)
def test_what_people_wrote_is_plain_in_an_audit(form: str, hostile: Project) -> None:
    path = hostile.root / "written.md"
    path.write_text(WRITTEN, encoding="utf-8")
    end = ended("--root", str(hostile.root), "audit", str(path), "--format", form)
    is_plain(end)
    assert end.code in (Exit.HOLDS, Exit.REFUSED)
    _is_well_formed(end, form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_gate_is_plain_in_an_audit(form: str, hostile: Project) -> None:
    gate = made_gates.gate(checks=[made_gates.check(reason=HOSTILE)])
    path = gates.keep(hostile.root, gate.model_copy(update={"id": SECOND}), gate_page.render)
    end = ended("--root", str(hostile.root), "audit", str(path), "--format", form)
    is_plain(end)
    _is_well_formed(end, form)


def _is_well_formed(end: Ended, form: str) -> None:
    match form:
        case "json" | "sarif":
            json.loads(end.told)
        case "junit":
            ET.fromstring(end.told)  # noqa: S314 - our own text


class Terminal(io.TextIOWrapper):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("verb", ["show", "convert"])
def test_a_terminal_is_shown_another_spelling_of_the_same_report(
    verb: str, hostile: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(hostile.reports[0].parent.glob(f"*{SECOND}.json"))
    words = ("report", verb, str(path), *(("--json",) if verb == "show" else ()))
    assert ended("--root", str(hostile.root), *words).out == path.read_bytes()
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(buffer, encoding="utf-8", write_through=True))
    assert main.main(["--root", str(hostile.root), *words]) == Exit.HOLDS
    shown = buffer.getvalue().decode()
    assert obeyed(shown) == set()
    assert json.loads(shown) == json.loads(path.read_bytes())


def test_streams_that_know_no_unicode_get_marks_instead(hostile: Project) -> None:
    path = hostile.root / "written.md"
    path.write_text(WRITTEN, encoding="utf-8")
    for words in (*READERS.values(), *(("audit", str(path), "--format", form) for form in FORMATS)):
        end = ended("--root", str(hostile.root), *words, encoding="ascii")
        assert max(end.out + end.err, default=0) < 128
