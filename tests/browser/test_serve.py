"""``verify serve`` in a real browser: from the form to the report, and nothing that a job says is obeyed."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.chromium import CHROMIUM
from tests.browser.test_accessibility import grave
from tests.serve.conftest import Server, Start
from tests.serve.conftest import server as server  # noqa: PLC0414 - a fixture
from tests.serve.conftest import start as start  # noqa: PLC0414 - a fixture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

PHONE, DESK = 390, 1440
PATIENCE_MILLISECONDS = 60_000
Scheme = Literal["light", "dark"]


class Visitor:
    """Somebody with a browser, and what that browser tried that it should not."""

    def __init__(
        self, browser: Browser, server: Server, width: int = DESK, language: str = "en", scheme: Scheme = "light"
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, color_scheme=scheme
        )
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.server = server
        self.wrong: list[str] = []

    def tab(self, path: str = "/") -> Page:
        """A tab that is open at a place, with the token."""
        page = self.context.new_page()
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog {dialog.message}"))
        page.on("pageerror", lambda error: self.wrong.append(f"error {error}"))
        page.on("console", lambda message: self.wrong.append(f"console {message.text}"))
        page.on("request", lambda request: self._look(request.url))
        page.goto(f"{self.server.address}/?token={self.server.token}")
        page.wait_for_url(f"{self.server.address}/")
        if path != "/":
            page.goto(self.server.address + path)
        return page

    def _look(self, url: str) -> None:
        if not url.startswith((self.server.address, "data:,")):
            self.wrong.append(f"request {url}")


def ended(page: Page) -> None:
    expect(page.locator("#word")).to_have_text(re.compile("^[✓✗!]"), timeout=PATIENCE_MILLISECONDS)


def test_from_the_form_over_the_job_to_its_report(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server)
    page = visitor.tab()
    assert "token" not in page.url
    page.locator("form[action='/jobs/certification'] [name=level]").select_option("quick")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(f"{server.address}/jobs/1")
    expect(page.locator("#word")).to_have_text("✗ ended with 1: the verdict is: refused · job 1")
    expect(page.locator("#checks tr")).to_have_count(4)
    expect(page.locator("#far")).to_have_text("4 of 4 checks")
    # What did not pass comes first.
    assert "failed" in page.locator("#checks tr").first.inner_text()
    page.get_by_role("link", name="Read its report").click()
    assert page.locator("h1").count() == 1
    assert "report" in page.locator("main").inner_text().lower()
    page.goto(server.address)
    page.get_by_role("link", name="report of job 1").click()
    assert page.url == f"{server.address}/jobs/1/report"
    assert visitor.wrong == []


def test_hostile_names_execute_nothing_and_are_shown_as_they_are(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server)
    server.send("/jobs/certification", level="quick")
    page = visitor.tab("/jobs/1")
    ended(page)
    payload = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    assert payload in page.locator("#checks").inner_text()
    assert payload in page.locator("#unread").inner_text()
    assert payload in page.locator("#log").inner_text()
    assert page.locator("main img, main script").count() == 0
    page.goto(f"{server.address}/jobs/1/%3Cscript%3Ealert(3)%3C%2Fscript%3E")
    page.goto(f"{server.address}/?%3Cscript%3Ealert(4)%3C%2Fscript%3E")
    assert [each for each in visitor.wrong if "404" not in each] == []


def test_a_fine_tune_shows_its_loss_as_it_falls(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server)
    page = visitor.tab()
    page.get_by_label("data set").fill("train.jsonl")
    page.get_by_label("rank").fill("4")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(f"{server.address}/jobs/1")
    expect(page.locator("#far")).to_have_text(re.compile(r"^[1-4] of 5 iterations, on cpu \(AVX2\)$"))
    ended(page)
    expect(page.locator("#loss svg")).to_have_attribute(
        "aria-label", "Loss: training 0.8 after iteration 5, held out 0.5 after iteration 5"
    )
    assert "--rank=4" in page.locator("code").first.inner_text()
    assert visitor.wrong == []


def test_a_fine_tune_that_goes_on_is_shown_from_its_beginning_and_nothing_twice(
    browser: Browser, server: Server
) -> None:
    visitor = Visitor(browser, server)
    server.send("/jobs/finetune", data="train.jsonl", model="smollm2-135m")
    server.told(1, '"ended"')
    assert server.send("/jobs/1/resume").headers["location"] == "/jobs/2"
    page = visitor.tab("/jobs/2")
    ended(page)
    expect(page.locator("#far")).to_have_text("5 of 5 iterations, on cpu (AVX2)")
    lines = page.locator("#log").inner_text().splitlines()
    told = [line.split("  ")[0] for line in lines if line.startswith(("iteration", "going on"))]
    trained = [f"iteration {number}" for number in range(1, 6)]
    assert told == ["iteration 0", *trained[:2], "going on after iteration 2", *trained[2:], *["iteration 5"] * 2]
    assert visitor.wrong == []


def test_two_tabs_see_the_same_and_a_reload_shows_the_job_as_it_stands(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server)
    server.send("/jobs/certification", level="full")
    one, other = visitor.tab("/jobs/1"), visitor.tab("/jobs/1")
    for page in (one, other):
        expect(page.locator("#running code")).to_have_text("devices.cpu_computes[cpu]")
        expect(page.locator("#far")).to_have_text("0 of 3 checks")
    before = one.locator("main").inner_text()
    one.reload()
    expect(one.locator("#running code")).to_have_text("devices.cpu_computes[cpu]")
    assert one.locator("main").inner_text() == before == other.locator("main").inner_text()
    other.get_by_role("button", name="Cancel").click()
    for page in (one, other):
        expect(page.locator("#word")).to_have_text("! ended with 130: it was interrupted · job 1")
    assert visitor.wrong == []


def test_a_stubborn_job_is_ended_by_the_second_press(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server)
    server.send("/jobs/certification", level="certify")
    page = visitor.tab("/jobs/1")
    expect(page.locator("#log")).to_contain_text("stubborn")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="End it at once").click()
    expect(page.locator("#word")).to_have_text("! ended with -9: it was cancelled · job 1")
    page.goto(server.address)
    expect(page.get_by_role("button", name="Start the run")).to_be_enabled()
    assert visitor.wrong == []


def test_while_a_job_runs_no_other_can_be_started(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server)
    page = visitor.tab()
    server.send("/jobs/certification", level="full")
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("main")).to_contain_text("job 1 is running")
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("button", name="Start the run")).to_be_disabled()


def test_a_wrong_token_opens_nothing(browser: Browser, server: Server) -> None:
    page = browser.new_context().new_page()
    answer = page.goto(f"{server.address}/?token=wrong")
    assert answer
    assert answer.status == 403
    answer = page.goto(server.address)
    assert answer
    assert answer.status == 401
    assert "token" in page.locator("main").inner_text()


def test_a_page_of_somebody_else_can_start_nothing(browser: Browser, server: Server, start: Start) -> None:
    visitor = Visitor(browser, server)
    visitor.tab()
    # Another port is another origin, but the same site: its cookies are sent.
    stranger = visitor.context.new_page()
    stranger.route(
        "**/evil",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<form method=post action='{server.address}/jobs/certification'><input name=level></form>",
        ),
    )
    stranger.goto("http://127.0.0.1:1/evil")
    stranger.evaluate("document.forms[0].submit()")
    stranger.wait_for_url(f"{server.address}/jobs/certification")
    expect(stranger.locator("main")).to_contain_text("that came from another page")
    assert server.ask("/jobs/1").status == 404


def test_the_reader_is_spoken_to_in_the_language_of_the_browser_or_the_one_that_was_chosen(
    browser: Browser, server: Server
) -> None:
    visitor = Visitor(browser, server, language="zh-CN")
    page = visitor.tab()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto(f"{server.address}/reports")
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing_grave(
    browser: Browser, server: Server, width: int, scheme: Scheme
) -> None:
    visitor = Visitor(browser, server, width, scheme=scheme)
    server.send("/jobs/finetune", data="train.jsonl", model="smollm2-135m")
    page = visitor.tab("/jobs/1")
    ended(page)
    for path in ("/", "/reports", "/compare?before=0123456789ab&after=0123456789ab", "/jobs/1"):
        page.goto(server.address + path)
        if path == "/jobs/1":
            ended(page)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert grave(page) == [], path


def test_the_form_is_used_by_keyboard(browser: Browser, server: Server) -> None:
    page = Visitor(browser, server).tab()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.locator("form[action='/jobs/certification'] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.address}/jobs/1")
