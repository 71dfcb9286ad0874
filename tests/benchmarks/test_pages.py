"""What is timed of the pages does what it is named after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.chromium import CHROMIUM, launched
from benchmarks.pages import FIRST_PAINT, Times, acting
from tests.render.html.test_dashboard import history, listed
from verify.render.html import dashboard


def test_times_are_told_by_their_median_and_ends() -> None:
    assert Times((3.0, 1200.4, 80.0)).told() == "80 ms [3, 1,200]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with launched() as started:
        yield started


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Page:
    reports = [listed(number, "refused" if number % 2 else "certified") for number in (2, 1, 3)]
    file = tmp_path / "history.html"
    file.write_text(dashboard.render(history(reports=reports)), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    return page


def test_the_first_paint_is_after_the_page_was_asked_for(opened: Page) -> None:
    assert 0 < opened.evaluate(FIRST_PAINT) < opened.evaluate("performance.now()")


def test_sorting_sorts_and_filtering_filters(opened: Page) -> None:
    rows = opened.locator("#report-table tbody tr td:first-child")
    before = rows.all_inner_texts()
    assert opened.evaluate(acting("sort")) > 0
    assert rows.all_inner_texts() == sorted(before)
    opened.evaluate(acting("sort"))
    assert rows.all_inner_texts() == sorted(before, reverse=True)
    opened.evaluate(acting("filter"))
    assert rows.all_inner_texts() == [f"{2:012x}"]
    opened.evaluate(acting("filter"))
    assert rows.count() == 3
