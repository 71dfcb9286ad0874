"""Advice is told from claims."""

import pytest

from verify.claims.phrases import advice_in, mark_in


@pytest.mark.parametrize(
    ("context", "advised"),
    [
        (("建议的下一步",), "planned"),
        (("Next steps:",), "planned"),
        (("解决方案:",), "recommended"),
        (("Recommendations",), "recommended"),
        (("2.2 Recommended 配置",), None),
        (("训练过程:", "结果"), None),
    ],
)
def test_headings_make_advice_of_what_stands_below_them(context: tuple[str, ...], advised: str | None) -> None:
    assert advice_in(context) == advised


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("可通过 fallback 解决", None),
        ("forward pass", None),
        ("pass rate", None),
        ("✅ then ❌", True),
        ("❌ then ✅", False),
    ],
)
def test_only_a_mark_is_a_mark(text: str, mark: bool | None) -> None:
    assert mark_in(text) is mark
