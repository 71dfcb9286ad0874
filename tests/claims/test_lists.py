"""What counts can be held against."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

from tests.claims.written import claim, read, said


def test_numbered_tests_are_an_enumeration() -> None:
    document = read("""
        # Report
        ## Details
        ### Test 1: MPS basics ✅ PASSED
        ### Test 2: LoRA ✅ PASSED
        ### Test 4: Quantization ⚠️ limits of MPS
        """)
    (tests,) = document.enumerations
    assert tests.what == "test"
    assert [(item.number, item.name, item.passed, item.about) for item in tests.items] == [
        (1, "MPS basics", True, "mps"),
        (2, "LoRA", True, "lora"),
        (4, "Quantization", False, "quantization"),
    ]
    assert {("passed", "mps", False), ("passed", "lora", False)} <= said(document)


def test_numbered_benchmarks_are_an_enumeration() -> None:
    document = read(
        "# 报告\n## 基准测试结果\n### 1. 矩阵乘法\n### 2. 内存带宽\n### 说明\n## 结论\n### 1. 好\n### 2. 很好\n"
    )
    (benchmarks,) = document.enumerations
    assert (benchmarks.what, [item.name for item in benchmarks.items]) == ("benchmark", ["矩阵乘法", "内存带宽"])


def test_layers_of_a_network_are_held_against_their_count() -> None:
    document = read("""
        **Architecture**: SmallNet (a net of 2 layers)
        ```
        Layer 1: 64 → 32 (ReLU)
        Layer 2: 32 -> 16
        Output: 16 → 5 (classes)
        ```
        """)
    (network,) = document.enumerations
    assert (network.what, network.stated) == ("layers", 2)
    assert [item.shape for item in network.items] == [(64, 32), (32, 16), (16, 5)]
    assert [item.place.line for item in network.items] == [4, 5, 6]
    assert claim(document, "classes").quantity.low == 5
    assert not document.unread


def test_modules_listed_as_all_are_an_enumeration() -> None:
    document = read("- ✅ 所有优化模块能正常工作（FP8、torch.compile）\n- some modules (A, B)\n")
    (modules,) = document.enumerations
    assert (modules.what, modules.every) == ("modules", True)
    assert [item.about for item in modules.items] == ["fp8", "compile"]


def test_a_list_is_held_against_the_count_that_leads_to_it() -> None:
    for text in ("包括四个实验：\n1. A 组\n2. B 组\n", "It has four experiments:\n\n- A\n- B\n"):
        (items,) = read(text).enumerations
        assert (items.stated, len(items.items)) == (4, 2)
