"""The pages in Chinese, in a real browser: their script speaks as they do."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.test_pages import Visit, pytestmark
from tests.language.english import runs
from tests.render.html.test_dashboard import history, taken
from verify.language.speech import speaking
from verify.render.html import dashboard

__all__ = ["pytestmark"]


def test_what_the_script_of_a_history_says_is_chinese(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "history.html"
    with speaking("zh"):
        file.write_text(dashboard.render(history(taken=[taken(1, 100), taken(2, 80)])), encoding="utf-8")
    visit = Visit(browser, file)
    assert visit.tried == []
    opened = visit.page
    assert "从第 6 号起：100 变为 80，为原来的 0.8 倍：变差。" in opened.locator("#course-cards").inner_text()
    assert opened.locator("#report-tools [name=verdict] option").all_inner_texts()[1:] == [
        "通过认证",
        "有条件通过",
        "未通过",
        "未判定",
    ]
    opened.locator("#report-tools [name=verdict]").select_option("certified")
    assert "通过认证" in opened.locator("#report-table tbody").inner_text()
    # Commands are in code.
    opened.evaluate("document.querySelectorAll('code, script').forEach((each) => each.remove())")
    assert runs(opened.locator("body").inner_text()) == {"cpu aaaaaaaaaaaa"}  # the machine
