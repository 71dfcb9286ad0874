"""Code sets figures, pins packages and says things in its comments."""

import pytest

from tests.claims.written import claim, claims, read, said


def test_assignments_that_name_a_figure_are_claims() -> None:
    document = read("""
        ```python
        batch_size = 6
        "learning_rate": 0.0003,
        lora_r = 4
        port = 8000
        effective_batch_size = 6 * 4 = 24
        ```
        """)
    assert claim(document, "batch").quantity.low == 6
    assert claim(document, "learning_rate").quantity.low == 0.0003
    assert claim(document, "rank").quantity.low == 4
    assert claim(document, "effective_batch").quantity.low == 24
    assert claim(document, "sum").settings["formula"] == "6 * 4"
    assert len(document.claims) == 5


def test_options_of_a_command_are_claims() -> None:
    document = read("```bash\npython train.py --max_steps 70 \\\n  --batch-size=3 --port 80\n```\n")
    assert [(told.topic, told.quantity.low, told.place.line) for told in document.claims] == [
        ("steps", 70, 2),
        ("batch", 3, 3),
    ]


def test_comments_are_read() -> None:
    document = read("```python\nx = mx.zeros(3)  # ✅ 正常\ny = 1  # 内存限制\n```\n")
    assert said(document) == {("works", "mlx", False), ("memory_limited", "memory", False)}


def test_a_snippet_keeps_its_lines() -> None:
    (snippet,) = read("text\n\n```python\na\n\nb\n```\n").snippets
    assert (snippet.language, snippet.place.line, snippet.code) == ("python", 4, "a\n\nb")


@pytest.mark.parametrize("language", ["", "text", "log"])
def test_what_was_printed_is_read_as_text(language: str) -> None:
    document = read(f"```{language}\n- Peak memory: 0.5 GB\nsomething else\n```\n")
    assert claims(document, "memory_peak")[0].place.line == 2
    assert [told.place.line for told in document.unread] == [3]
