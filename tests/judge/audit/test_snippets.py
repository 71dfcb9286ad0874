"""Commands and code can run, and do what is said of them."""

import pytest

from tests.judge.audit.documents import audited, document, rules, snippet


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1\ny = x + 1", []),
        ("total = 3 * 5 = 15", ["snippets.syntax"]),
        ("  x = 1\n  y = 2", []),
        ("net(ids, ...) = out(", []),
        (">>> net(ids)\n7", []),
        ("def net(ids):", []),
        ("workers = 2-8  # as many as there are cores", ["snippets.range"]),
        ("workers = 8-2", []),
    ],
)
def test_python_is_python(code: str, expected: list[str]) -> None:
    assert rules(document(snippets=(snippet("python", code),))) == expected
    assert rules(document(snippets=(snippet("text", code),))) == []


def test_the_line_within_the_snippet_is_told() -> None:
    (finding,) = audited(document(snippets=(snippet("python", "x = 1\ny = = 2", line=10),)))
    assert finding.place.line == 11


DROPPED = """
out = net(ids, {before})
# fixed: {words}
out = net(ids{after})
"""


@pytest.mark.parametrize(
    ("before", "words", "after", "expected"),
    [
        ("mask=mask", "now positional", "", ["snippets.dropped_argument"]),
        ("padding=pad", "使用位置参数", "", ["snippets.dropped_argument"]),
        ("mask=mask", "now positional", ", mask", []),
        ("mask=mask", "not needed", "", []),
    ],
)
def test_what_is_said_to_be_positional_is_passed(before: str, words: str, after: str, expected: list[str]) -> None:
    code = DROPPED.format(before=before, words=words, after=after)
    assert rules(document(snippets=(snippet("python", code),))) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("out/adapters", []), ("out/adapters.safetensors", ["snippets.adapter_path"])]
)
def test_mlx_takes_the_folder_of_an_adapter(path: str, expected: list[str]) -> None:
    code = f'mlx_lm.generate --model "m" \\\n  --adapter-path "{path}" \\\n  --max-tokens 5'
    found = audited(document(snippets=(snippet("bash", code, line=4),)))
    assert [finding.rule for finding in found] == expected
    assert all(finding.place.line == 5 for finding in found)


def test_the_fallback_does_not_turn_mps_off() -> None:
    code = "export PYTORCH_ENABLE_MPS_FALLBACK=0"
    assert rules(document(snippets=(snippet("bash", code, section=("How to disable MPS?",)),))) == [
        "snippets.no_such_effect"
    ]
    assert rules(document(snippets=(snippet("bash", code, section=("Settings",)),))) == []


def test_code_that_no_parser_takes_is_no_crash() -> None:
    assert rules(document(snippets=(snippet("python", "(" * 5000),))) == ["snippets.syntax"]
    assert rules(document(snippets=(snippet("bash", "mlx_lm.lora 'unclosed"),))) == []


def test_what_comes_after_a_snippet_in_another_language_is_looked_at_too() -> None:
    shown = snippet("text", "no code"), snippet("python", "def net(ids):", line=3), snippet("python", "y = = 2", line=9)
    assert rules(document(snippets=shown)) == ["snippets.syntax"]
