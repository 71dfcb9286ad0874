"""Write docs/reference/ from the code: the command line, the checks, the rules and the report."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.docs import checks_page, command_line, report_page, rules_page

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "command-line.md": command_line.page,
    "checks.md": checks_page.page,
    "rules.md": rules_page.page,
    "report.md": report_page.page,
}


def outdated(folder: Path) -> dict[str, str]:
    """The pages that are missing or not what the code says, by name, as they should be."""
    wanted = {name: page() for name, page in PAGES.items()}
    return {name: text for name, text in wanted.items() if _content(folder / name) != text}


def write(folder: Path) -> Sequence[str]:
    """Write the pages that differ; tells which."""
    changed = outdated(folder)
    for name, text in changed.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(changed)


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(words: Sequence[str]) -> str:
    """Write them, or with ``--check`` compare only; says what is wrong, and nothing where nothing is."""
    changed = list(outdated(FOLDER)) if "--check" in words else write(FOLDER)
    if "--check" in words and changed:
        return f"docs/reference/ is not what the code says: {', '.join(changed)}; write it: ./noxw -s docs"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0)
