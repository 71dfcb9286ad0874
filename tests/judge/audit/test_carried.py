"""What equals an earlier report's to the last digit was not measured again."""

from tests.judge.audit.documents import claim, document, rules
from verify.claims.claim import Document


def _memory(*told: str) -> Document:
    return document(*(claim("memory_peak", text, "GB", line=line) for line, text in enumerate(told, 1)))


def test_a_table_of_an_earlier_report_s_figures_is_found() -> None:
    assert rules(_memory("0.41", "0.77", "1.32"), _memory("0.41", "0.77", "1.32")) == ["carried.identical"]


def test_figures_that_were_only_rounded_anew_are_the_same() -> None:
    assert rules(_memory("0.4", "0.8", "1.3"), _memory("0.41", "0.77", "1.32")) == ["carried.identical"]


def test_one_figure_that_was_measured_again_shows_that_all_were() -> None:
    assert rules(_memory("0.41", "0.77", "1.34"), _memory("0.41", "0.77", "1.32")) == []


def test_two_figures_may_agree_by_chance() -> None:
    assert rules(_memory("0.41", "0.77"), _memory("0.41", "0.77", "1.32")) == []


def test_what_was_set_is_the_same_each_time() -> None:
    written = document(*(claim("batch", text) for text in ("4", "8", "16")))
    assert rules(written, written) == []
