"""What ``verify lora`` is asked to do, before anything is set up for it."""

import argparse
from dataclasses import fields
from pathlib import Path

import pytest

from tests.cli.conftest import Verify
from tests.cli.test_lora import begun, data
from verify.checks.finetune.recipe import Recipe
from verify.cli.recipe import MAY_CHANGE, declare_recipe, read_early, recipe_of
from verify.errors import Exit, UsageError


def asked(*words: str, resumed: Path | None = None) -> Recipe:
    """The recipe of such a command line."""
    parser = argparse.ArgumentParser()
    declare_recipe(parser)
    return recipe_of(parser.parse_args(words), resumed)


def test_what_is_trained_and_on_what_must_be_said(verify: Verify) -> None:
    ended = verify("lora", "--rank", "8")
    assert ended.returncode == Exit.USAGE
    assert ended.stderr.startswith("error: model and data must be given")


def test_a_bad_line_is_named_before_anything_is_loaded(verify: Verify, tmp_path: Path) -> None:
    path = data(tmp_path)
    path.write_text(path.read_text() + '{"question": "What?"}\n', encoding="utf-8")
    ended = verify("lora", "--model", "smollm2-135m", "--data", str(path))
    assert ended.returncode == Exit.USAGE
    assert "train.jsonl, line 25 is none of" in ended.stderr
    assert "nothing was trained" in ended.stderr


def test_what_datasets_saved_is_left_to_the_environment(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text("no line of ours")
    read_early(asked("--model", "m", "--data", str(tmp_path)))


def test_every_option_reaches_the_recipe() -> None:
    words = ["--model", "m", "--data", "d", "--valid", "v", "--engine", "mlx", "--dtype", "float32"]
    words += ["--rank", "4", "--alpha", "2", "--scale", "3", "--dropout", "0.5", "--target-modules", "q", "v"]
    words += ["--layers", "2", "--learning-rate", "0.1", "--iterations", "7", "--batch-size", "2", "--accumulate", "3"]
    words += ["--sequence-length", "9", "--seed", "5", "--qlora", "--checkpointing", "--mask-prompt"]
    words += ["--trust-remote-code", "--report-every", "1", "--validate-every", "2", "--save-every", "3"]
    recipe, least = asked(*words, "--prompts", "One and", "two"), Recipe(model="m", data="d")
    alike = [field.name for field in fields(Recipe) if getattr(recipe, field.name) == getattr(least, field.name)]
    # Which of the two says how long to train is a choice.
    assert alike == ["model", "epochs"]
    assert asked("--model", "m", "--data", "d", "--epochs", "0.5").epochs == 0.5
    assert (recipe.target_modules, recipe.prompts) == (("q", "v"), ("One and", "two"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("rank =", "is no TOML"),
        ("rank = 8 # \xff", "is no TOML"),
        ("ranks = 8", "ranks: no such setting; there are model"),
        ('rank = "8"', "rank is '8': it must be a whole number"),
        (r'valid = "\u0000"', "a text of the recipe holds a NUL"),
    ],
)
def test_a_recipe_that_cannot_be_read_says_where(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "job.toml").write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match=expected):
        asked(str(tmp_path / "job.toml"), "--model", "m", "--data", "d")


def test_the_command_line_is_put_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text('model = "m"\ndata = "d"\nrank = 4\nseed = 3\n')
    recipe = asked(str(tmp_path / "job.toml"), "--rank", "16")
    assert (recipe.model, recipe.rank, recipe.seed) == ("m", 16, 3)


def test_places_are_seen_from_where_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there, there / "smollm2-135m"):
        folder.mkdir()
    monkeypatch.chdir(here)
    (there / "job.toml").write_text('model = "smollm2-135m"\ndata = "d"\n')
    recipe = asked(str(there / "job.toml"), "--valid", "v")
    assert (recipe.data, recipe.valid) == (str(there / "d"), str(here / "v"))
    assert recipe.model == str(there / "smollm2-135m")
    # A name of the hub is no place, unless a folder has it.
    assert asked("--model", "smollm2-135m", "--data", "d").model == "smollm2-135m"


def test_a_resumed_run_keeps_its_recipe(verify: Verify, tmp_path: Path) -> None:
    output = begun(tmp_path / "run")
    ended = verify("lora", "--resume", "--output", str(output), "--rank", "16", "--seed", "0")
    assert ended.returncode == Exit.USAGE
    assert "the run to resume had another rank" in ended.stderr


def test_a_resumed_run_may_be_asked_for_more(tmp_path: Path) -> None:
    output = begun(tmp_path / "run", iterations=10, seed=4)
    assert {"iterations", "epochs", "save_every"} <= MAY_CHANGE
    recipe = asked("--epochs", "2", "--save-every", "7", resumed=output)
    assert (recipe.iterations, recipe.epochs, recipe.save_every, recipe.seed) == (None, 2, 7, 4)
    output = begun(tmp_path / "other", epochs=2.0)
    recipe = asked("--iterations", "20", resumed=output)
    assert (recipe.iterations, recipe.epochs) == (20, None)


def test_a_run_that_ended_before_it_began_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the run in empty ended before it began"):
        asked(resumed=tmp_path / "empty")
