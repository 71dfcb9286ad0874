"""A number is read with what it is about."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

import pytest

from tests.claims.written import claim, claim_of, claims, read


@pytest.mark.parametrize(
    ("line", "topic", "low", "high", "unit"),
    [
        ("- **Matrix multiplication**: up to 9.5 TFLOPS", "matmul_rate", 0, 9500, "GFLOPS"),
        ("矩阵乘法: 最高 9.5 TFLOPS", "matmul_rate", 9500, 9500, "GFLOPS"),
        ("内存带宽: 310 GB/s", "bandwidth", 310, 310, "GB/s"),
        ("Memory bandwidth reached 310 GB/s", "bandwidth", 310, 310, "GB/s"),
        ("Forward pass: 0.4 ms", "forward_time", 0.0004, 0.0004, "s"),
        ("加载时间: 4.2 秒", "load_time", 4.2, 4.2, "s"),
        ("Loading took 4.2 s", "load_time", 4.2, 4.2, "s"),
        ("加载速度: ~9,100 参数/毫秒", "load_rate", 9100, 9100, "parameters/ms"),
        ("总训练时间: 2.31 秒", "duration", 2.31, 2.31, "s"),
        ("训练速度约 0.21 ~ 0.24 It/sec", "iteration_rate", 0.21, 0.24, "it/s"),
        ("Average speed: 64,100 tokens/s", "token_rate", 64100, 64100, "tokens/s"),
        ("每秒处理 tokens（Tokens/sec）: 约 90 ~ 110", "token_rate", 90, 110, "tokens/s"),
        ("训练吞吐: 18,200 samples/sec", "training_rate", 18200, 18200, "samples/s"),
        ("参数量: 81,912", "parameters", 81912, 81912, "1"),
        ("Trainable parameters: 884,736", "trainable_parameters", 884736, 884736, "1"),
        ("总参数: 82,797,312", "total_parameters", 82797312, 82797312, "1"),
        ("训练参数占比: 1.07%", "share", 1.07, 1.07, "%"),
        ("Memory saved: 60%", "saving", 60, 60, "%"),
        ("初始损失: ~4.61", "loss_initial", 4.61, 4.61, "1"),
        ("Final loss: 0.71", "loss_final", 0.71, 0.71, "1"),
        ("平均损失: 1.9", "loss_mean", 1.9, 1.9, "1"),
        ("峰值内存: 0.81 GB", "memory_peak", 0.81, 0.81, "GB"),
        ("Peak memory 512 MB", "memory_peak", 0.512, 0.512, "GB"),
        ("批次大小: 16", "batch", 16, 16, "1"),
        ("Batch size: 16", "batch", 16, 16, "1"),
        ("训练步数: 300 iters", "steps", 300, 300, "1"),
        ("学习率: 3e-4", "learning_rate", 3e-4, 3e-4, "1"),
        ("最大序列长度: 1024", "sequence_length", 1024, 1024, "1"),
        ("LoRA 秩 (r): 4", "rank", 4, 4, "1"),
        ("LoRA alpha: 32", "alpha", 32, 32, "1"),
        ("词表大小: 32,000", "vocabulary", 32000, 32000, "1"),
        ("注意力头数: 6", "heads", 6, 6, "1"),
        ("执行时间: < 2 秒", "duration", 0, 2, "s"),
        ("总测试数: 9", "tests_total", 9, 9, "1"),
        ("It reached 71% of the theoretical peak", "share", 71, 71, "%"),
        ("using 18.5 GB of GPU memory", "memory_used", 18.5, 18.5, "GB"),
        ("All 21 unit tests ran", "tests_total", 21, 21, "1"),
        ("Warmup steps: 30", "other", 30, 30, "1"),
        ("功耗: ~35W", "power", 35, 35, "W"),
        ("训练速度提升 3-5倍", "speedup", 3, 5, "x"),
        ("it is 3.2x slower", "slowdown", 3.2, 3.2, "x"),
    ],
)
def test_the_word_before_a_figure_names_it(line: str, topic: str, low: float, high: float, unit: str) -> None:
    told = claim_of(line)
    assert (told.topic, told.quantity.unit) == (topic, unit)
    assert (told.quantity.low, told.quantity.high) == pytest.approx((low, high))


def test_the_word_in_parentheses_behind_a_figure_names_it() -> None:
    final = read("最终达到 1.204（Train Loss）/ 1.377（Val Loss）。").claims
    assert [(told.topic, told.quantity.low, told.settings.get("split")) for told in final] == [
        ("loss_final", 1.204, None),
        ("loss_final", 1.377, "validation"),
    ]


def test_only_the_loss_beside_it_is_of_the_validation() -> None:
    trained, held_out = claims(read("最终损失值 0.71（训练）/ 0.83（验证）"), "loss_final")
    assert "split" not in trained.settings
    assert held_out.settings["split"] == "validation"


def test_a_loss_that_moves_has_two_ends() -> None:
    for line in ("损失从 8.12 降至 7.45", "the loss fell from 8.12 to 7.45"):
        document = read(line)
        assert claim(document, "loss_initial").quantity.low == 8.12
        assert claim(document, "loss_final").quantity.low == 7.45


def test_each_figure_has_the_step_beside_it() -> None:
    first, last = read("- 损失从 5.31 (Iter 20) 降到 4.02 (Iter 400)").claims
    assert (first.settings["step"], last.settings["step"]) == (20, 400)


def test_two_figures_of_a_line_are_told_apart() -> None:
    document = read("Batch Size: 4 (CPU) vs 16 (CUDA)")
    assert [(told.quantity.low, told.settings["device"]) for told in claims(document, "batch")] == [
        (4, "cpu"),
        (16, "cuda"),
    ]


def test_a_slowdown_and_the_speedup_that_was_hoped_for_are_told_apart() -> None:
    document = read("配置 B 比 A 慢了 4.2 倍，与预期的 3-6x 加速相反。")
    assert claim(document, "slowdown").quantity.low == 4.2
    assert claim(document, "slowdown").stated_as == "measured"
    hoped = claim(document, "speedup")
    assert (hoped.quantity.low, hoped.quantity.high, hoped.stated_as) == (3, 6, "estimated")


def test_a_share_shows_what_was_divided_by_what() -> None:
    document = read("- 可训练参数占比: 0.21% (1.5M / 720.4M)")
    assert claim(document, "share").settings["part"] == "trainable_parameters"
    assert claim(document, "trainable_parameters").quantity.low == 1.5e6
    assert claim(document, "total_parameters").quantity.low == pytest.approx(720.4e6)


def test_a_fraction_of_tests_is_two_counts() -> None:
    for line, kind in (("功能测试: 5/7 通过", "functional"), ("Benchmarks: 5/7 passed", "benchmark")):
        document = read(line)
        assert claim(document, "tests_passed").quantity.low == 5
        assert claim(document, "tests_total").quantity.low == 7
        assert claim(document, "tests_total").settings["kind"] == kind


def test_counts_of_outcomes_are_read() -> None:
    document = read("Done: 8 passed, 2 failed")
    assert claim(document, "tests_passed").quantity.low == 8
    assert claim(document, "tests_failed").quantity.low == 2
    document = read("测试完成: 8 通过, 2 失败")
    assert claim(document, "tests_passed").quantity.low == 8
    assert claim(document, "tests_failed").quantity.low == 2


@pytest.mark.parametrize(
    ("line", "formula", "result"),
    [("so 32 × 3 = 96", "32 * 3", 96), ("即 8 * 5 = 40", "8 * 5", 40), ("2 + 3 + 4 = 9 in all", "2 + 3 + 4", 9)],
)
def test_a_sum_in_prose_is_a_claim(line: str, formula: str, result: float) -> None:
    told = claim(read(line), "sum")
    assert (told.settings["formula"], told.quantity.low) == (formula, result)


@pytest.mark.parametrize(
    "line",
    [
        "Apple M2 Ultra, GPT-2, FP16 and 4-bit",
        "see https://example.org/42/7 and logs/run_2024-03-04.txt",
        "torch 2.10.0 on Python 3.14",
        "from 2026-02-15 09:30",
        "train.py:48 is where it is",
        "set PYTORCH_ENABLE_MPS_FALLBACK=1",
    ],
)
def test_numbers_that_are_names_are_no_figures(line: str) -> None:
    assert not read(line).claims


def test_what_leads_to_a_figure_narrows_it() -> None:
    document = read("""
        # Report
        ## Results on the M3 Max (MPS)

        Memory:

        - 12 layers, 768 hidden: 0.9 GB
        """)
    told = claim(document, "memory_used")
    assert {"device": "mps", "chip": "M3 Max", "layers": 12, "hidden": 768}.items() <= told.settings.items()
    assert told.section == ("Report", "Results on the M3 Max (MPS)")
    assert told.place.line == 7


def test_how_a_figure_is_stated_is_told() -> None:
    assert claim(read("expected bandwidth: 300 GB/s"), "bandwidth").stated_as == "estimated"
    assert claim(read("理论值: 带宽 300 GB/s"), "bandwidth").stated_as == "datasheet"
    assert claim(read("bandwidth: 300 GB/s"), "bandwidth").stated_as == "measured"
    assert claim(read("## 对比 (估算)\n\n带宽 300 GB/s\n"), "bandwidth").stated_as == "estimated"


def test_a_figure_that_nothing_names_is_no_more_than_a_figure() -> None:
    document = read("there were 15 of them")
    assert claim(document, "other").quantity.low == 15
    assert [unread.place.line for unread in document.unread] == [1]


def test_a_line_of_data_is_left_unread() -> None:
    document = read(", ".join(str(number) for number in range(200)))
    assert not document.claims
    assert len(document.unread) == 1
