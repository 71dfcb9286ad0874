"""What the pages cost: their size, the time to make them, and until a browser has painted, sorted and filtered them."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, Page

from benchmarks.asking import tell
from benchmarks.chromium import launched
from benchmarks.made_up import PROJECT, files, template, write
from verify.render.html import page
from verify.report.history import read_stored

T = TypeVar("T")

COLUMNS = ("page", "size", "made in", "first paint", "loaded", "sorted", "filtered", "rounds")
COUNTS = (1, 100, 10_000)
PAINTS = 9
MAKES = 5
# Of the page over a history, for which every report is read.
FEWER = 3
# Painted already when the observer begins, or later.
FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName("first-contentful-paint");
    if (paint) resolve(paint.startTime);
}).observe({ type: "paint", buffered: true }))"""
# Its script has drawn what it draws by itself.
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
# From the event until the frame that shows what it did has been drawn.
DRAWN = """(act) => new Promise((resolve) => {
    const begun = performance.now();
    act();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
})"""
SEEN = (FIRST_PAINT, LOADED)
ACTS = {
    "sort": "document.querySelector('#report-table th button').click()",
    "filter": """(() => {
        const field = document.querySelector("#report-tools [name=text]");
        field.value = field.value ? "" : "certified";
        field.dispatchEvent(new Event("input", { bubbles: true }));
    })()""",
}


@dataclass(frozen=True, slots=True)
class Times:
    """Several rounds of one thing, in milliseconds."""

    rounds: tuple[float, ...]

    def told(self) -> str:
        """``82 ms [75, 110]``: the median, the least and the most."""
        least, most = min(self.rounds), max(self.rounds)
        return f"{statistics.median(self.rounds):,.0f} ms [{least:,.0f}, {most:,.0f}]"


def rows(root: Path) -> Iterator[str]:
    """The certificate's page, and the one over histories of one report, of some, and of very many."""
    yield f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
    with tempfile.TemporaryDirectory(prefix="verify-") as folder, launched() as browser:
        yield _certificate(root, Path(folder), browser)
        for count in COUNTS:
            yield _dashboard(root, Path(folder) / str(count), browser, count)


def _certificate(root: Path, folder: Path, browser: Browser) -> str:
    """The newest report of the project as a page."""
    report = read_stored(files(root)[-1], root)
    made = Times(tuple(_timed(lambda: page.render(report)) for _ in range(MAKES)))
    file = folder / "report.html"
    file.write_text(page.render(report), encoding="utf-8")
    return _row(f"certificate of {len(report.results)} results", file, made, _seen(browser, file))


def _dashboard(root: Path, place: Path, browser: Browser, count: int) -> str:
    """A page over a made-up history of so many reports, made as people make it."""
    for part in PROJECT:
        shutil.copytree(root / part, place / part)
    write(place, template(root), count)
    file = place / "history.html"
    first, *others = (_timed(lambda: _make(place, file)) for _ in range(1 + FEWER))
    tell(f"{count:,} reports: the page is made in {first / 1000:.1f} s the first time, when there is no index yet")
    made = Times(tuple(others))
    acts = [_acted(browser, file, name) for name in ACTS]
    return _row(f"history of {count:,} reports", file, made, _seen(browser, file) + acts)


def _make(place: Path, file: Path) -> None:
    words = [sys.executable, "-m", "verify", "--root", str(place), "history", "html"]
    with file.open("w", encoding="utf-8") as out:
        subprocess.run(words, check=True, stdout=out)


def _seen(browser: Browser, file: Path) -> list[Times]:
    """From being asked for until the first paint, and until it is loaded; opened anew each time."""
    opened = [_opened(browser, file, lambda page: [page.evaluate(each) for each in SEEN]) for _ in range(PAINTS)]
    return [Times(tuple(map(float, rounds))) for rounds in zip(*opened, strict=True)]


def _acted(browser: Browser, file: Path, name: str) -> Times:
    """One page, sorted or filtered again and again."""
    return _opened(browser, file, lambda page: Times(tuple(float(page.evaluate(acting(name))) for _ in range(PAINTS))))


def acting(name: str) -> str:
    """What a page does to tell how many milliseconds it took from a click, or a key, until the result is drawn.

    Args:
        name: Of ``ACTS``: ``sort`` turns the order of the reports around, ``filter`` narrows them or takes that back.
    """
    return f"({DRAWN})(() => {ACTS[name]})"


def _opened(browser: Browser, file: Path, work: Callable[[Page], T]) -> T:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        opened = context.new_page()
        opened.goto(file.as_uri())
        return work(opened)
    finally:
        context.close()


def _row(what: str, file: Path, made: Times, told: Sequence[Times]) -> str:
    """Who has no table to sort has nothing there."""
    times = [one.told() for one in told] + [""] * (len(SEEN) + len(ACTS) - len(told))
    cells = [what, f"{file.stat().st_size / 1000:,.1f} kB", made.told(), *times, f"{len(made.rounds)}, {PAINTS}"]
    return f"| {' | '.join(cells)} |"


def _timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)
