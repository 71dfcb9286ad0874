"""A fine-tune in Markdown: what was asked, the table of its iterations, and what the model made of it."""

from collections.abc import Iterator

from verify.language.speech import each, later, say
from verify.render.markup import Row, escaped, fenced, listing, table, told
from verify.render.words import NONE, duration, number, shape, size
from verify.report import v3
from verify.report.finetune import Finetune


def sections(report: v3.Report) -> Iterator[str]:
    """The parts of the page that only a fine-tune has."""
    tune = report.finetune
    if tune is None:
        return
    yield "## " + say("Fine-tune")
    yield listing(_recipe(tune))
    yield "## " + say("Training")
    yield table([each(*HEAD), *_rows(tune)])
    yield (
        say(
            "Losses are means of a target token in nats over the iterations of a line; padding "
            "and masked prompts are no targets and are not counted in tokens. Seconds are those "
            "of training: validation and saving are left out. The first line holds the start-up."
        )
    )
    curves = {
        say("training loss"): [line.loss for line in tune.trained],
        say("held-out loss"): [one.loss for one in tune.held_out],
    }
    yield "\n".join(f"- {name}: {number(c[0])} {shape(c)} {number(c[-1])}" for name, c in curves.items() if c)
    yield from _written(tune)


HEAD = (
    later("iteration"),
    later("training loss"),
    later("held-out loss"),
    later("it/s"),
    later("tokens/s"),
    later("tokens so far"),
    later("peak memory"),
)


def _recipe(tune: Finetune) -> dict[str, str]:
    share = f"{tune.trainable / tune.parameters:.3%}" if tune.parameters else NONE
    asked = ", ".join(f"{name} {value}" for name, value in tune.recipe.items() if value != "")
    return {
        say("model"): escaped(tune.model),
        say("device"): f"{escaped(tune.device_title)}, {tune.dtype}",
        say("trained"): say("{} of {} parameters ({})", f"{tune.trainable:,}", f"{tune.parameters:,}", share),
        say("adapters"): say(
            "on {} of {} blocks, times {}", ", ".join(tune.target_modules), tune.layers, number(tune.scale)
        ),
        say("data"): say(
            "{} examples, {} held out ({})", tune.training_examples, tune.held_out_examples, told(tune.split)
        ),
        say("longest example"): say("{} tokens; {} were cut", tune.longest_tokens, tune.cut_examples),
        say("digest of the data"): tune.data_digest,
        say("conversations"): say("the model's own template") if tune.chat_template else say("one message a line"),
        say("iterations"): say(
            "{}, {} of training", tune.iterations, duration(sum(line.seconds for line in tune.trained))
        ),
        say("wall time"): say("{}, from the first line of the log to the last", duration(tune.wall_seconds)),
        say("resumed after"): ", ".join(map(str, tune.resumed_after)) or NONE,
        say("recipe"): escaped(asked),
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
        yield "## " + say("What it writes, before and after")
    for one in tune.written:
        parts = {
            say("prompt"): one.prompt,
            say("before"): one.before,
            say("after"): one.after,
            say("the data says"): one.expected,
        }
        yield fenced("\n".join(f"{name}:\n{text.strip()}\n" for name, text in parts.items() if text))
