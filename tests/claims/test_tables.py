"""Tables of figures, tests, packages and files."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

from tests.claims.written import claim, claims, read, said


def test_a_column_names_the_figures_and_a_row_narrows_them() -> None:
    document = read("""
        ## 矩阵乘法

        | 矩阵大小 | 时间 | 性能 |
        |---|---|---|
        | 768×768 | 0.21 ms | **4,300 GFLOPS** |
        | 1536×1536 | 0.9 ms | 8,053 GFLOPS |
        """)
    assert [
        (told.quantity.low, told.settings["size"], told.place.line) for told in claims(document, "matmul_time")
    ] == [
        (0.00021, 768, 6),
        (0.0009, 1536, 7),
    ]
    assert [told.quantity.low for told in claims(document, "matmul_rate")] == [4300, 8053]


def test_a_unit_in_the_head_is_that_of_the_cells() -> None:
    document = read("""
        ## Activation functions

        | Function | Time (us) |
        |---|---|
        | GELU | 840 |
        """)
    told = claim(document, "activation_time")
    assert (told.quantity.low, told.settings["function"]) == (0.00084, "gelu")


def test_a_row_that_begins_with_a_number_is_of_that_number() -> None:
    document = read("""
        | Batch Size | Throughput |
        |---|---|
        | 4 | 1,900/s |
        | 64 | 41,200/s |
        """)
    rates = claims(document, "training_rate")
    assert [(told.quantity.low, told.quantity.unit, told.settings["batch"]) for told in rates] == [
        (1900, "samples/s", 4),
        (41200, "samples/s", 64),
    ]


def test_rows_may_name_the_figures_instead() -> None:
    document = read("""
        | 参数 | 值 |
        |---|---|
        | 词表大小 | 21,128 |
        | 训练步数 | 80 |
        | Tokens/s | 51,300 |
        """)
    assert claim(document, "vocabulary").quantity.low == 21128
    assert claim(document, "steps").quantity.low == 80
    assert claim(document, "token_rate").quantity.unit == "tokens/s"


def test_columns_that_are_arms_are_compared() -> None:
    document = read("""
        ## 1. Plain 配置

        **配置**: FP32 + AdamW

        ## 2. Tuned 配置

        **配置**: BF16 + Muon + torch.compile

        ## 3. 对比

        | 指标 | Plain | Tuned | 对比 |
        |---|---|---|---|
        | 总时间 | 2.1s | 8.4s | 4.0x 慢 ⚠️ |
        """)
    assert [(told.quantity.low, told.settings["run"]) for told in claims(document, "duration")] == [
        (2.1, "Plain"),
        (8.4, "Tuned"),
    ]
    ratio = claim(document, "slowdown")
    expected = {"run": "Tuned", "baseline": "Plain", "of": "duration"}
    assert expected.items() <= ratio.settings.items()


def test_a_cell_tells_of_its_whole_row() -> None:
    document = read("| 模型规模 | 方案 | 预期内存 |\n|---|---|---|\n| 3B | FP16 + LoRA | 6-9 GB |\n")
    told = claim(document, "memory_used")
    assert {"technique": "lora", "dtype": "float16", "parameters": 3e9}.items() <= told.settings.items()
    assert told.stated_as == "estimated"


def test_two_names_beside_two_figures_are_told_apart() -> None:
    document = read("| Setting | Value |\n|---|---|\n| LoRA rank / alpha | 12 / 24 |\n")
    assert (claim(document, "rank").quantity.low, claim(document, "alpha").quantity.low) == (12, 24)


def test_columns_may_be_devices() -> None:
    document = read("""
        | 模型 | CPU时间 | CUDA时间 | 加速比 |
        |---|---|---|---|
        | Qwen2.5-0.5B | 30分钟 | 4-6分钟 | 5-7x |
        """)
    slow, fast = claims(document, "duration")
    assert (slow.settings["device"], fast.settings["device"]) == ("cpu", "cuda")
    assert slow.settings["model"] == fast.settings["model"] == "qwen2.5-0.5b"
    assert claim(document, "speedup").quantity.high == 7


def test_platforms_in_a_comparison_are_not_the_machine() -> None:
    document = read("""
        ### 其他平台 (估算)

        | 平台 | TFLOPS (FP32) | 内存带宽 |
        |---|---|---|
        | H100 (FP32) | ~60 | ~3 TB/s |
        | M3 Pro (MPS) | ~7 | ~150 GB/s |
        """)
    assert not document.machines
    first, second = claims(document, "matmul_rate")
    assert (first.quantity.low, first.settings["chip"], first.stated_as) == (60000, "H100", "estimated")
    assert second.settings["chip"] == "M3 Pro"
    assert claims(document, "bandwidth")[0].quantity.low == 3000


def test_a_table_of_tests_is_an_enumeration() -> None:
    document = read("""
        ## 功能测试

        | 测试 | 状态 | 内存 |
        |---|---|---|
        | MPS 基础 | ✅ | 0.4 GB |
        | LoRA | ❌ 失败 | 0.5 GB |
        """)
    (tests,) = document.enumerations
    assert (tests.what, tests.stated) == ("functional", None)
    assert [(item.name, item.passed, item.about, item.place.line) for item in tests.items] == [
        ("MPS 基础", True, "mps", 6),
        ("LoRA", False, "lora", 7),
    ]
    assert {("passed", "mps", False), ("passed", "lora", True)} <= said(document)


def test_packages_are_pinned_and_what_is_ticked_beside_them_is_claimed() -> None:
    document = read("""
        | Package | Version | Status |
        |---|---|---|
        | peft | 0.15.2 | ✅ QLoRA |
        | Numpy | 2.1.0 | ok |
        """)
    assert [(told.package, told.version, told.place.line) for told in document.pinned] == [
        ("peft", "0.15.2", 4),
        ("numpy", "2.1.0", 5),
    ]
    assert said(document) == {("available", "qlora", False)}
    assert not document.claims


def test_columns_of_files_and_problems_are_named() -> None:
    document = read("""
        | 问题 | 解决方案 |
        |---|---|
        | 没有网络 | 稍后再试 |
        """)
    assert [(told.what, told.value) for told in document.named] == [("problem", "没有网络"), ("solution", "稍后再试")]


def test_a_cell_that_says_nothing_is_none() -> None:
    document = read("| Memory | GPU |\n|---|---|\n| LoRA | - |\n| MLX | N/A |\n")
    assert not document.claims
    assert len(document.unread) == 2


def test_a_row_of_a_column_of_sizes_is_of_that_size() -> None:
    document = read("""
        ## Matrix product

        | n | time | rate |
        |---|---|---|
        | 1,024 | 0.40 ms | 5,369 GFLOPS |
        """)
    assert [(claim.topic, claim.settings["size"]) for claim in document.claims] == [
        ("matmul_time", 1024.0),
        ("matmul_rate", 1024.0),
    ]


def test_a_batch_size_is_no_size_of_a_matrix() -> None:
    document = read("| Batch size | time |\n|---|---|\n| 16 | 3 ms |\n")
    assert [dict(claim.settings) for claim in document.claims] == [{"batch": 16.0}]
