"""What narrows a figure, and which numbers are names."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

import pytest

from verify.claims.narrowing import masked, narrowed


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("1536×1536", {"size": 1536}),
        ("6层-384隐藏", {"layers": 6, "hidden": 384}),
        ("24-layer Transformer", {"layers": 24, "architecture": "transformer"}),
        ("(Batch 48)", {"batch": 48}),
        ("第 40 步", {"step": 40}),
        ("用CPU训练", {"device": "cpu"}),
        ("H100 (BF16)", {"chip": "H100", "dtype": "bfloat16"}),
        ("M1 Max", {"chip": "M1 Max"}),
        ("Apple M4", {"chip": "M4"}),
        ("GeForce RTX 4090", {"chip": "RTX 4090"}),
        ("Qwen/Qwen2.5-7B-Instruct", {"model": "qwen2.5-7b-instruct"}),
        ("GPT-2", {"model": "gpt2"}),
        ("加载TinyLlama-1.1B模型", {"model": "tinyllama-1.1b"}),
        ("QLoRA + SiLU", {"technique": "qlora", "function": "silu"}),
        ("softmax", {"function": "softmax"}),
        ("3x4", {}),
    ],
)
def test_what_a_text_names_is_told(text: str, settings: dict[str, float | str]) -> None:
    assert narrowed(text) == settings


def test_of_two_different_ones_none_is_told() -> None:
    assert narrowed("CPU vs MPS on the M2 and the M3") == {}


@pytest.mark.parametrize(
    "text",
    [
        "FP16",
        "M2",
        "Qwen2.5-0.5B",
        "v3.0",
        "4-bit",
        "2.10.0",
        "2024-05-06",
        "12:30",
        "a.py:48",
        "Test 3:",
        "http://x:80/9",
    ],
)
def test_a_number_in_a_name_is_masked(text: str) -> None:
    shown = masked(f"x {text} 7")
    assert len(shown) == len(f"x {text} 7")
    assert [digit for digit in shown if digit.isdigit()] == ["7"]


@pytest.mark.parametrize("text", ["r=8", "12层", "loss 2.5", "3 GB/s", "16GB", "从50增加到500"])
def test_a_figure_is_not_masked(text: str) -> None:
    assert masked(text) == text
