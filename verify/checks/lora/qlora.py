"""Do adapters train beside a base that is held in four bits, and leave it alone?"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks import mlx_device
from verify.checks.finetune.engine import Engine, load_tokenizer
from verify.checks.finetune.mlx_engine import MlxEngine, open_mlx
from verify.checks.finetune.peft_engine import PeftEngine, open_peft
from verify.checks.finetune.recipe import Recipe
from verify.checks.lora.adapters import sizes_of
from verify.checks.models.adapters import digest
from verify.checks.models.configs import config_named
from verify.checks.models.quantized import measure_bytes
from verify.checks.models.tiny_course import RECIPE, Told, all_at_once, checkpoint, course_of, for_mlx
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

QLORA = replace(RECIPE, qlora=True)
# Adapters on each of three blocks learn eight short answers by heart: in ten steps to two thirds of the loss or less.
# A frozen or deaf adapter leaves all of it.
LOSS_FALLS_TO = 0.8
# Bytes of a weight in four bits, without its scales.
PACKED = 0.5
# Beside the same weights unpacked, the same float32 operations, which a kernel may do in another order: losses apart by
# thousands of eps after ten steps at most. Short products are off by ten times that, and a gradient that does not come
# through the base by hundreds.
SAME_LOSS = 1e-3


@check(needs=["torch", "transformers", "peft", "bitsandbytes"], devices=["cpu", "cuda"], optional=True)
def adapters_learn_beside_four_bits(ctx: Context) -> None:
    """With a base in NF4, every linear layer takes four bits a weight, adapters learn, and no bit of the base moves.

    More bytes: layers stayed as they were, and a model that should fit does not. Bits that move: the adapters fit no
    other copy of the base. Other losses than beside the same weights unpacked: gradients do not come through the base,
    as on processors with AVX512-BF16, where bitsandbytes repacks a base that was asked once for asking only.
    """
    ready(ctx)
    folder = checkpoint(ctx.scratch / "llama", "llama", ctx.seed)
    engine = open_peft(QLORA, ctx.device, folder, load_tokenizer(folder, QLORA))
    assert isinstance(engine, PeftEngine)  # noqa: S101 - tells the type
    _hold_bytes(ctx, folder, {name: list(parts.values()) for name, parts in _packed_by_torch(engine)})
    before = digest(_base_of(engine))
    require_on(ctx, next(engine.model.parameters()))
    _hold_learning(ctx, engine, _unpacked_by_torch(engine, folder), folder)
    ctx.require(digest(_base_of(engine)) == before, "the base changed while its adapters were trained")


@check(needs=["torch", "transformers", "peft", "mlx", "mlx-lm", "numpy"], devices=["mlx"], timeout_seconds=240)
def mlx_adapters_learn_beside_four_bits(ctx: Context) -> None:
    """With a base quantised by MLX, every linear layer takes four bits a weight, adapters learn, and no bit moves.

    More bytes: layers stayed as they were, and a model that should fit does not. Bits that move: the adapters fit no
    other copy of the base.
    """
    mlx_device.ready(ctx)
    folder, recipe = checkpoint(ctx.scratch / "llama", "llama", ctx.seed), for_mlx(QLORA)
    engine = open_mlx(recipe, folder, load_tokenizer(folder, recipe))
    assert isinstance(engine, MlxEngine)  # noqa: S101 - tells the type
    _hold_bytes(ctx, folder, dict(_packed_by_mlx(engine)))
    before = digest(frozen(engine))
    _hold_learning(ctx, engine, _unpacked_by_mlx(engine, folder), folder)
    ctx.require(digest(frozen(engine)) == before, "the base changed while its adapters were trained")


def frozen(engine: MlxEngine) -> "Iterator[tuple[str, torch.Tensor]]":
    """All of MLX's arrays that are not trained, as torch reads them."""
    import numpy as np
    import torch
    from mlx.utils import tree_flatten

    for name, each in tree_flatten(engine.model.parameters()):
        if "lora_" not in name:
            # A copy: the original is read-only; and bytes, as not every format is known to both.
            yield name, torch.from_numpy(np.array(each).view(np.uint8))


def _hold_bytes(ctx: Context, folder: Path, packed: Mapping[str, list[Any]]) -> None:
    """Every linear layer of every block is there, its weights in half a byte each, with scales on top."""
    config = config_named(str(folder))
    numbers = {
        f"{block}.{name}": inputs * outputs
        for block in range(config["num_hidden_layers"])
        for name, (inputs, outputs) in sizes_of(config).items()
    }
    missing = sorted(set(numbers) - set(packed))
    ctx.require(not missing, f"not in four bits: {', '.join(missing)}")
    for name, count in numbers.items():
        size = packed[name][0].nbytes
        ctx.require(size == PACKED * count, f"{name} takes {size} bytes for {count} weights")
    whole = sum(part.nbytes for name in numbers for part in packed[name])
    measure_bytes(ctx, 4, whole, 4 * sum(numbers.values()))


def _hold_learning(ctx: Context, engine: Engine, unpacked: Engine, folder: Path) -> None:
    """The loss of all examples falls, as it does beside the same weights unpacked. It is asked before, as by a user."""
    recipe = _recipe_of(engine)
    course, batch = course_of(recipe, folder, ctx.scratch / "packed"), all_at_once(course_of(recipe, folder, folder))
    first, told, other = engine.loss([batch]), Told(), Told()
    engine.train(course, told.watcher())
    unpacked.train(course_of(replace(recipe, qlora=False), folder, ctx.scratch / "unpacked"), other.watcher())
    ctx.measure("loss_by_iteration", told.losses, unit="nat", along="iteration")
    last = engine.loss([batch])
    ctx.derive("loss_left", "last / first", unit="1", at_most=LOSS_FALLS_TO, first=first, last=last)
    gap = max(abs(one / another - 1) for one, another in zip(told.losses, other.losses, strict=True))
    ctx.measure("loss_gap_to_unpacked", gap, unit="1", at_most=SAME_LOSS)


def _recipe_of(engine: Engine) -> Recipe:
    """The recipe in the words of the engine."""
    return for_mlx(QLORA) if engine.opened.device == "mlx" else QLORA


def _unpacked_by_torch(engine: PeftEngine, folder: Path) -> PeftEngine:
    """The same adapters beside the same weights, as bitsandbytes unpacks them, in float32."""
    import torch

    # By its name, as it is on no other platform than that of CUDA.
    functional = importlib.import_module("bitsandbytes.functional")
    plain = open_peft(RECIPE, engine.opened.device, folder, engine.tokenizer)
    assert isinstance(plain, PeftEngine)  # noqa: S101 - tells the type
    packed = dict(engine.model.named_parameters())
    with torch.no_grad():
        for name, weight in plain.model.named_parameters():
            state = getattr(packed[name], "quant_state", None)
            weight.copy_(functional.dequantize_4bit(packed[name].data, state) if state else packed[name])
    return plain


def _unpacked_by_mlx(engine: MlxEngine, folder: Path) -> MlxEngine:
    """The same weights, as MLX unpacks them; the seed draws the same adapters."""
    import mlx.core as mx

    plain = open_mlx(for_mlx(RECIPE), folder, load_tokenizer(folder, RECIPE))
    assert isinstance(plain, MlxEngine)  # noqa: S101 - tells the type
    layers = dict(plain.model.named_modules())
    for name, module in engine.model.named_modules():
        if "scales" in module:
            form = {"group_size": module.group_size, "bits": module.bits}
            layers[name].weight = mx.dequantize(module.weight, module.scales, module.biases, **form)
    return plain


def _packed_by_torch(engine: PeftEngine) -> "Iterator[tuple[str, dict[str, torch.Tensor]]]":
    """The weights of bitsandbytes' layers, and what it needs to unpack them, by block and name."""
    for name, module in engine.model.named_modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if state is not None:
            yield _short(name.removesuffix(".base_layer")), {"weight": module.weight.data, **_scales(state)}


def _scales(state: Any) -> "dict[str, torch.Tensor]":
    """Of a layer: the scales of groups, quantised once more with scales of their own."""
    found = {"absmax": state.absmax}
    return found | {"nested_absmax": state.state2.absmax, "offset": state.offset} if state.nested else found


def _packed_by_mlx(engine: MlxEngine) -> "Iterator[tuple[str, list[Any]]]":
    for name, module in engine.model.named_modules():
        if "scales" in module:
            parts = [module.weight, module.scales, module.biases]
            yield _short(name.removesuffix(".linear")), parts


def _short(name: str) -> str:
    """The block's number, and the layer's name in it; of layers outside of blocks their name."""
    block = name.partition(".layers.")[2].partition(".")[0]
    return f"{block}.{name.rpartition('.')[2]}"


def _base_of(engine: PeftEngine) -> "Iterator[tuple[str, torch.Tensor]]":
    """All that is not trained: the weights, and the scales that bitsandbytes keeps beside them."""
    for name, weight in engine.model.named_parameters():
        if "lora_" not in name:
            yield name, weight.data
    for name, parts in _packed_by_torch(engine):
        for part, tensor in parts.items():
            if part != "weight":
                yield f"{name}.{part}", tensor.reshape(-1)
