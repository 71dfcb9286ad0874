"""A finished text is found again, whatever was filled into its template."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.language.catalogue import messages
from verify.language.reader import HOLE, LONGEST, Reader, reader_of, reworded_by
from verify.language.speech import reworded, speaking

JOINTS = {"; ": "；", ": ": "：", " or ": " 或 ", " ({})": "（{}）"}
# Names, numbers, paths and digests, as messages hold them.
VALUES = st.text("ABCXYZ0189_./[]-", min_size=1, max_size=12)
TEMPLATES = sorted(messages("zh"))
# Of fewer letters several templates may have made the same text.
TELLING = 12


def reader(**messages: str) -> Reader:
    """A reader of a few templates; an underscore stands for a space."""
    return reader_of({english.replace("_", " "): spoken for english, spoken in messages.items()}, JOINTS)


# Of two templates that make the same text no reader can tell; what is tried here is the same each time.
@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.sampled_from(TEMPLATES), st.data())
def test_a_template_that_was_filled_is_found_with_what_filled_it(english: str, data: st.DataObject) -> None:
    values = [data.draw(VALUES) for _ in range(english.count(HOLE))]
    with speaking("zh"):
        again = reworded(english.format(*values))
    if sum(map(str.isalpha, english)) >= TELLING:
        assert again == messages("zh")[english].format(*values)
    for value in values:
        assert value in again


def test_what_fills_a_hole_may_be_a_message() -> None:
    read = reader_of({"cannot compare: {}": "无法比较：{}", "{} does not exist": "{} 不存在"}, JOINTS)
    assert reworded_by(read, "cannot compare: a.txt does not exist") == "无法比较：a.txt 不存在"


def test_the_template_with_the_most_letters_made_it() -> None:
    read = reader_of({"{} holds no {}": "{} 没有 {}", "{} holds no report {}": "{} 没有报告 {}"}, JOINTS)
    assert reworded_by(read, "reports/ holds no report 7") == "reports/ 没有报告 7"


def test_holes_may_change_their_places() -> None:
    read = reader_of({"{} of {} passed": "{1} 个中 {0} 个通过"}, JOINTS)
    assert reworded_by(read, "3 of 7 passed") == "7 个中 3 个通过"


def test_messages_that_were_joined_are_told_apart() -> None:
    read = reader_of({"it needs {} GB": "需要 {} GB", "it has no disk": "没有磁盘"}, JOINTS)
    assert reworded_by(read, "it needs 7 GB; it has no disk; BRAND-1") == "需要 7 GB；没有磁盘；BRAND-1"


def test_what_was_put_behind_a_message_is_read_by_itself() -> None:
    read = reader_of({"times rose": "用时上升", " (and {} like it)": "（另有 {} 项）"}, JOINTS)
    assert reworded_by(read, "times rose (and 2 like it)") == "用时上升（另有 2 项）"


@pytest.mark.parametrize(
    "text",
    ["", "report", "nobody ever wrote this sentence here", "a b", "{} holds no {}", "\u202eholds no report", "x" * 9],
)
def test_what_is_no_message_stays_as_it_was(text: str) -> None:
    assert reworded_by(reader_of({"the {} of {} broke": "{1} 的 {0} 坏了"}, JOINTS), text) == text


def test_a_template_of_few_words_does_not_claim_a_sentence_of_many() -> None:
    read = reader_of({"{} to {}": "{} 到 {}"}, JOINTS)
    assert reworded_by(read, "512 to 1024") == "512 到 1024"
    assert reworded_by(read, "nobody went from here to any other place") == "nobody went from here to any other place"


def test_output_of_a_program_is_not_read() -> None:
    text = "it needs 7 GB; " * LONGEST
    assert reworded_by(reader_of({"it needs {} GB": "需要 {} GB"}, JOINTS), text) == text


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    with speaking("zh"):
        assert isinstance(reworded(text), str)


def test_braces_of_a_message_are_no_holes() -> None:
    read = reader_of({"write {{ at = {} }}": "请写 {{ at = {} }}"}, JOINTS)
    assert reworded_by(read, "write { at = 5 }") == "请写 { at = 5 }"
