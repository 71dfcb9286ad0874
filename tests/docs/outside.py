"""A hook of the site's builder: what pages link to outside docs/ becomes a part of the site, so that their links hold.

On the forge such a link leads from file to file. In the site the README is the first page, what else people wrote at
the project's top is a page, and any other file is there as plain text.
"""

import os.path
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from properdocs.config.defaults import ProperDocsConfig
from properdocs.structure.files import File, Files, InclusionLevel
from properdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs/"
HOME = "README.md"
# Where the rest of the project lies in the site.
BESIDE = "project/"
# The target of a link or picture, without what it leads to inside the file.
TARGET = re.compile(r"(?P<before>\]\()(?P<target>[^()\s#:]+)(?=[)#])")


def on_files(files: Files, config: ProperDocsConfig) -> Files:
    """Add the README, and every file that is linked to, by pages that are added too."""
    waiting = [HOME, *(f"{DOCS}{file.src_uri}" for file in files.documentation_pages())]
    for path in waiting:
        if not path.startswith(DOCS):
            place = File.generated(
                config, uri(path), abs_src_path=str(ROOT / path), inclusion=InclusionLevel.NOT_IN_NAV
            )
            files.append(place)
        if is_page(path):
            waiting += [target for target in dict.fromkeys(linked(path)) if target not in waiting]
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """The page with each link as it is in the site; one to a folder, of which there is no page, is its words alone."""
    path = PurePosixPath(Path(page.file.abs_src_path or ROOT).relative_to(ROOT)).as_posix()

    def moved(found: re.Match[str]) -> str:
        target = there(path, found["target"])
        return found["before"] + (found["target"] if target is None else relative(target, path))

    return TARGET.sub(moved, without_folders(markdown, path))


def on_page_content(html: str, **_: object) -> str:
    """The page with its code reached by the keyboard, which alone can scroll where there is no mouse."""
    return html.replace("<pre>", '<pre tabindex="0">')


def without_folders(markdown: str, path: str) -> str:
    """The text without links to folders."""

    def words(found: re.Match[str]) -> str:
        return found["words"] if (ROOT / path).parent.joinpath(found["target"]).is_dir() else found[0]

    return re.sub(r"\[(?P<words>[^\[\]]+)\]\((?P<target>[^()\s#:]+)\)", words, markdown)


def linked(path: str) -> Iterator[str]:
    """The files outside docs/ that a page links to, by their paths in the project."""
    for found in TARGET.finditer((ROOT / path).read_text(encoding="utf-8")):
        target = there(path, found["target"])
        if target is not None and not target.startswith(DOCS):
            yield target


def there(path: str, target: str) -> str | None:
    """The file of the project that a page's link leads to; None where there is none, for the builder to tell."""
    place = os.path.normpath((PurePosixPath(path).parent / target).as_posix())
    return place if (ROOT / place).is_file() else None


def is_page(path: str) -> bool:
    """Whether a file of the project is a page of the site: what people wrote in docs/ and at the top."""
    return path.endswith(".md") and (path.startswith(DOCS) or "/" not in path)


def uri(path: str) -> str:
    """Where a file of the project is in the site's sources."""
    if path.startswith(DOCS):
        return path.removeprefix(DOCS)
    if path == HOME:
        return "index.md"
    return f"{BESIDE}{path}" if is_page(path) else f"{BESIDE}{path}.txt"


def relative(target: str, path: str) -> str:
    """The link from a page to a file, both by their paths in the project."""
    return PurePosixPath(os.path.relpath(uri(target), PurePosixPath(uri(path)).parent)).as_posix()
