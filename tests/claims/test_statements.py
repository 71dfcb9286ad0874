"""What is said in words, of what, and how it is marked."""

import pytest

from tests.claims.written import marks, read, said


@pytest.mark.parametrize(
    ("line", "says", "about"),
    [
        ("模型收敛正常", "converged", "training"),
        ("The run converged nicely", "converged", "training"),
        ("损失逐渐下降", "falling", "loss"),
        ("训练过程平稳", "stable", "training"),
        ("计算速度较为稳定", "stable", "speed"),
        ("训练没有出现震荡", "no_oscillation", "training"),
        ("the training shows no oscillation", "no_oscillation", "training"),
        ("说明 LoRA 有更好的泛化能力", "generalises", "lora"),
        ("带宽接近理论峰值", "near_peak", "bandwidth"),
        ("bandwidth is close to the theoretical limit", "near_peak", "bandwidth"),
        ("QLoRA 配置就绪", "ready", "qlora"),
        ("Quantization is production-ready", "ready", "quantization"),
        ("支持任何规模的分布式训练", "any_size", "distributed"),
        ("distributed training of models of any size", "any_size", "distributed"),
        ("内存不足", "memory_limited", "memory"),
        ("Muon 优化器工作正常", "works", "muon"),
        ("能效比优秀", "power_efficient", "power_efficiency"),
        ("FlashAttention is supported", "supported", "flash_attention"),
    ],
)
def test_phrases_of_both_languages_are_read(line: str, says: str, about: str) -> None:
    assert (says, about, False) in said(read(line))


@pytest.mark.parametrize(
    ("line", "says", "about"),
    [
        ("MPS 暂不支持动态量化", "supported", "quantization"),
        ("fp8 is not yet supported", "supported", "fp8"),
        ("QK Normalization - 未完全集成", "integrated", "qk_norm"),
        ("FlashAttention is only partially integrated", "integrated", "flash_attention"),
        ("量化测试失败", "passed", "quantization"),
        ("the distributed test FAILED", "passed", "distributed"),
        ("bf16 不可用", "available", "bf16"),
    ],
)
def test_a_denial_says_the_opposite(line: str, says: str, about: str) -> None:
    assert (says, about, True) in said(read(line))


@pytest.mark.parametrize(
    "line",
    ["未收敛", "it has not converged", "mps 未通过测试", "MLX does not work"],
)
def test_what_is_denied_is_not_said(line: str) -> None:
    assert all(denied for _, _, denied in said(read(line)))
    assert said(read(line))


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("✅ LoRA 微调成功", True),
        ("LoRA: PASSED", True),
        ("❌ LoRA 不可用", False),
        ("⚠️ LoRA works", False),
        ("- [x] LoRA fine-tuning", True),
        ("- [ ] LoRA fine-tuning", False),
        ("LoRA works", None),
    ],
)
def test_marks_are_read(line: str, mark: bool | None) -> None:
    assert marks(read(line))["lora"].mark is mark


def test_a_tick_beside_a_capability_says_that_it_is_there() -> None:
    document = read("- [x] 混合精度训练 (BF16)\n- [ ] 梯度检查点\n")
    assert said(document) == {
        ("available", "mixed_precision", False),
        ("available", "bf16", False),
        ("available", "gradient_checkpointing", True),
    }


def test_a_tick_holds_for_the_capability_whatever_else_is_said() -> None:
    assert ("available", "gradient_checkpointing", False) in said(read("- [x] 梯度检查点 (节省显存)"))


def test_all_is_told_from_some() -> None:
    assert marks(read("所有 LoRA 模块正常"))["lora"].every
    assert not marks(read("LoRA 模块正常"))["lora"].every
    assert not marks(read("不完全支持 bf16"))["bf16"].every


def test_what_is_planned_is_not_claimed() -> None:
    document = read("""
        ## 建议的下一步

        1. QLoRA 支持 4-bit
        2. distributed training works on any size
        """)
    assert {says for says, _, _ in said(document)} == {"planned"}
    assert {"qlora", "distributed"} <= {about for _, about, _ in said(document)}


def test_what_is_missing_is_said_even_among_plans() -> None:
    document = read("## 🚧 待优化功能\n\n1. QK Norm - 未实现\n")
    assert said(document) == {("planned", "qk_norm", False), ("integrated", "qk_norm", True)}
    assert marks(document)["qk_norm"].mark is False


def test_a_ticked_item_is_no_advice() -> None:
    document = read("## 结论与建议\n\n1. ✅ MLX 可用\n")
    assert said(document) == {("available", "mlx", False)}


def test_a_line_that_names_nothing_speaks_of_what_leads_to_it() -> None:
    document = read("# Report\n\n## Test 3: LoRA\n\nResult:\n\n- works\n")
    assert ("works", "lora", False) in said(document)
