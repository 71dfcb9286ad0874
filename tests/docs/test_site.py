"""The site over docs/: every link leads somewhere, and it loads nothing that is not its own."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from benchmarks.chromium import CHROMIUM, launched
from tests.browser.test_accessibility import Scheme, grave

ROOT = Path(__file__).resolve().parents[2]
# Elements that load what they name; an `a` only leads there.
LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}

pytest.importorskip("properdocs")


def built(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "properdocs", "build", "--strict", "--config-file", str(root / "mkdocs.yml")]
    return subprocess.run([*words, "--site-dir", str(site)], capture_output=True, text=True, check=False, cwd=root)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    ended = built(ROOT, folder)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return folder


@dataclass
class Links:
    """What a page leads to and what it loads, and the places in it that can be led to."""

    leads: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)


def links_of(path: Path) -> Links:
    found = Links()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                if name in ("id", "name"):
                    found.places.add(value or "")
                elif (tag, name) in LOADING:
                    found.loads.add(value or "")
                elif name == "href":
                    found.leads.add(value or "")

    Reader().feed(path.read_text(encoding="utf-8"))
    return found


def test_every_link_inside_the_site_leads_somewhere(site: Path) -> None:
    pages = {path.resolve(): links_of(path) for path in site.rglob("*.html") if path.name != "404.html"}
    lost = [
        (path.name, link)
        for path, links in pages.items()
        for link in links.leads | links.loads
        if not urlsplit(link).scheme and not _is_there(path, link, pages)
    ]
    assert lost == []
    assert len(pages) > 30


def _is_there(path: Path, link: str, pages: dict[Path, Links]) -> bool:
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    known = not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].places
    return target.exists() and known


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    assert [link for path in site.rglob("*.html") for link in links_of(path).loads if urlsplit(link).netloc] == []
    assert list(_named_by_styles(site)) == []


def _named_by_styles(site: Path) -> Iterator[str]:
    for path in site.rglob("*.css"):
        for link in re.findall(r"url\(['\"]?([^'\")]+)", path.read_text(encoding="utf-8")):
            if urlsplit(link).netloc:
                yield link


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_the_site_keeps_nobody_out_and_is_no_wider_than_the_screen(site: Path, width: int, scheme: Scheme) -> None:
    with launched() as browser:
        page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        for name in ("index.html", "tutorial.html", "reference/command-line.html", "reference/rules.html"):
            page.goto((site / name).as_uri())
            assert grave(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_what_lies_outside_docs_is_in_the_site(site: Path) -> None:
    assert "Certify that a machine can train language models" in (site / "index.html").read_text(encoding="utf-8")
    assert (site / "project" / "CONTRIBUTING.html").is_file()
    policy = (ROOT / "policy" / "gate.toml").read_bytes()
    assert (site / "project" / "policy" / "gate.toml.txt").read_bytes() == policy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with a site like ours."""
    root = tmp_path / "a project"
    (root / "docs").mkdir(parents=True)
    (root / "tests" / "docs").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "docs" / "outside.py", root / "tests" / "docs")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:\n  - Home")[0]
    (root / "mkdocs.yml").write_text(f"{settings}nav: [index.md, page.md]\n", encoding="utf-8")
    (root / "README.md").write_text("# A project\n\n[page](docs/page.md) [folder](docs/) [notes](NOTES.md)\n")
    (root / "NOTES.md").write_text("# Notes\n\n[a lock](locks/a.txt)\n")
    (root / "locks").mkdir()
    (root / "locks" / "a.txt").write_text("torch==2\n")
    (root / "docs" / "page.md").write_text("# Page\n\n## A part\n\n[home](../README.md) [here](#a-part)\n")
    return root


def test_pages_that_are_linked_to_bring_what_they_link_to(project: Path, tmp_path: Path) -> None:
    assert built(project, tmp_path / "site").returncode == 0
    notes = links_of(tmp_path / "site" / "project" / "NOTES.html")
    assert "locks/a.txt.txt" in notes.leads
    assert (tmp_path / "site" / "project" / "locks" / "a.txt.txt").read_text() == "torch==2\n"
    assert "docs/" not in links_of(tmp_path / "site" / "index.html").leads


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("other.md", "other.md"),
        ("../policy/none.toml", "policy/none.toml"),
        ("#no-part", "no-part"),
        ("../NOTES.md#no-part", "no-part"),
    ],
)
def test_a_link_that_leads_nowhere_fails(project: Path, tmp_path: Path, link: str, said: str) -> None:
    with (project / "docs" / "page.md").open("a") as page:
        page.write(f"\n[lost]({link})\n")
    ended = built(project, tmp_path / "site")
    assert ended.returncode != 0
    assert said in ended.stderr


def test_a_page_that_nothing_leads_to_fails(project: Path, tmp_path: Path) -> None:
    (project / "docs" / "forgotten.md").write_text("# Forgotten\n")
    ended = built(project, tmp_path / "site")
    assert ended.returncode != 0
    assert "forgotten.md" in ended.stderr
