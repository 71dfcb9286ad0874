"""Lines that name something."""

import pytest

from tests.claims.written import read


@pytest.mark.parametrize(
    ("line", "what", "value"),
    [
        ("- **基础模型**: GPT-2", "model", "GPT-2"),
        ("- Dataset: `~/data/qa`", "dataset", "~/data/qa"),
        ("优化器: Adam", "optimizer", "Adam"),
        ("Loss function: cross entropy", "loss_function", "cross entropy"),
        ("- **应用层**: `q_proj`, `v_proj`", "modules", "q_proj, v_proj"),
        ("**位置**: `train.py:12`", "path", "train.py:12"),
        ("- `out/adapters.safetensors`", "path", "out/adapters.safetensors"),
        ("- 梯度检查点: 关闭", "setting", "关闭"),
    ],
)
def test_what_a_line_names_is_told(line: str, what: str, value: str) -> None:
    (told,) = read(line).named
    assert (told.what, told.value, told.place.line) == (what, value, 1)


def test_a_key_that_is_not_known_names_nothing() -> None:
    document = read("Weather: sunny")
    assert not document.named
    assert [told.text for told in document.unread] == ["Weather: sunny"]
