"""What people see in Chinese: no English is left in reports and pages, but for what the examples themselves hold."""

import json

import pytest

from tests import gates
from tests.fleet.test_page import fleet
from tests.language.english import runs, runs_of_page
from tests.render.html.test_dashboard import data_of, history
from tests.render.test_changes import STEP, told
from tests.render.test_fit import fit, way
from tests.render.test_gate import refused
from tests.render.test_golden import REPORTS
from tests.render.test_repeats import FLAKY
from verify.language.speech import speaking
from verify.render import changes, gate, junit, markdown, repeats, text
from verify.render import fit as fit_text
from verify.render import fleet as fleet_page
from verify.render.html import dashboard, page
from verify.report.course import Course

# Titles, reasons, advice, recipes and sources that the examples make up, or that quote others.
OF_THE_EXAMPLES = {
    *("adapter learns from the data", "billion parameters", "model of", "has its adapters", "has its parameters"),
    *("it crashed", "it errored", "it failed", "it skipped", "keeps the outputs", "the lock", "the class"),
    *("the pins with the last certified lock", "taking it alone brings the finding about again"),
    *("bandwidth as", "states it", "others worked", "of memory"),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_chinese_in_every_format_for_people(name: str) -> None:
    report = REPORTS[name]()
    with speaking("zh"):
        shown = runs(text.render(report)) | runs(markdown.render(report)) | runs_of_page(page.render(report))
    assert shown <= OF_THE_EXAMPLES


@pytest.mark.parametrize("name", REPORTS)
def test_a_format_for_machines_is_the_same_in_every_language(name: str) -> None:
    english = junit.render(REPORTS[name]())
    with speaking("zh"):
        assert junit.render(REPORTS[name]()) == english


def test_a_page_says_which_language_it_is_in() -> None:
    report = REPORTS["certified"]()
    assert '<html lang="en">' in page.render(report)
    with speaking("zh"):
        assert '<html lang="zh-Hans">' in page.render(report)
        assert '<html lang="zh-Hans">' in dashboard.render(history())


def test_a_history_is_chinese_and_its_script_is_given_the_words() -> None:
    assert data_of(dashboard.render(history()))["words"] == {}
    with speaking("zh"):
        shown = dashboard.render(history())
    assert runs_of_page(shown) == set()
    words = data_of(shown)["words"]
    assert words["From number {} on: {} to {}{}: {}."] == "从第 {} 号起：{} 变为 {}{}：{}。"
    assert runs(json.dumps(list(words.values()), ensure_ascii=False)) == set()


def test_gates_fleets_and_the_rest_are_chinese() -> None:
    stepped = told(Course("steps", 10, (STEP,)))
    with speaking("zh"):
        pages = [
            *(made(report) for made in (gate.render, gate.brief) for report in (gates.gate(), refused())),
            fleet_page.text(fleet()),
            fleet_page.markdown(fleet()),
            repeats.render([FLAKY]),
            changes.render([stepped], fewest=4, level=0.05),
            fit_text.render(fit(way(), way("full")), 16, None),
        ]
    for shown in pages:
        assert runs(shown) <= OF_THE_EXAMPLES
