"""Texts that nobody wrote by hand: what is read of them is bounded, and the rest is told of as unread."""

import pytest

from tests.fuzz.targets import KNOWN
from verify.claims.arms import named_in
from verify.claims.claim import Document
from verify.claims.read import MOST_ARMS, MOST_ITEMS, read_markdown
from verify.judge.audit.audit import audit_document

ARM = "## Way {}\n\n- Configuration: LoRA + dropout\n\n"


def _read(text: str) -> Document:
    return read_markdown(text.encode(), "it.md")


def test_figures_beyond_what_a_person_writes_are_left_unread() -> None:
    more = 50
    document = _read("# It\n\n" + "\n\n".join(f"- speedup {number}.5x" for number in range(MOST_ITEMS + more)))
    assert len(document.claims) == MOST_ITEMS
    assert [unread.text for unread in document.unread][-1] == f"- speedup {MOST_ITEMS + more - 1}.5x"
    assert len(document.unread) == more


def test_of_many_ways_that_are_compared_the_first_are_told_apart() -> None:
    text = "# It\n\n" + "".join(ARM.format(number) for number in range(2 * MOST_ARMS))
    document = _read(f"{text}Way 3 takes 5 s\n\nWay {2 * MOST_ARMS - 1} takes 6 s\n")
    times = {claim.text: claim.settings.get("run") for claim in document.claims if claim.quantity.unit == "s"}
    assert times["Way 3 takes 5 s"] == "Way 3"
    assert len(document.arms) == 2 * MOST_ARMS


@pytest.mark.parametrize("names", [("LoRA", "LoRA + Q"), ("LoRA + Q", "LoRA")])
def test_of_two_names_in_one_place_the_longer_comes_first_however_they_are_told(names: tuple[str, str]) -> None:
    assert named_in("LoRA + Q is slower", frozenset(names)) == ["LoRA + Q", "LoRA"]


@pytest.mark.parametrize(
    "line", ["- Tests passed: 5 of 7, pass rate 71%", "| a | b |\n|---|---|\n| 1 GB | 2 s |", "- LoRA works: yes ✅"]
)
def test_a_text_of_one_line_said_again_and_again_is_read_and_audited(line: str) -> None:
    once, often = (_read("# It\n\n" + "\n\n".join([line] * times)) for times in (1, 200))
    assert len(often.claims) == 200 * len(once.claims)
    assert {found.rule for found in audit_document(often, KNOWN)} >= {
        found.rule for found in audit_document(once, KNOWN)
    }
