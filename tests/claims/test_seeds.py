"""Real reports that people wrote are read: their figures, their words and the lines of both."""

from functools import cache
from pathlib import Path

import pytest

from verify.claims.claim import Claim, Document, Topic
from verify.claims.read import read_markdown

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
NUMBERS = ("000", "001", "002", "003", "004")

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the hand-written reports are not here")


@cache
def seed(number: str) -> Document:
    """One of the reports, read."""
    (path,) = SEEDS.glob(f"{number}_*")
    return read_markdown(path.read_bytes(), path.name)


def at(number: str, line: int, topic: Topic) -> Claim:
    """The first claim of a topic in a line."""
    return next(told for told in seed(number).claims if told.place.line == line and told.topic == topic)


@pytest.mark.parametrize(
    ("number", "line", "topic", "ends", "settings"),
    [
        ("000", 4, "memory_total", (64, 64), {}),
        ("000", 14, "tests_total", (6, 6), {"kind": "benchmark"}),
        ("000", 26, "matmul_time", (0.00013, 0.00013), {"size": 512, "device": "mps"}),
        ("000", 28, "matmul_rate", (12634, 12634), {"size": 2048}),
        ("000", 30, "matmul_rate", (12600, 12600), {"bound": "peak"}),
        ("000", 38, "bandwidth", (357, 357), {"size": 4096}),
        ("000", 48, "forward_time", (0.0006, 0.0006), {"layers": 12, "hidden": 768}),
        ("000", 54, "training_rate", (2330, 2330), {"batch": 8}),
        ("000", 62, "activation_time", (0.00144, 0.00144), {"function": "relu"}),
        ("000", 73, "duration", (0, 1), {}),
        ("000", 86, "training_rate", (26908, 26908), {"batch": 32}),
        ("000", 87, "forward_time", (0.0006, 0.0006), {"layers": 12, "architecture": "transformer"}),
        ("000", 94, "bandwidth", (2000, 2000), {"chip": "A100"}),
        ("001", 14, "tests_total", (6, 6), {}),
        ("001", 16, "tests_failed", (2, 2), {}),
        ("001", 17, "pass_rate", (100, 100), {"kind": "core"}),
        ("001", 64, "classes", (10, 10), {}),
        ("001", 75, "parameters", (74826, 74826), {}),
        ("001", 76, "loss_initial", (2.3, 2.3), {"steps": 100, "batch": 32}),
        ("001", 77, "loss_final", (2.3, 2.3), {}),
        ("001", 102, "load_time", (9.31, 9.31), {"model": "gpt2"}),
        ("001", 104, "load_rate", (7000, 7000), {}),
        ("001", 133, "share", (0.94, 0.94), {"part": "trainable_parameters"}),
        ("001", 134, "saving", (99, 99), {"whole": "memory"}),
        ("001", 140, "memory_peak", (0.34, 0.34), {"model": "gpt2", "technique": "lora"}),
        ("001", 210, "memory_used", (8, 16), {"technique": "lora"}),
        ("002", 91, "duration", (1200, 1200), {"device": "cpu", "samples": 100}),
        ("002", 92, "speedup", (2.5, 4), {"device": "mps"}),
        ("002", 98, "duration", (1200, 1200), {"device": "cpu", "model": "qwen2.5-0.5b"}),
        ("002", 100, "speedup", (3, 4), {"model": "qwen2.5-3b"}),
        ("002", 129, "sum", (8, 8), {"formula": "2 * 4"}),
        ("002", 270, "duration", (180, 180), {"device": "mps", "samples": 50, "model": "qwen2.5-0.5b"}),
        ("002", 299, "speedup", (3.3, 3.3), {"model": "qwen2.5-1.5b"}),
        ("002", 359, "power", (20, 20), {"device": "mps"}),
        ("002", 374, "memory_total", (16, 16), {}),
        ("003", 5, "memory_total", (48, 48), {"chip": "M4"}),
        ("003", 11, "learning_rate", (1e-5, 1e-5), {}),
        ("003", 18, "alpha", (16, 16), {}),
        ("003", 31, "trainable_parameters", (2.097e6, 2.097e6), {}),
        ("003", 31, "total_parameters", (14770.034e6, 14770.034e6), {}),
        ("003", 36, "memory_peak", (39.199, 39.199), {}),
        ("003", 38, "iteration_rate", (0.09, 0.10), {}),
        ("003", 62, "loss_final", (0.939, 0.939), {"split": "validation", "step": 100}),
        ("004", 28, "accuracy_error", (0, 1e-6), {}),
        ("004", 38, "tests_passed", (6, 6), {"kind": "functional"}),
        ("004", 54, "vocabulary", (30000, 30000), {}),
        ("004", 77, "token_rate", (71289, 71289), {"run": "Baseline"}),
        ("004", 97, "loss_final", (56.6314, 56.6314), {"run": "Recommended"}),
        ("004", 104, "slowdown", (6.9, 6.9), {"run": "Recommended", "baseline": "Baseline", "of": "duration"}),
        ("004", 115, "speedup", (2, 3), {}),
        ("004", 163, "steps", (50, 50), {}),
        ("004", 289, "speedup", (2, 4), {}),
    ],
)
def test_figures_are_read_in_their_lines(
    number: str, line: int, topic: Topic, ends: tuple[float, float], settings: dict[str, float | str]
) -> None:
    told = at(number, line, topic)
    assert (told.quantity.low, told.quantity.high) == pytest.approx(ends)
    assert settings.items() <= told.settings.items()


@pytest.mark.parametrize(
    ("number", "line", "said"),
    [
        ("000", 30, ("near_peak", "matmul", None, False)),
        ("000", 97, ("power_efficient", "power_efficiency", None, False)),
        ("000", 118, ("any_size", "training", None, False)),
        ("000", 119, ("ready", "qlora", None, False)),
        ("001", 18, ("ready", "", True, False)),
        ("001", 26, ("supported", "quantization", False, True)),
        ("001", 32, ("passed", "mps", True, False)),
        ("001", 83, ("converged", "training", True, False)),
        ("001", 204, ("available", "mlx_training", True, False)),
        ("001", 230, ("available", "distributed", True, False)),
        ("001", 268, ("available", "gradient_checkpointing", True, False)),
        ("002", 110, ("memory_limited", "memory", None, False)),
        ("002", 365, ("supported", "fp16", None, True)),
        ("003", 14, ("available", "gradient_checkpointing", None, True)),
        ("003", 60, ("no_oscillation", "training", None, False)),
        ("003", 63, ("generalises", "lora", None, False)),
        ("003", 65, ("stable", "speed", None, False)),
        ("004", 50, ("memory_limited", "memory", None, False)),
        ("004", 98, ("falling", "loss", True, False)),
        ("004", 202, ("planned", "distributed", None, False)),
        ("004", 248, ("supported", "fp8", True, False)),
        ("004", 259, ("integrated", "qk_norm", False, True)),
    ],
)
def test_words_are_read_in_their_lines(number: str, line: int, said: tuple[str, str, bool | None, bool]) -> None:
    told = [
        (told.says, told.about, told.mark, told.denied) for told in seed(number).statements if told.place.line == line
    ]
    assert said in told


def test_lists_are_read_with_all_their_items() -> None:
    listed = {
        number: {told.what: len(told.items) for told in seed(number).enumerations} for number in ("000", "001", "004")
    }
    assert listed["000"] == {"benchmark": 5, "functional": 4}
    assert listed["001"] == {"test": 6, "check": 5, "layers": 4}
    assert listed["004"] == {"functional": 6, "modules": 3, "items": 3}


def test_logs_are_read_whole() -> None:
    assert [told.step for told in seed("003").logged] == [1, *range(10, 101, 10)]
    assert [told.run for told in seed("004").logged] == ["Baseline"] * 5 + ["Recommended"] * 5
    first = seed("004").logged[0]
    assert (first.place.line, first.loss, first.token_rate, first.seconds) == (68, 65.8646, 43799, 0.5)


def test_the_machines_are_told() -> None:
    assert [(told.chip, told.memory_gb) for told in seed("000").machines] == [("M2 Ultra", 64)]
    assert [told.python for told in seed("001").machines] == [None, "3.14"]
    assert [(told.cuda, told.cuda_is) for told in seed("004").machines if told.cuda] == [
        ("13.0", ""),
        ("13.0", "runtime"),
        ("12.1", "build"),
    ]


def test_the_packages_are_told() -> None:
    assert len(seed("000").pinned) == 5
    assert len(seed("001").pinned) == 12
    assert ("datasets", "3.0.0") in [(told.package, told.version) for told in seed("001").pinned]


def test_the_arms_differ_in_what_they_say() -> None:
    plain, tuned = seed("004").arms
    assert set(plain.factors) == {"precision", "optimizer", "标准 pytorch"}
    assert {"precision", "optimizer", "compile", "flash_attention", "qk_norm", "async_data"} == set(tuned.factors)


@pytest.mark.parametrize(("number", "most"), list(zip(NUMBERS, (0, 0, 21, 2, 10), strict=True)))
def test_few_lines_stay_unread(number: str, most: int) -> None:
    assert len(seed(number).unread) <= most
