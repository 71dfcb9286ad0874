"""Nothing that a report holds becomes markup, moves a cursor, or hides."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import examples
from verify.render import junit, markdown, markup, text, words
from verify.report.versions import AnyReport

HOSTILE = (
    "<script>alert(1)</script>",
    "a | b | c",
    "line\n## PASSED\n| x |",
    "\x1b[2J\x1b[31mred",
    "\u202egnp.exe",
    "![beacon](https://example.org/x.png)",
    "[click](javascript:alert(1))",
    "`code` ``` fence",
    "]]> &amp; &lt; \x00 \x08",
    "\u2028\u2029\u200b",
    "x" * 100_000,
    "*bold* _under_ ~~gone~~ $math$",
    "\\| back",
)


def filled(payload: str) -> AnyReport:
    """A report that holds the payload wherever text may stand."""
    issue = examples.KNOWN_ISSUE | {"reason": payload}
    conditions = {payload: payload}
    figure = examples.measured(payload, [1, 2, 3], payload, conditions=conditions, inconclusive=payload)
    share = {"percent": 1, "peak": 200, "source": payload}
    sum_ = examples.derived("sum", "n + 1", 2, payload, {"n": 1})
    bad = examples.not_passed("failed", payload, known_issue=issue) | {"advice": payload}
    facts = examples.facts(
        system_version=payload,
        libc=payload,
        devices=[examples.device(name, title=payload, problem=payload) for name in ("cpu", "mps", "mlx")],
    )
    return examples.report(
        results=[
            examples.result("a.b", **bad, title=payload, log=payload, notes=conditions),
            examples.result("a.c", kind="benchmark", measurements=[figure, figure | {"percent_of_peak": share}]),
            examples.result("a.d", measurements=[sum_]),
        ],
        facts=facts,
        frameworks=[{"name": payload, "version": payload}],
        known_issues=[issue],
        conditions={"inconclusive": payload, "other": conditions},
    )


def control_characters(shown: str) -> set[str]:
    """What a terminal would obey, and what nobody would see."""
    return set(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", shown))


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(payload: str) -> None:
    report = filled(payload)
    for render in (text.render, markdown.render, junit.render):
        shown = render(report)
        assert control_characters(shown) == set()
        assert "x" * 1000 not in shown


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_does_not_change_the_shape_of_markdown(payload: str) -> None:
    plain, hostile = (_shape(markdown.render(filled(word))) for word in ("harmless", payload))
    assert plain == hostile


def _shape(shown: str) -> list[str]:
    """Headings, tables with their number of cells, and fences; not what stands in them."""
    shape: list[str] = []
    fence = ""
    for line in shown.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
            shape.append("fence")
        elif line.startswith("#"):
            shape.append(line)
        elif line.startswith("|"):
            shape.append(str(len(re.findall(r"(?<!\\)\|", line))))
    assert not fence
    return shape


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_a_markdown_reader_sees_no_markup_in_it(payload: str) -> None:
    reader = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"linkify": False})
    html = reader.render(markdown.render(filled(payload)))
    for tag in ("<script", "<img", "<em>", "<s>", "<a "):
        assert tag not in html
    assert html.count("<h2>") == reader.render(markdown.render(filled("harmless"))).count("<h2>")


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_junit_is_well_formed_whatever_it_holds(payload: str) -> None:
    root = ET.fromstring(junit.render(filled(payload)))  # noqa: S314 - our own text
    assert len(root.findall("testsuite/testcase")) == int(root.get("tests", "0")) == 6


@given(st.text())
def test_what_is_visible_is_one_line(payload: str) -> None:
    line = words.visible(payload)
    assert "\n" not in line
    assert control_characters(line) == set()
    assert len(words.visible("é" * 10_000)) < 700


def test_colours_are_used_when_asked_only() -> None:
    report: Any = examples.report()
    assert "\x1b[33mCONDITIONAL\x1b[0m" in text.render(report, colour=True)
    assert "\x1b" not in text.render(report)


def test_escapes_do_not_disturb_ordinary_names() -> None:
    for name in ("quantize_per_tensor", "llama-cpp", "torch 2.10.0+cpu", "aten::mm", "3.5 GB/s (100%)"):
        assert markup.escaped(name) == name
