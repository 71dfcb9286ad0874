"""A fine-tune in Markdown: what was asked, the table of its iterations, and what the model made of it."""

from collections.abc import Iterator

from verify.render.markup import Row, escaped, fenced, listing, table
from verify.render.words import NONE, duration, number, shape, size
from verify.report import v3
from verify.report.finetune import Finetune


def sections(report: v3.Report) -> Iterator[str]:
    """The parts of the page that only a fine-tune has."""
    tune = report.finetune
    if tune is None:
        return
    yield "## Fine-tune"
    yield listing(_recipe(tune))
    yield "## Training"
    yield table([HEAD, *_rows(tune)])
    yield (
        "Losses are means of a target token in nats over the iterations of a line; padding and masked prompts are no "
        "targets and are not counted in tokens. Seconds are those of training: validation and saving are left out. The "
        "first line holds the start-up."
    )
    curves = {
        "training loss": [line.loss for line in tune.trained],
        "held-out loss": [one.loss for one in tune.held_out],
    }
    yield "\n".join(f"- {name}: {number(c[0])} {shape(c)} {number(c[-1])}" for name, c in curves.items() if c)
    yield from _written(tune)


HEAD: Row = ("iteration", "training loss", "held-out loss", "it/s", "tokens/s", "tokens so far", "peak memory")


def _recipe(tune: Finetune) -> dict[str, str]:
    share = f"{tune.trainable / tune.parameters:.3%}" if tune.parameters else NONE
    asked = ", ".join(f"{name} {value}" for name, value in tune.recipe.items() if value != "")
    return {
        "model": escaped(tune.model),
        "device": f"{escaped(tune.device_title)}, {tune.dtype}",
        "trained": f"{tune.trainable:,} of {tune.parameters:,} parameters ({share})",
        "adapters": f"on {', '.join(tune.target_modules)} of {tune.layers} blocks, times {number(tune.scale)}",
        "data": f"{tune.training_examples} examples, {tune.held_out_examples} held out ({escaped(tune.split)})",
        "longest example": f"{tune.longest_tokens} tokens; {tune.cut_examples} were cut",
        "digest of the data": tune.data_digest,
        "conversations": "the model's own template" if tune.chat_template else "one message a line",
        "iterations": f"{tune.iterations}, {duration(sum(line.seconds for line in tune.trained))} of training",
        "wall time": f"{duration(tune.wall_seconds)}, from the first line of the log to the last",
        "resumed after": ", ".join(map(str, tune.resumed_after)) or NONE,
        "recipe": escaped(asked),
    }


def _rows(tune: Finetune) -> Iterator[Row]:
    """One row an iteration that was told of, as trainers print them."""
    lines = {line.iteration: line for line in tune.trained}
    losses = {one.iteration: one.loss for one in tune.held_out}
    so_far = 0
    for iteration in sorted({*lines, *losses}):
        line, loss = lines.get(iteration), losses.get(iteration)
        held_out = NONE if loss is None else f"{loss:.3f}"
        if line is None:
            yield (str(iteration), NONE, held_out, NONE, NONE, str(so_far), NONE)
            continue
        so_far += line.tokens
        rates = (f"{count / line.seconds:.3f}" if line.seconds else NONE for count in (line.iterations, line.tokens))
        yield (str(iteration), f"{line.loss:.3f}", held_out, *rates, f"{so_far:,}", size(line.peak_memory_bytes))


def _written(tune: Finetune) -> Iterator[str]:
    if tune.written:
        yield "## What it writes, before and after"
    for one in tune.written:
        parts = {"prompt": one.prompt, "before": one.before, "after": one.after, "the data says": one.expected}
        yield fenced("\n".join(f"{name}:\n{text.strip()}\n" for name, text in parts.items() if text))
