"""Texts of our own, in both languages, through the reader and the rules."""

from pathlib import Path

import pytest

from tests.judge.audit.documents import known
from verify.claims.read import read_markdown
from verify.judge.audit.audit import audit_document

SOUND = """# Training report

**Date**: 2031-03-04 05:06
**Machine**: Apple M1 Max (32-core GPU, 64 GB RAM) / macOS 26.2
**Seed**: 7, dataset sha256 {digest}

## Summary

| Item | Result |
|------|--------|
| Functional tests | {tests} passed |

## Functional tests

| Test | Status | Time |
|------|--------|------|
| PyTorch MPS basics | ✅ | 0.9 s |
| PEFT LoRA | ✅ | 4.2 s |
| Transformers | ✅ | 7.7 s |

## Matrix multiplication

| Matrix size | Time | Performance |
|-------------|------|-------------|
| 1024x1024 | 0.25 ms | {rate} GFLOPS |
| 2048x2048 | 1.80 ms | 9,544 GFLOPS |
| 4096x4096 | 14.2 ms | 9,679 GFLOPS |

## LoRA fine-tune

- Base model: GPT-2
- Trainable parameters: 589,824
- Total parameters: 125,029,632
- Trainable share: {share}%
- Peak memory: {memory} GB

## Training speed

| Batch size | Throughput |
|------------|------------|
| 8 | {throughput} samples/s |
| 16 | 1,500 samples/s |
| 32 | 1,800 samples/s |

## Versions

| Package | Version |
|---------|---------|
| torch | 2.16.0 |
| peft | 0.21.0 |
"""
RIGHT = {
    "digest": "0" * 64,
    "tests": "3/3",
    "rate": "8,590",
    "share": "0.47",
    "memory": "1.10",
    "throughput": "1,000",
}


def _rules(text: str) -> list[str]:
    written = read_markdown(text.encode(), "report.md")
    return [finding.rule for finding in audit_document(written, known())]


def test_a_sound_report_has_no_fault() -> None:
    assert _rules(SOUND.format(**RIGHT)) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tests": "4/4"}, ["counts.listed"]),
        ({"rate": "9,100"}, ["recompute.value"]),
        ({"rate": "14,000"}, ["physics.above_datasheet", "recompute.value"]),
        ({"share": "0.74"}, ["recompute.value"]),
        ({"memory": "0.41"}, ["physics.memory_below_weights"]),
        ({"throughput": "300"}, ["monotone.step_time"]),
    ],
)
def test_one_number_that_is_wrong_is_found(changed: dict[str, str], expected: list[str]) -> None:
    assert _rules(SOUND.format(**RIGHT | changed)) == expected


LOG = """# 训练报告

**日期**: 2031-03-04 05:06

## 配置

- 词表大小: 8,000
- 批次大小: 8
- 序列长度: 256

## 训练过程

```
Step 100/500 | Loss: {first} | Tokens/s: 40960 | Time: 5.0s
Step 200/500 | Loss: 5.1000 | Tokens/s: 40960 | Time: 10.0s
Step 300/500 | Loss: {middle} | Tokens/s: 40960 | Time: 15.0s
Step 400/500 | Loss: 3.0100 | Tokens/s: 40960 | Time: 20.0s
Step 500/500 | Loss: 3.0000 | Tokens/s: 40960 | Time: 25.0s
```

- 最终损失: {last}
- 收敛性: 损失正常下降

随机种子: 3
数据 sha256: {digest}

| 包 | 版本 |
|----|------|
| torch | 2.16.0 |
"""
LEARNED = {"first": "8.7000", "middle": "3.1000", "last": "3.0000", "digest": "0" * 64}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, set()),
        ({"first": "42.0000"}, {"chance.far_above"}),
        ({"middle": "6.2000"}, {"trend.rise"}),
        ({"last": "2.5000"}, {"recompute.log"}),
    ],
)
def test_a_log_is_held_against_what_is_said_of_it(changed: dict[str, str], expected: set[str]) -> None:
    assert set(_rules(LOG.format(**LEARNED | changed))) == expected


def test_a_report_that_claims_too_much_is_found_out() -> None:
    text = (Path(__file__).parent / "texts" / "tuned.md").read_text(encoding="utf-8")
    written = read_markdown(text.encode(), "tuned.md")
    found = {(finding.rule, finding.subject) for finding in audit_document(written, known())}
    assert found == {
        ("hygiene.versions", "packages"),
        ("hygiene.seed", "seed"),
        ("hygiene.dataset", "dataset"),
        ("physics.memory_limit", "memory"),
        ("chance.far_above", "loss"),
        ("chance.not_learned", "loss"),
        ("trend.rise", "loss"),
        ("confound.arms", "comparison"),
        ("steady_state.average", "token_rate"),
        ("steady_state.flips", "token_rate"),
        ("steady_state.break_even", "steps"),
        ("steady_state.advice", "steps"),
        ("untested.capability", "mixed_precision"),
        ("untested.capability", "qlora"),
        ("untested.capability", "distributed"),
        ("untested.still_to_do", "qlora"),
        ("untested.any_size", "model"),
        ("peak.rising", "matmul_rate"),
        ("peak.wording", "matmul_rate"),
    }
