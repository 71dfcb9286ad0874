"""The pages as axe-core sees them: nothing that is serious or critical, in any of their looks."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.chromium import CHROMIUM
from tests import examples, finetuned
from tests.render.html.test_dashboard import TOLD, history, listed
from verify.language.speech import LANGUAGES, Language, speaking
from verify.render.html import dashboard, page
from verify.report.v2 import Finding

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
PHONE, DESK = 390, 1440
Scheme = Literal["light", "dark"]
# As it stands in an attribute.
QUOTE = "&#39;"
LOST = Finding(rule="chain.gap", subject="cpu", message="number 2 is missing", severity="error", grade="certain")


def pages() -> dict[str, str]:
    """The text of each kind of page, in the language that is spoken."""
    failed = examples.result("matmul.agrees", "cpu", **examples.not_passed("failed", "gap is 3, must be 2"))
    refused = examples.report(results=[*examples.results(), failed])
    return {
        "certificate": page.render(examples.report()),
        "refused": page.render(refused),
        "quick": page.render(examples.report("v1")),
        "finetune": page.render(finetuned.report()),
        "dashboard": dashboard.render(history(told=[TOLD] * 3, reports=[*map(listed, range(1, 9))])),
        "broken": dashboard.render(history(broken=[LOST])),
    }


def opened(browser: Browser, text: str, folder: Path, width: int = DESK, scheme: Scheme = "light") -> Page:
    """A page with all that it hides unfolded."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    found = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    found.goto(file.as_uri())
    found.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    return found


def grave(opened: Page) -> list[str]:
    """The rules that a page breaks gravely, each with the first place where it does."""
    opened.evaluate(AXE)
    found = opened.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_page_keeps_anybody_out(
    browser: Browser, tmp_path: Path, width: int, scheme: Scheme, language: Language
) -> None:
    with speaking(language):
        texts = pages()
    found = {name: grave(opened(browser, text, tmp_path, width, scheme)) for name, text in texts.items()}
    assert found == {name: [] for name in texts}


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ('lang="en"', "", "html-has-lang"),
        ("--soft:#545b66", "--soft:#b9bec6", "color-contrast"),
        ("<h1>", '<img src="data:,"><h1>', "image-alt"),
        ("<h1>", "<button></button><h1>", "button-name"),
        ('class="scroll" tabindex="0"', 'class="scroll"', "scrollable-region-focusable"),
    ],
)  # fmt: skip
def test_a_fault_in_a_page_is_found(browser: Browser, tmp_path: Path, right: str, wrong: str, rule: str) -> None:
    text = page.render(examples.report())
    assert right in text
    # The page's policy allows its own style only, and the faulty one is another.
    allowed = re.compile(f"style-src {QUOTE}sha256-.+?{QUOTE}")
    faulty, times = allowed.subn("style-src 'unsafe-inline'", text.replace(right, wrong))
    assert times == 1
    found = grave(opened(browser, faulty, tmp_path, PHONE))
    assert [one.partition(":")[0] for one in found] == [rule]
