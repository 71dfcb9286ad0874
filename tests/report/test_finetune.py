"""A fine-tune's section, and what follows from the log of the run that a person wrote up."""

import json

import pytest
from pydantic import ValidationError

from tests import finetuned
from verify.report.finetune import Finetune
from verify.report.upgrade import newest


def test_the_written_up_run_took_17_4_minutes_of_training() -> None:
    tune = newest(finetuned.report()).finetune
    assert tune is not None
    assert sum(line.seconds for line in tune.trained) / 60 == pytest.approx(17.4, abs=0.05)
    assert sum(line.tokens for line in tune.trained) == 126_492


def test_a_share_of_tokens_a_second_follows_from_tokens_and_seconds() -> None:
    first = Finetune.model_validate_json(json.dumps(finetuned.section())).trained[0]
    # As it was written up: 121.440, from a rate that was rounded to 0.092.
    assert first.tokens / first.seconds == pytest.approx(121.44, rel=0.01)


@pytest.mark.parametrize(
    "change",
    [{"parameters": -1}, {"data_digest": "x"}, {"wall_seconds": -1.0}, {"chat_template": 1}, {"more": 1}],
)
def test_what_is_no_fine_tune_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Finetune.model_validate_json(json.dumps({**finetuned.section(), **change}))
