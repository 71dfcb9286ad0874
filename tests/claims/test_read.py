"""A whole report is read, nothing of it is dropped, and nothing in it stops the reader."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.claims.written import FILE, claim, read
from verify.claims.claim import Document
from verify.claims.read import LARGEST_TEXT, MOST_CELLS, read_markdown
from verify.errors import IntegrityError

ENGLISH = """\
# Training report

**Date**: 2024-05-06
**Hardware**: Apple M2 Max (32GB RAM) / macOS Darwin 23.4.0

## Summary

| Metric | Result |
|---|---|
| Functional tests | 3/4 passed ✅ |
| Status | ✅ production-ready |

## Results

### Test 1: Small net ✅ PASSED

Configuration:

- Steps: 60
- Batch size: 24

```
Initial loss: ~2.9
Final loss: 0.41
Peak memory: 0.5 GB
```

A remark that means nothing in particular.
"""

CHINESE = """\
# 训练报告

**日期**: 2024-05-06
**硬件**: Apple M2 Max (32GB RAM) / macOS Darwin 23.4.0

## 摘要

| 指标 | 结果 |
|---|---|
| 功能测试 | 3/4 通过 ✅ |
| 状态 | ✅ 生产就绪 |

## 结果

### 测试 1: 小网络 ✅ PASSED

配置：

- 训练步数: 60
- 批次大小: 24

```
初始损失: ~2.9
最终损失: 0.41
峰值内存: 0.5 GB
```

这句话没有特别的意思。
"""


def accounted(document: Document) -> set[int]:
    """The lines that something was read from, that are structure, or that are unread."""
    places = [
        *(told.place for told in document.claims),
        *(told.place for told in document.statements),
        *(told.place for told in document.logged),
        *(told.place for told in document.pinned),
        *(told.place for told in document.machines),
        *(told.place for told in document.moments),
        *(told.place for told in document.arms),
        *(told.place for told in document.headings),
        *(told.place for told in document.named),
        *(told.place for told in document.unread),
    ]
    lines = {place.line for place in places} | set(document.structure)
    lines |= {item.place.line for told in document.enumerations for item in told.items}
    for snippet in document.snippets:
        if snippet.language:
            lines |= set(range(snippet.place.line, snippet.place.line + snippet.code.count("\n") + 1))
    return lines


def written(document: Document) -> set[int]:
    """The lines that are not blank."""
    return {number for number, text in enumerate(document.lines, 1) if text.strip()}


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_the_same_report_says_the_same_in_both_languages(text: str, language: str) -> None:
    document = read(text)
    assert document.language == language
    assert document.file == FILE
    assert document.moments[0].iso == "2024-05-06"
    (machine,) = document.machines
    assert (machine.chip, machine.memory_gb, machine.kernel) == ("M2 Max", 32, "Darwin 23.4.0")
    assert (claim(document, "tests_passed").quantity.low, claim(document, "tests_total").quantity.low) == (3, 4)
    assert claim(document, "tests_total").settings["kind"] == "functional"
    assert claim(document, "loss_initial").quantity.approximate
    final = claim(document, "loss_final")
    assert (final.quantity.low, final.settings["steps"], final.settings["batch"]) == (0.41, 60, 24)
    assert claim(document, "memory_peak").place.line == 25
    assert {told.says for told in document.statements} >= {"ready", "passed"}
    assert [told.place.line for told in document.unread] == [28]


def test_every_line_has_its_own_number_whatever_ends_it() -> None:
    unix = read_markdown(ENGLISH.encode(), FILE)
    assert read_markdown(ENGLISH.replace("\n", "\r\n").encode(), FILE) == unix
    assert read_markdown(b"\xef\xbb\xbf" + ENGLISH.encode(), FILE) == unix


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "an empty report"),
        (b" \n\t\n", "an empty report"),
        (b"a\x00b", "a NUL at character 1"),
        (b"abc\xff", "byte 3 is not UTF-8"),
        ("# a".encode("utf-16"), "byte 0 is not UTF-8"),
        (b"x" * (LARGEST_TEXT + 1), f"{LARGEST_TEXT + 1} bytes, the limit is {LARGEST_TEXT}"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        read_markdown(data, FILE)
    assert refused.value.message == f"{FILE}: {what}"
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        ">" * 100_000 + " 3 GB",
        "- " * 50_000 + "3 GB",
        "".join("  " * depth + "- x\n" for depth in range(300)),
        "[" * 50_000,
        "*" * 50_000,
        "9" * 100_000,
        "loss: " + "9" * 1_900,
        "1*" * 900 + "1",
        "a." * 900,
        "从" + " " * 1_800 + "1",
        "|" + "a|" * 400 + "\n|" + "-|" * 400 + "\n" + "|" + "1 GB|" * 400,
        "| a | b |\n|---|---|\n| " + "x" * 100_000 + " | 3 GB |",
        "`" * 50_000,
        "\x1b[31m 3 GB \u202e",
        "<script>alert('3 GB')</script>\n\n![x](https://example.org/x.png) [y](javascript:z)",
        "```\nnever closed",
        "Step 99999999999999999999/9 | Loss: 1e999",
        "loss: 1e999, 99999999999x99999999999",
    ],
)
def test_hostile_text_is_inert_and_still_accounted_for(text: str) -> None:
    document = read_markdown(text.encode(), FILE)
    assert written(document) <= accounted(document)


_TOKENS = (
    "loss 损失 3.5 GB ✅ 通过 | --- - # ``` ( ) : ： step 4/6 > 1. MPS x ~ not 不支持 配置 FP32 +"
    " BF16 → torch==2.1 2024-05-06 * `"
)
_WORDS = st.sampled_from([*_TOKENS.split(), "\n", "\n\n", "    "])


@given(st.lists(_WORDS, max_size=60).map(" ".join))
def test_no_line_is_ever_dropped(text: str) -> None:
    if text.strip():
        document = read_markdown(text.encode(), FILE)
        assert written(document) <= accounted(document)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_no_text_stops_the_reader(text: str) -> None:
    if text.strip():
        document = read_markdown(text.encode(), FILE)
        assert written(document) <= accounted(document)


def test_html_and_links_are_text() -> None:
    document = read("<b>Peak memory</b>: 2 GB\n\n[Peak memory](https://example.org/9GB): 3 GB\n")
    assert [told.quantity.low for told in document.claims if told.topic == "memory_peak"] == [2, 3]


def test_a_line_that_nobody_reads_is_left_unread() -> None:
    document = read("peak memory 3 GB " + "x" * 3000)
    assert not document.claims
    assert [told.place.line for told in document.unread] == [1]


def test_a_table_that_nobody_wrote_is_read_no_further_than_a_page() -> None:
    rows = MOST_CELLS // 2 + 3
    document = read_markdown(("| Batch | Memory |\n|---|---|\n" + "| 1 | 2 GB |\n" * rows).encode(), FILE)
    assert len(document.claims) == MOST_CELLS // 2
    assert [told.place.line for told in document.unread] == list(range(MOST_CELLS // 2 + 3, rows + 3))
