"""The pages in a real browser: what is shown, what can be done, and that nothing else happens."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.chromium import CHROMIUM
from tests import examples
from tests.render.html.test_dashboard import SERIES, TOLD, history, listed, taken
from tests.render.test_hostile import HOSTILE, filled
from verify.language.speech import LANGUAGES, Language, speaking
from verify.render.changes import Told
from verify.render.html import dashboard, page
from verify.report.course import Course

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

PHONE, DESK = 390, 1440
Scheme = Literal["light", "dark"]


class Visit:
    """A page that is open, and what it tried beside being shown."""

    def __init__(self, browser: Browser, file: Path, width: int = DESK, scheme: Scheme = "light") -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=False)
        self.page = context.new_page()
        self.tried: list[str] = []
        self.page.on("request", lambda request: self.tried.append(request.url))
        self.page.on("dialog", lambda dialog: self.tried.append(f"dialog {dialog.message}"))
        self.page.on("pageerror", lambda error: self.tried.append(f"error {error}"))
        self.page.on("console", lambda message: self.tried.append(f"console {message.text}"))
        self.page.goto(file.as_uri())
        self.tried.remove(file.as_uri())


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_does_nothing_in_a_browser(browser: Browser, tmp_path: Path, payload: str) -> None:
    hostile = replace(SERIES, environment=payload, check=payload, name=payload, conditions=payload, unit=payload)
    course = replace(TOLD, series=hostile)
    pages = {
        "report.html": page.render(filled(payload)),
        "history.html": dashboard.render(history(reports=[listed(1, environment=payload)], told=[course])),
    }
    for name, text in pages.items():
        file = tmp_path / name
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        assert Visit(browser, file).tried == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, tmp_path: Path, language: Language, width: int, scheme: Scheme
) -> None:
    with speaking(language):
        pages = page.render(examples.report()), dashboard.render(history())
    for text in pages:
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        opened = Visit(browser, file, width, scheme).page
        opened.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width


def opened_history(browser: Browser, folder: Path) -> Page:
    """A history of seventy reports on a machine, the last of which are slower."""
    reports = [
        listed(1, id=f"{number:012x}", sequence=number, created=f"2026-02-{number % 28 + 1:02d}T16:30:05Z")
        for number in range(1, 71)
    ]
    reports[3] = listed(1, "refused", id="4" * 12, sequence=4)
    loading = replace(SERIES, check="loading.warm[cpu]", name="seconds", conditions="{}", unit="s", direction="lower")
    steady = Told(loading, Course("steady", 10, ()), ())
    file = folder / "history.html"
    whole = history(reports=reports, told=[steady, TOLD], taken=[taken(1, 100), taken(2, 80)])
    file.write_text(dashboard.render(whole), encoding="utf-8")
    return Visit(browser, file).page


def test_reports_are_filtered_sorted_and_turned_page_by_page(browser: Browser, tmp_path: Path) -> None:
    opened = opened_history(browser, tmp_path)
    rows = opened.locator("#report-table tbody tr")
    assert rows.count() == 50
    opened.get_by_role("button", name="later page").click()
    assert rows.count() == 20
    opened.locator("#report-tools [name=verdict]").select_option("refused")
    assert rows.all_inner_texts() == [
        "444444444444\tcpu\taaaaaaaaaaaa\t4\t2026-02-01T16:30:05Z\tcertify\trefused\t9\t10\t111111111111"
    ]
    opened.locator("#report-tools [name=verdict]").select_option("")
    head = opened.locator("#report-table th", has_text="number")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    numbers = [int(text) for text in opened.locator("#report-table tbody td:nth-child(4)").all_inner_texts()]
    assert numbers == sorted(numbers)
    head.get_by_role("button").click()
    assert int(opened.locator("#report-table tbody td:nth-child(4)").first.inner_text()) == 70


def test_courses_are_found_by_words_and_by_their_steps(browser: Browser, tmp_path: Path) -> None:
    opened = opened_history(browser, tmp_path)
    cards = opened.locator("#course-cards .card")
    assert cards.count() == 2
    assert "From number 6 on: 100 to 80, 0.8 times as much: worse." in cards.first.inner_text()
    opened.get_by_label("only with steps").check()
    assert cards.count() == 1
    opened.get_by_label("only with steps").uncheck()
    opened.locator("#course-tools [name=text]").fill("warm loading")
    assert cards.count() == 1
    assert "loading.warm[cpu] seconds" in cards.first.inner_text()


def test_two_reports_are_compared(browser: Browser, tmp_path: Path) -> None:
    opened = opened_history(browser, tmp_path)
    opened.locator("#compare-tools [name=before]").select_option(f"{1:012x}")
    opened.locator("#compare-tools [name=after]").select_option(f"{2:012x}")
    (row,) = opened.locator("#compare-table tbody tr").all_inner_texts()
    assert row == "matmul.rate[cpu]\tgflops\tn 1024\t100\t80\tGFLOPS\t0.8\tworse"
    opened.locator("#compare-tools [name=before]").select_option(f"{2:012x}")
    assert opened.locator("#compare-table tbody tr").count() == 0


def test_the_page_is_used_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page.render(examples.report()), encoding="utf-8")
    opened = Visit(browser, file).page
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "To the report"
    summary = opened.locator("summary").first
    summary.focus()
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.querySelector('details').open")
