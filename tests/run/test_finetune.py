"""A log becomes the section of a report, whatever the run went through."""

import json
from pathlib import Path
from typing import Any

import pytest

from verify.checks.finetune.recipe import Recipe, recipe_from
from verify.report.finetune import Finetune
from verify.run.finetune import ID, job_of, section_of

RECIPE = Recipe(model="m", data="d.jsonl", target_modules=("q_proj", "v_proj"), iterations=4)
START: dict[str, Any] = {
    "event": "started",
    "at": 100.0,
    "model": "m",
    "device_title": "CPU",
    "dtype": "float32",
    "parameters": 1000,
    "trainable": 10,
    "scale": 2.0,
    "target_modules": ["q_proj", "v_proj"],
    "layers": 2,
    "iterations": 4,
    "data_digest": "a" * 64,
    "split": "1 drawn by seed 0",
    "training_examples": 9,
    "held_out_examples": 1,
    "cut_examples": 0,
    "longest_tokens": 12,
    "chat_template": True,
}


def trained(iteration: int, iterations: int = 1, *, loss: float = 3.0, seconds: float = 2.0) -> dict[str, Any]:
    known = {"event": "trained", "at": 101.0, "peak_memory_bytes": 5_000, "tokens": 40 * iterations}
    return {**known, "iteration": iteration, "iterations": iterations, "loss": loss, "seconds": seconds}


def held_out(iteration: int, loss: float) -> dict[str, Any]:
    return {"event": "validation", "at": 102.0, "iteration": iteration, "loss": loss, "seconds": 1.0}


def written(when: str, prompt: str, text: str) -> dict[str, Any]:
    return {"event": "written", "at": 103.0, "when": when, "prompt": prompt, "text": text, "expected": "the answer"}


def section(*events: dict[str, Any]) -> Finetune:
    data = section_of(events, RECIPE)
    assert data is not None
    return Finetune.model_validate_json(json.dumps(data))


def test_a_run_that_never_began_has_no_section() -> None:
    assert section_of([], RECIPE) is None


def test_the_lines_of_the_log_are_those_of_the_report() -> None:
    end = {"event": "finished", "at": 160.5}
    tune = section(START, held_out(0, 4.0), trained(1), trained(4, 3), held_out(4, 2.0), end)
    assert [(line.iteration, line.iterations, line.tokens) for line in tune.trained] == [(1, 1, 40), (4, 3, 120)]
    assert [(one.iteration, one.loss) for one in tune.held_out] == [(0, 4), (4, 2)]
    assert tune.wall_seconds == 60.5
    assert tune.recipe["target_modules"] == "q_proj, v_proj"


def test_what_was_written_before_stands_beside_what_was_written_after() -> None:
    tune = section(
        START,
        written("before", "Who?", "Nobody."),
        written("before", "Where?", "Nowhere."),
        written("after", "Where?", "Here."),
    )
    pairs = [(one.prompt, one.before, one.after) for one in tune.written]
    assert pairs == [("Who?", "Nobody.", ""), ("Where?", "Nowhere.", "Here.")]


def test_a_resumed_run_tells_where_it_went_on() -> None:
    assert section(START, trained(1), {"event": "resumed", "at": 150.0, "iteration": 1}).resumed_after == (1,)


@pytest.mark.parametrize("device", ["cpu", "mlx"])
def test_the_job_asks_one_question_of_one_device_with_all_the_time_it_needs(device: Any, tmp_path: Path) -> None:
    job = job_of(RECIPE, device, tmp_path, resume=True)
    assert job.id == f"{ID}[{device}]"
    assert job.required
    assert job.check.terms.timeout_seconds > 30 * 86_400
    assert recipe_from(job.settings["recipe"]) == RECIPE
    assert (job.settings["output"], job.settings["resume"]) == (str(tmp_path), True)
