"""Which language is spoken."""

import pytest

from verify.errors import Exit, UsageError
from verify.language.choice import chosen


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "ZH_cn"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_GB.UTF-8"}, "zh"),
        ({"VERIFY_LANG": "zh", "LC_ALL": "C"}, "zh"),
        ({"VERIFY_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_the_surroundings_choose_where_nobody_asks(environ: dict[str, str], language: str) -> None:
    assert chosen(["checks"], environ) == (language, ["checks"])


@pytest.mark.parametrize(
    "words",
    [["--lang", "zh", "checks", "--json"], ["checks", "--lang", "zh", "--json"], ["checks", "--lang=zh", "--json"]],
)
def test_it_is_asked_for_before_the_verb_or_behind_it(words: list[str]) -> None:
    assert chosen(words, {"LANG": "en_GB.UTF-8"}) == ("zh", ["checks", "--json"])


def test_the_last_word_counts() -> None:
    assert chosen(["--lang", "zh", "checks", "--lang", "en"], {})[0] == "en"


def test_what_stands_behind_two_hyphens_is_for_somebody_else() -> None:
    words = ["fleet", "run", "--", "program", "--lang", "zh"]
    assert chosen(words, {}) == ("en", words)


@pytest.mark.parametrize("words", [["--lang", "fr"], ["--lang"], ["--lang="], ["checks", "--lang", "--json"]])
def test_a_language_that_nobody_speaks_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match="no such language") as caught:
        chosen(words, {})
    assert caught.value.exit == Exit.USAGE
    assert "en, zh" in caught.value.hint
