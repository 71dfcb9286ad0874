"""Configurations that are compared."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

from tests.claims.written import claims, read
from verify.claims.arms import name_of


def test_a_configuration_is_an_arm_with_one_factor_a_part() -> None:
    document = read("## 2.1 Plain 配置（无优化）\n\n**配置**: FP32 + 标准 PyTorch + AdamW\n")
    (arm,) = document.arms
    assert arm.name == "Plain"
    assert arm.factors == {"precision": "fp32", "标准 pytorch": "标准 PyTorch", "optimizer": "adamw"}


def test_factors_that_exclude_one_another_have_one_name() -> None:
    document = read("## Fast\n\nConfiguration: BF16 + Muon + torch.compile + FlashAttn + QKNorm\n")
    (arm,) = document.arms
    assert arm.factors == {
        "precision": "bf16",
        "optimizer": "muon",
        "compile": "torch.compile",
        "flash_attention": "FlashAttn",
        "qk_norm": "QKNorm",
    }


def test_two_values_beside_two_names_are_two_arms() -> None:
    one, other = read("- Batch Size: 2 (CPU) vs 8 (MPS)\n").arms
    assert (one.name, one.factors) == ("CPU", {"batch": "2", "device": "cpu"})
    assert (other.name, other.factors) == ("MPS", {"batch": "8", "device": "mps"})


def test_an_arm_that_is_a_device_is_no_run() -> None:
    document = read("Batch Size: 2 (CPU) vs 8 (MPS)\n\nMPS peak memory: 3 GB\n")
    (told,) = claims(document, "memory_peak")
    assert told.settings["device"] == "mps"
    assert "run" not in told.settings


def test_figures_of_an_arm_and_of_its_comparison_know_it() -> None:
    document = read("""
        ## Slow config
        Config: FP32 + SGD
        - Total time: 9 s
        ## Quick config
        Config: BF16 + SGD
        - Total time: 3 s
        ## Comparison
        Quick is 3.0x faster than Slow.
        """)
    assert [told.settings["run"] for told in claims(document, "duration")] == ["Slow", "Quick"]
    (ratio,) = claims(document, "speedup")
    assert (ratio.settings["run"], ratio.settings["baseline"]) == ("Quick", "Slow")


def test_a_heading_is_named_without_its_number_and_remarks() -> None:
    assert name_of("测试 3: 模型加载 ✅ PASSED") == "模型加载"
    assert name_of("2.2 Tuned 配置（多项优化）".replace("（", "(").replace("）", ")")) == "Tuned"
    assert name_of("✅ 已完成") == "已完成"
