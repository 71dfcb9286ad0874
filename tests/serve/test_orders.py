"""From a form to a command."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import UsageError
from verify.serve.orders import Grounds, Order, certification, finetune, resumed


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    root = tmp_path / "project"
    root.mkdir()
    (root / "train.jsonl").write_text("{}\n")
    (tmp_path / "secret.jsonl").write_text("{}\n")
    return Grounds(root, [root], ["cpu"])


FORM = {"data": "train.jsonl", "model": "smollm2-135m", "rank": "8", "learning_rate": "1e-4", "epochs": "0.5"}


def test_a_certification_is_the_command_that_a_person_would_type(grounds: Grounds) -> None:
    order = certification({"level": "full", "environment": "cpu"}, grounds)
    assert order.words == ("run", "--level=full", "--environment=cpu")
    assert certification({"level": "quick", "environment": ""}, grounds).words == ("run", "--level=quick")


def test_a_fine_tune_is_the_command_that_a_person_would_type(grounds: Grounds) -> None:
    form = {**FORM, "mask_prompt": "on", "device": "cpu", "environment": "cpu", "seed": " "}
    output = grounds.root / "adapters" / "1"
    assert finetune(form, grounds, output).words == (
        "lora",
        "--model=smollm2-135m",
        "--data=train.jsonl",
        "--rank=8",
        "--learning-rate=0.0001",
        "--epochs=0.5",
        "--mask-prompt",
        "--device=cpu",
        "--environment=cpu",
        "--output=adapters/1",
    )
    assert resumed(output, grounds).words == ("lora", "--resume", "--output=adapters/1")


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("data", "../secret.jsonl", "not in a folder that this server may read"),
        ("data", "/etc/passwd", "not in a folder that this server may read"),
        ("data", "link.jsonl", "not in a folder that this server may read"),
        ("data", "none.jsonl", "is not there"),
        ("valid", "/", "not in a folder that this server may read"),
        ("model", "../../elsewhere", "not in a folder that this server may read"),
        ("model", "--trust-remote-code", "not there"),
        ("model", "a\nb", "holds what cannot be seen"),
        ("model", "m" * 1001, "too long"),
        ("rank", "eight", "is not a whole number"),
        ("rank", "0", "it must be at least 1"),
        ("learning_rate", "nan", "must be a number above 0"),
        ("alpha", "-1", "must be a number above 0"),
        ("engine", "jax", "is none"),
        ("dtype", "int8", "is none"),
        ("device", "tpu", "is none"),
        ("environment", "../cpu", "is not set up"),
        ("trust_remote_code", "on", "the form has no such field"),
        ("output", "/elsewhere", "the form has no such field"),
    ],
)
def test_what_cannot_be_trained_or_may_not_be_read_is_refused(
    grounds: Grounds, field: str, text: str, said: str
) -> None:
    (grounds.root / "link.jsonl").symlink_to(grounds.root.parent / "secret.jsonl")
    with pytest.raises(UsageError, match=said):
        finetune({**FORM, field: text}, grounds, grounds.root / "out")


@pytest.mark.parametrize("form", [{"level": "all"}, {"level": "quick", "key": "x"}, {"environment": "mine"}])
def test_a_run_that_there_is_not_is_refused(grounds: Grounds, form: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        certification(form, grounds)


@given(form=st.dictionaries(st.sampled_from([*FORM, "valid", "seed", "device", "level"]), st.text(max_size=30)))
def test_no_text_becomes_an_option_of_its_own(form: dict[str, str]) -> None:
    root = Path("/")
    grounds = Grounds(root, [Path("/")], [])
    orders: list[Callable[[], Order]] = [
        lambda: certification(form, grounds),
        lambda: finetune({**FORM, "data": ".", **form}, grounds, root / "out"),
    ]
    for order in orders:
        try:
            words = order().words
        except UsageError:
            continue
        assert words[0] in ("run", "lora")
        assert all(word.startswith("--") and "=" in word for word in words[1:])
