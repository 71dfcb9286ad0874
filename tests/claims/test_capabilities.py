"""Capabilities are found by any of their names."""

import pytest

from verify.claims.capabilities import capabilities_in, factor_of, subjects_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("QLoRA", ("qlora",)),
        ("LoRA/QLoRA", ("qlora", "lora")),
        ("MLX 原生训练", ("mlx_training", "mlx")),
        ("FlashAttn-FA2", ("flash_attention",)),
        ("使用MPS加速", ("mps",)),
        ("NorMuon", ("muon",)),
        ("分布式 Muon", ("distributed_muon",)),
        ("异步数据加载", ("async_data",)),
        ("AsyncData", ("async_data",)),
        ("DDP", ("distributed",)),
        ("BFloat16", ("bf16",)),
        ("float16", ("fp16",)),
        ("nothing at all", ()),
    ],
)
def test_names_in_both_languages_are_one_capability(text: str, found: tuple[str, ...]) -> None:
    assert capabilities_in(text) == found


def test_a_text_without_a_capability_has_a_subject() -> None:
    assert subjects_in("损失与训练") == ("loss",)
    assert subjects_in("the speed of it") == ("speed",)
    assert subjects_in("MPS 的速度") == ("mps",)


def test_what_is_no_capability_is_its_own_factor() -> None:
    assert factor_of("Gradient Clipping") == ("gradient clipping", "Gradient Clipping")
    assert factor_of("FP16") == ("precision", "fp16")
