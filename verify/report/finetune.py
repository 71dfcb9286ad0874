"""What a report tells of a fine-tune: what was asked, on which data, and how it went, line by line."""

from pydantic import Field

from verify.report.fields import Amount, Closed, Count, Notes, Number, Sha256, Text


class Trained(Closed):
    """A line of the log: some iterations, up to and with this one.

    Attributes:
        iteration: The last of them, from 1.
        iterations: How many there are.
        loss: Mean of a target token over them, in nats.
        seconds: That training took for them, validation and saving left out.
        tokens: Target tokens in them: neither padding nor masked prompts.
        peak_memory_bytes: Of the whole run so far.
    """

    iteration: Count
    iterations: Count
    loss: Number
    seconds: Amount
    tokens: Count
    peak_memory_bytes: Count


class HeldOut(Closed):
    """The mean loss of a held-out target token after an iteration, in nats; after 0 nothing had been trained."""

    iteration: Count
    loss: Number


class Written(Closed):
    """What the model made of a prompt, before and after; and what the data answers, where it does."""

    prompt: Text
    before: Text
    after: Text
    expected: Text


class Finetune(Closed):
    """A LoRA fine-tune.

    Attributes:
        recipe: As it was asked for; lists are joined with commas.
        model: Where the base model came from.
        device_title: The device in words.
        dtype: Of the base model's weights.
        parameters: Of the base model and the adapters together.
        trainable: Of the adapters.
        scale: What their product is multiplied by.
        target_modules: Layers that have adapters, by the end of their names.
        layers: How many blocks have them.
        iterations: Optimiser steps of the whole run.
        data_digest: SHA-256 over the examples as they were read.
        split: How held-out examples were told apart.
        training_examples: How many there are.
        held_out_examples: How many are never trained on.
        cut_examples: Training examples longer than the recipe's length.
        longest_tokens: Of a training example, as it was kept.
        chat_template: Whether conversations were rendered by the model's own.
        resumed_after: Iterations at which the run was taken up again.
        trained: The log.
        held_out: Held-out losses, in order.
        written: What was written.
        wall_seconds: From the first line of the log to its last, whatever happened between.
    """

    recipe: Notes
    model: Text
    device_title: Text
    dtype: Text
    parameters: Count
    trainable: Count
    scale: Number
    target_modules: tuple[Text, ...]
    layers: Count
    iterations: Count
    data_digest: Sha256
    split: Text
    training_examples: Count
    held_out_examples: Count
    cut_examples: Count
    longest_tokens: Count
    chat_template: bool
    resumed_after: tuple[Count, ...] = Field(default=())
    trained: tuple[Trained, ...]
    held_out: tuple[HeldOut, ...]
    written: tuple[Written, ...]
    wall_seconds: Amount
