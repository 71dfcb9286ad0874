import argparse
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Verify
from verify.checks.fit.cases import cases
from verify.cli import fit
from verify.errors import Exit, VerifyError
from verify.run.answer import Answer

SMALL = {
    "model_type": "llama",
    "vocab_size": 4096,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


@pytest.mark.parametrize(
    ("text", "size"),
    [("64GB", 64 * 2**30), ("16 GiB", 16 * 2**30), ("512m", 512 * 2**20), ("1.5T", 3 * 2**39), ("9", 9)],
)
def test_memory_is_as_it_is_sold(text: str, size: int) -> None:
    assert fit.memory(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GB", "0", "0GB", "64 XB", "1e9", "GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no size of memory"):
        fit.memory(text)


def test_a_model_that_is_not_known_is_told_of_those_that_are(verify: Verify) -> None:
    ended = verify("fit", "--model", "no-such-model")
    assert ended.returncode == Exit.USAGE
    error, hint = ended.stderr.splitlines()
    assert error.startswith("error: no model is called no-such-model")
    assert "qwen2.5-0.5b" in hint
    assert "smollm2-135m" in hint


def test_a_file_that_is_no_configuration_is_named(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    ended = verify("fit", "--model", str(tmp_path))
    assert ended.returncode == Exit.USAGE
    assert "names no model_type" in ended.stderr


def test_without_an_environment_it_says_how_to_make_one(verify: Verify) -> None:
    ended = verify("fit", "--model", "gpt2")
    assert ended.returncode == Exit.USAGE
    assert "is set up" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_model_that_was_not_downloaded_says_how_it_is() -> None:
    job = fit.job_of("what_fits", None, {})
    answer = Answer(job, "errored", "LookupError: some/model is neither a path nor in the local copy of the hub")
    with pytest.raises(VerifyError) as raised:
        fit.passed(answer, "some/model")
    assert "hf download some/model config.json" in raised.value.hint


def test_the_cases_differ_and_cover_methods_formats_and_checkpointing() -> None:
    known = cases()
    recipes = [case["recipe"] for case in known]
    assert len(known) >= 6
    assert {recipe["method"] for recipe in recipes} == {"full", "lora"}
    assert {recipe["dtype"] for recipe in recipes} == {"float32", "bfloat16"}
    assert {recipe.get("checkpointing", False) for recipe in recipes} == {True, False}
    assert len({json.dumps(case) for case in known}) == len(known)


@pytest.mark.environment
def test_a_model_of_a_file_is_predicted(furnished: Path, verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    words = ("fit", "--model", str(path), "--device", "mps", "--memory", "16GB", "--sequence-length", "300", "--json")
    ended = verify(*words)
    assert ended.returncode == Exit.HOLDS, ended.stderr
    assert "300 tokens, but the model was made for 256 at most" in ended.stderr
    [found] = json.loads(ended.stdout)
    assert found["limit"] == int(16 * 2**30 * 2 / 3)
    assert "macOS's default share" in found["limit_source"]
    assert len(found["ways"]) == 6
    for way in found["ways"]:
        parts = sum(way[name] for name in ("weights", "adapters", "optimiser", "passing"))
        assert way["peak"] == parts + found["runtime"]
        assert way["fits"]
        assert way["largest_batch"] > 1
        assert way["suggestion"]["batch"] * way["suggestion"]["accumulation"] == 16


@pytest.mark.environment
def test_layers_that_a_model_lacks_are_an_error_in_two_lines(furnished: Path, verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    ended = verify("fit", "--model", str(path), "--device", "cpu", "--target-modules", "no_such_layer")
    assert ended.returncode == Exit.COULD_NOT_RUN
    assert "no_such_layer" in ended.stderr
    assert "hint:" in ended.stderr
    assert "Traceback" not in ended.stderr
