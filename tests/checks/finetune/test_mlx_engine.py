"""mlx-lm's trainer, given our batches, loss and checkpoints: against float64, itself in parts, and mlx-lm alone."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.checks.conftest import Provisioned

pytestmark = pytest.mark.environment

RUNS = Path(__file__).resolve().parent / "mlx_runs.py"
# A float32 sum over some dozen targets, and a gradient through two layers, each in terms of the largest number.
LOSS, GRADIENT = 1e-6, 1e-5
RANK, HIDDEN, INNER, GROUPED = 4, 64, 96, 32


@pytest.fixture(scope="module")
def told(provisioned: Provisioned, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All runs in one process: most of their time is that of MLX's compiler, which keeps what it made for the next."""
    scratch, temporary = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("compiled")
    words = [str(provisioned.python), "-P", str(RUNS), str(scratch)]
    variables = {**provisioned.variables, "TMPDIR": str(temporary)}
    done = subprocess.run(words, env=variables, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "\x1b" not in done.stdout, "mlx-lm's own progress is shown"
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_loss_is_the_mean_of_the_targets_in_float64(told: dict[str, Any]) -> None:
    assert abs(told["exact"]["loss"]) < LOSS
    assert abs(told["exact"]["padded"]) < LOSS
    assert abs(told["exact"]["later_loss"]) < LOSS


def test_the_gradient_is_that_of_float64_with_and_without_checkpointing(told: dict[str, Any]) -> None:
    assert told["exact"]["gradient"] < GRADIENT
    assert told["exact"]["checkpointed"] < GRADIENT
    assert told["exact"]["class_restored"]


def test_two_examples_four_times_are_eight_at_once(told: dict[str, Any]) -> None:
    assert abs(told["accumulated"]["loss"]) < LOSS
    assert told["accumulated"]["gradient"] < GRADIENT
    assert told["accumulated"]["adapters"] < GRADIENT * told["accumulated"]["learning_rate"]
    assert told["accumulated"]["ended"]


def test_adamw_steps_with_its_bias_corrected_and_without_decay(told: dict[str, Any]) -> None:
    assert told["stepped"]["moved"] < GRADIENT
    # The gradient to the first factor is zero while the second is: only a decay would move it.
    assert told["stepped"]["others_stay"]


def test_a_loss_is_taken_with_nothing_dropped_out(told: dict[str, Any]) -> None:
    assert told["stepped"]["same"]


def test_a_stopped_run_goes_on_to_the_same_losses_with_dropout(told: dict[str, Any]) -> None:
    resumed = told["resumed"]
    assert resumed["ended"] == [True, False]
    assert resumed["parts"] == resumed["whole"]
    assert resumed["same_adapters"]
    assert len(resumed["whole"]) == 10
    assert resumed["whole"][-1] < resumed["whole"][0] - 1
    assert resumed["seconds"] > 0


def test_the_newest_two_checkpoints_are_kept(told: dict[str, Any]) -> None:
    assert told["resumed"]["saved"] == [
        ["checkpoint-2", "checkpoint-4", "checkpoint-5"],
        ["checkpoint-6", "checkpoint-8", "checkpoint-10"],
    ]
    assert told["resumed"]["kept"] == ["checkpoint-10", "checkpoint-8"]


def test_mlx_lm_alone_says_the_same_with_the_saved_adapters(told: dict[str, Any]) -> None:
    assert told["saved"]["differing"] == told["saved"]["reloaded"] == 0
    assert told["saved"]["fresh"] > 0
    assert told["saved"]["text"] == told["saved"]["written"] != ""


def test_nothing_that_is_written_is_a_pickle(told: dict[str, Any]) -> None:
    assert told["files"] == [".json", ".safetensors"]


def test_adapters_are_counted_by_their_formula(told: dict[str, Any]) -> None:
    counted = told["counted"]
    grouped, square = RANK * (HIDDEN + GROUPED), RANK * (HIDDEN + HIDDEN)
    assert counted["chosen"] == [grouped + RANK * (INNER + HIDDEN), 1, ["down_proj", "k_proj"]]
    assert counted["plain"] == [2 * (square + grouped), 2, ["q_proj", "v_proj"], counted["torch"]]
    assert counted["packed"] == [2 * (square + grouped), counted["torch"]]
    assert counted["bytes"][1] < counted["bytes"][0]


def test_what_mlx_would_train_wrongly_is_refused(told: dict[str, Any]) -> None:
    unknown, dropped = told["refused"]
    assert "has no query" in unknown
    assert "k_proj, o_proj, q_proj" in unknown
    assert "set dropout to 0" in dropped
