"""Training logs, as lines and as tables."""

import pytest

from tests.claims.written import read


def test_lines_of_a_log_are_read_with_their_run() -> None:
    document = read("""
        ### Plain 配置

        **配置**: FP32 + AdamW

        ```
        Step 5/20 | Loss: 9.1204 | Tokens/s: 31002 | Time: 0.6s
        Step 10/20 | Loss: 8.7000 | Tokens/s: 40110 | Time: 0.9s
        ```
        """)
    first, second = document.logged
    assert (first.run, first.step, first.steps, first.place.line) == ("Plain", 5, 20, 7)
    assert (first.loss, first.token_rate, first.seconds) == (9.1204, 31002, 0.6)
    assert first.rounding == pytest.approx({"loss": 1e-4, "token_rate": 1, "seconds": 0.1})
    assert second.step == 10
    assert not document.unread


@pytest.mark.parametrize(
    "line",
    [
        "Iter 30: Train loss 1.204, It/sec 0.412, Tokens/sec 205.113, Trained Tokens 15021",
        "Iter 30 | Train Loss: 1.204 | It/sec: 0.412 | Tokens/sec: 205.113 | Trained tokens: 15,021",
    ],
)
def test_other_loggers_are_read(line: str) -> None:
    (told,) = read(f"```text\n{line}\n```\n").logged
    assert (told.step, told.steps, told.loss, told.validation_loss) == (30, None, 1.204, None)
    assert (told.iteration_rate, told.token_rate, told.tokens) == (0.412, 205.113, 15021)


def test_a_validation_loss_is_no_training_loss() -> None:
    (told,) = read("Iter 30: Val loss 1.931, Val took 3.2s\n").logged
    assert (told.loss, told.validation_loss) == (None, 1.931)


def test_a_table_of_steps_is_a_log() -> None:
    document = read("""
        | 迭代次数 | 训练损失 (Train Loss) | 验证损失 (Val Loss) | 速度 (It/sec) | Tokens/sec | 累积 Tokens |
        |---|---|---|---|---|---|
        | Iter 1 | - | **2.4** | - | - | - |
        | Iter 1,000 | 1.91 | - | 0.5 | 210.5 | 16,020 |
        """)
    first, second = document.logged
    assert (first.step, first.loss, first.validation_loss) == (1, None, 2.4)
    assert (second.step, second.loss, second.iteration_rate) == (1000, 1.91, 0.5)
    assert (second.token_rate, second.tokens, second.place.line) == (210.5, 16020, 5)


def test_a_step_without_a_figure_is_no_log() -> None:
    assert not read("Step 3: start the server\n").logged
    assert not read("| Step | What |\n|---|---|\n| 1 | start |\n").logged
