from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.finetune.batches import PAD_TO, Tokens, batch_of, in_turn, prompt_text, schedule, tokenised
from verify.checks.finetune.examples import Example
from verify.checks.finetune.recipe import Recipe, Unusable

PAIR = Example(({"role": "user", "content": "ab"}, {"role": "assistant", "content": "cde"}), prompt=1)


class Letters:
    """A tokenizer of one token a letter; with a template that writes each message between brackets."""

    eos_token_id = 0
    eos_token = "."  # noqa: S105 - of a tokenizer, no secret

    def __init__(self, template: str | None = None) -> None:
        self.chat_template = template

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, Any]:
        start = [1] if add_special_tokens else []
        return {"input_ids": [*start, *(0 if letter == "." else ord(letter) for letter in text)]}

    def apply_chat_template(self, messages: list[Any], *, tokenize: bool, add_generation_prompt: bool) -> str:
        assert not tokenize
        return "".join(f"<{message['content']}>" for message in messages) + ("<" if add_generation_prompt else "")


def recipe(**more: Any) -> Recipe:
    return Recipe(model="m", data="d", **more)


def ids(text: str) -> tuple[int, ...]:
    return tuple(0 if letter == "." else ord(letter) for letter in text)


def made(example: Example, tokenizer: Letters, **more: Any) -> Tokens:
    (tokens,) = tokenised([example], tokenizer, recipe(**more))
    return tokens


def test_a_conversation_goes_through_the_models_own_template_without_further_special_tokens() -> None:
    assert made(PAIR, Letters("yes")) == Tokens(ids("<ab><cde>"), first=1)
    assert prompt_text(PAIR, Letters("yes")) == "<ab><"


def test_a_masked_prompt_counts_from_the_answer_on() -> None:
    tokens = made(PAIR, Letters("yes"), mask_prompt=True)
    assert tokens.ids[tokens.first :] == ids("cde>")
    assert tokens.targets == 4


def test_without_a_template_messages_are_lines_and_the_end_is_marked() -> None:
    assert made(PAIR, Letters()).ids == (1, *ids("ab\ncde."))
    assert made(PAIR, Letters(), mask_prompt=True).ids[4:] == ids("cde.")


def test_a_text_ends_with_the_end_token_once() -> None:
    assert made(Example(text="ab"), Letters()).ids == (1, *ids("ab."))
    assert made(Example(text="ab."), Letters()).ids == (1, *ids("ab."))


def test_what_is_too_long_is_cut_and_told_of() -> None:
    assert made(PAIR, Letters("yes"), sequence_length=4) == Tokens(ids("<ab>"), first=1, cut=5)


def test_an_example_of_which_nothing_counts_is_refused() -> None:
    with pytest.raises(Unusable, match="example 1 has no token that counts within the first 4"):
        made(PAIR, Letters("yes"), sequence_length=4, mask_prompt=True)


def test_rows_are_padded_at_their_ends_and_padding_never_counts() -> None:
    batch = batch_of([Tokens((5, 6, 7), 1), Tokens((8, 9), 1)])
    assert {len(row) for row in batch.rows} == {PAD_TO}
    assert batch.rows[1] == (8, 9, *[0] * (PAD_TO - 2))
    assert batch.spans == ((1, 3), (1, 2))
    assert batch.targets == 3


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 4), st.integers(1, 30), st.integers(0, 99))
def test_every_example_is_read_once_before_any_is_read_again(
    examples: int, batch: int, accumulate: int, iterations: int, seed: int
) -> None:
    asked = recipe(batch_size=batch, accumulate=accumulate, iterations=iterations, seed=seed)
    passes = schedule(examples, asked)
    assert len(passes) == iterations * accumulate
    read = [place for each in passes for place in each]
    for start in range(0, len(read), examples):
        epoch = read[start : start + examples]
        assert len(set(epoch)) == len(epoch)


def test_a_longer_run_begins_as_a_shorter_one() -> None:
    short, long = (schedule(30, recipe(iterations=count, seed=4)) for count in (10, 25))
    assert long[:10] == short


def test_the_seed_decides_the_order() -> None:
    one, other = (schedule(30, recipe(iterations=5, seed=seed)) for seed in (1, 2))
    assert one != other


def test_held_out_examples_are_all_read_once_by_length() -> None:
    tokens = [Tokens(tuple(range(1, length)), 1) for length in (9, 3, 7, 5, 4)]
    batches = list(in_turn(tokens, 2))
    assert [len(batch.rows) for batch in batches] == [2, 2, 1]
    assert [end for batch in batches for _, end in batch.spans] == [2, 3, 4, 6, 8]
