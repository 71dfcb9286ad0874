import pytest

from verify.checks.finetune.batches import Tokens
from verify.checks.finetune.engine import Opened, require_known
from verify.checks.finetune.recipe import Unusable

OPENED = Opened("cpu", "CPU", "float32", 1000, 10, 4000, ("q_proj",), 2, vocabulary=257)


def test_a_token_without_an_embedding_is_refused() -> None:
    require_known([Tokens((0, 256), 1)], OPENED)
    with pytest.raises(Unusable, match="the tokenizer gives token 257, the model knows 257"):
        require_known([Tokens((0, 1), 1), Tokens((0, 257), 1)], OPENED)
