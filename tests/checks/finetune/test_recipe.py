from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.finetune.recipe import ITERATIONS, Recipe, Unusable, recipe_from, settings_of

LEAST: dict[str, Any] = {"model": "m", "data": "d.jsonl"}


def test_a_recipe_needs_only_a_model_and_data() -> None:
    assert recipe_from(LEAST) == Recipe(model="m", data="d.jsonl")


@pytest.mark.parametrize("name", ["model", "data"])
def test_a_recipe_without_its_model_or_data_says_which_is_missing(name: str) -> None:
    with pytest.raises(Unusable, match=f"{name} must be given"):
        recipe_from({key: value for key, value in LEAST.items() if key != name})


def test_an_unknown_setting_is_named_with_those_there_are() -> None:
    with pytest.raises(Unusable, match=r"ranks: no such setting; there are .*rank"):
        recipe_from({**LEAST, "ranks": 8})


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"rank": 0}, "rank is 0: it must be at least 1"),
        ({"rank": "8"}, "rank is '8': it must be a whole number"),
        ({"rank": True}, "rank is True: it must be a whole number"),
        ({"rank": 8.0}, "rank is 8.0: it must be a whole number"),
        ({"alpha": 0}, "alpha is 0.0: it must be a number above 0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"dropout": 1.0}, "dropout is 1.0: it must be at least 0 and below 1"),
        ({"engine": "jax"}, "engine is 'jax': it must be one of torch, mlx"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
        ({"target_modules": "q_proj"}, "target_modules is 'q_proj': it must be a list of texts"),
        ({"target_modules": [1]}, "it must be a list of texts"),
        ({"qlora": 1}, "qlora is 1: it must be true or false"),
        ({"valid": 3}, "valid is 3: it must be a text or left out"),
        ({"sequence_length": 1}, "sequence_length is 1: it must be at least 2"),
        ({"iterations": 5, "epochs": 2}, "iterations and epochs are both given"),
    ],
)
def test_what_no_trainer_can_do_is_refused_by_name(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(Unusable, match=words):
        recipe_from({**LEAST, **setting})


def test_the_scale_is_alpha_over_rank_unless_it_is_said() -> None:
    assert Recipe(**LEAST, rank=8, alpha=16).scaling == 2
    assert Recipe(**LEAST, rank=8, alpha=16, scale=10).scaling == 10


@pytest.mark.parametrize(
    ("more", "examples", "steps"),
    [
        ({}, 10, ITERATIONS),
        ({"iterations": 7}, 10, 7),
        ({"epochs": 1, "batch_size": 4}, 10, 3),
        ({"epochs": 3, "batch_size": 4}, 10, 9),
        ({"epochs": 0.5, "batch_size": 4}, 16, 2),
        ({"epochs": 1, "batch_size": 4, "accumulate": 2}, 10, 2),
        ({"epochs": 1, "batch_size": 64}, 10, 1),
    ],
)
def test_steps_follow_from_epochs_or_iterations(more: dict[str, Any], examples: int, steps: int) -> None:
    assert recipe_from({**LEAST, **more}).steps(examples) == steps


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "rank": st.integers(1, 256),
            "alpha": st.floats(0.1, 100),
            "scale": st.none() | st.floats(0.1, 100),
            "target_modules": st.lists(st.text(min_size=1), max_size=3),
            "epochs": st.none() | st.floats(0.1, 9),
            "qlora": st.booleans(),
            "seed": st.integers(0, 2**31),
        },
    )
)
def test_what_a_recipe_is_written_as_reads_as_the_same_recipe(more: dict[str, Any]) -> None:
    recipe = recipe_from({**LEAST, **more})
    assert recipe_from(settings_of(recipe)) == recipe


def test_every_field_is_described() -> None:
    described = (Recipe.__doc__ or "").partition("Attributes:")[2]
    assert not [field.name for field in fields(Recipe) if f"{field.name}: " not in described]
