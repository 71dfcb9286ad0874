"""The Chinese README says what the English one says: the same commands, links, names and figures."""

import re

import pytest

from tests.language.extraction import ROOT

LINKS = re.compile(r"\]\(([^)]+)\)")
CODE = re.compile(r"`([^`]+)`")
FIGURES = re.compile(r"\b\d[\d,]*\.?\d+\b")


def parts(pattern: re.Pattern[str], name: str) -> set[str]:
    """What the pattern finds in a file of the root."""
    return set(pattern.findall((ROOT / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("pattern", [CODE, FIGURES], ids=["code", "figures"])
def test_nothing_is_left_out(pattern: re.Pattern[str]) -> None:
    assert parts(pattern, "README.md") - parts(pattern, "README.zh.md") <= {"verify report show --format html"}


def test_the_same_is_linked_and_pictures_are_in_chinese() -> None:
    english, chinese = parts(LINKS, "README.md"), parts(LINKS, "README.zh.md")
    others = {"README.md", "README.zh.md"}
    assert {link.replace(".png", "-zh.png") for link in english} - others == chinese - others


@pytest.mark.parametrize("link", sorted(parts(LINKS, "README.zh.md")))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
