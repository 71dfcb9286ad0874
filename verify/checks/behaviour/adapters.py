"""Do adapters mean the same to another version of PEFT?"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.behaviour.exchange import exchange_of, reading
from verify.checks.behaviour.gaps import compare_logits, require_meaning
from verify.checks.behaviour.tiny_models import load
from verify.checks.behaviour.tiny_runs import MODEL, Rows, adapted, make_material, rows_of
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

# Each says in its configuration what the plain one does not, and older versions may not know.
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "patterns": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"v_proj": 3}, "lora_dropout": 0.1},
}
# Two layers of a model have 64; an adapter doubles the products of a layer, and merging rounds each weight once more.
ADAPTED_EPS = 128.0
# What an adapter must change in the logits for comparing them to mean anything.
VISIBLE = 0.1


@check(needs=["torch", "transformers", "peft", "safetensors"], devices=["cpu", "cuda", "mps"])
def adapters_that_were_saved_mean_the_same(ctx: Context) -> None:
    """Adapters that another environment saved give the logits that they gave there, and merged as well.

    Their scale, their layers or their weights got lost on loading, or a field of their configuration means something
    else: no adapter that was trained before the upgrade may be used after it until that is understood.
    """
    device, exchange = ready(ctx), exchange_of(ctx, adapters_that_were_saved_mean_the_same)
    material = exchange.material(lambda folder: make_material(folder, ctx.seed))
    rows, base = rows_of(material), material / MODEL
    without = _logits(ctx, load(base).to(device), rows)
    saved = {}
    for name, settings in VARIANTS.items():
        model = adapted(load(base), ctx.seed, **settings).eval().to(device)
        model.save_pretrained(exchange.left / name)
        saved[name] = _logits(ctx, model, rows)
        require_meaning(ctx, saved[name], name)
        changed = float((saved[name] - without).abs().max())
        ctx.require(changed > VISIBLE, f"the adapter {name} changes the logits by {changed:g} only")
    exchange.leave_tensors("logits", saved)
    for name, other in exchange.found_tensors("logits").items():
        model = _loaded(base, exchange.place_of(name)).to(device)
        _compare(ctx, model, rows, other, name)


def _compare(ctx: Context, model: Any, rows: Rows, other: "torch.Tensor", name: str) -> None:
    compare_logits(ctx, _logits(ctx, model, rows), other, ADAPTED_EPS, {"adapter": name, "merged": False})
    merged = model.merge_and_unload()
    compare_logits(ctx, _logits(ctx, merged, rows), other, ADAPTED_EPS, {"adapter": name, "merged": True})


def _loaded(base: Path, adapter: Path) -> Any:
    from peft import PeftModel

    with reading(f"the adapter {adapter.name}"):
        return PeftModel.from_pretrained(load(base), adapter).eval()


def _logits(ctx: Context, model: Any, rows: Rows) -> "torch.Tensor":
    """The logits of all rows, on the CPU."""
    import torch

    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=torch.tensor(rows, device=ctx.device)).logits
    require_on(ctx, logits)
    return logits.cpu()
