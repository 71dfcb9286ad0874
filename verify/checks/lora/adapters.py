"""Are adapters where they belong, as many and as strong as the recipe says?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from verify.checks import mlx_device
from verify.checks.finetune.engine import load_tokenizer
from verify.checks.finetune.mlx_engine import MlxEngine, open_mlx
from verify.checks.finetune.peft_engine import PeftEngine, open_peft
from verify.checks.finetune.recipe import Recipe
from verify.checks.fit.recipe import Recipe as Trained
from verify.checks.fit.recipe import made_ready
from verify.checks.measures.precision import worst_error
from verify.checks.models.configs import config_named
from verify.checks.models.tiny_course import RECIPE, checkpoint, for_mlx
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
# Heads that share keys and heads that do not, layers with a bias and without; all blocks, some, and one.
COUNTED = (
    ("smollm2-135m", Trained("lora", rank=8, targets=ATTENTION)),
    ("smollm2-1.7b", Trained("lora", rank=32, targets=("q_proj",), layers=1)),
    ("llama-3.1-8b", Trained("lora", rank=16, targets=(*ATTENTION, *FEED_FORWARD))),
    ("qwen2.5-0.5b", Trained("lora", rank=3, targets=FEED_FORWARD, layers=5)),
)
# By hand: 16 of 48 blocks * 8 * ((5,120 + 5,120) + (5,120 + 1,024)).
LARGE = ("qwen2.5-14b", Trained("lora", rank=8, targets=("q_proj", "v_proj"), layers=16))
LARGE_TRAINABLE = 2_097_152

# Numerator and rank of the recipe, and what it multiplies by: alpha / rank unless it says otherwise. Neither is what
# mlx-lm multiplies by when it is not told (20), nor what is left when one of the two is forgotten, or its root taken.
RANK, ALPHA = 8, 16.0
SCALES: Mapping[str, tuple[float | None, float]] = {"alpha over rank": (None, 2.0), "said": (10.0, 10.0)}
ROWS = 16
# With and without adapter, each rounds a sum of at most 192 products, relative to the sum of their sizes: the square
# root of 192 is 14, an accelerator may sum in blocks in any order, and the adapter's own two products and the sum of
# both add a few. A scale that is off by a thousandth is off by hundreds of eps.
SCALE_EPS = 32.0
# The fit of the scale itself, over thousands of outputs.
SCALE_WITHIN = 1e-4


@dataclass(frozen=True, slots=True)
class Seen:
    """What a layer with an adapter made of some inputs, on the CPU.

    Attributes:
        name: The layer's.
        inputs: In rows.
        without: What the layer gives without its adapter.
        adapted: What it gives with it.
        first: The factor that the inputs meet, A, in columns of the rank.
        second: The other, B.
        weight: The base's, as it stands in torch.
    """

    name: str
    inputs: "torch.Tensor"
    without: "torch.Tensor"
    adapted: "torch.Tensor"
    first: "torch.Tensor"
    second: "torch.Tensor"
    weight: "torch.Tensor"


@check(level="quick", needs=["torch", "transformers", "peft"])
def adapters_are_counted_by_their_formula(ctx: Context) -> None:
    """Adapters of any shape train rank * (inputs + outputs) numbers a layer, of Qwen2.5-14B exactly 2,097,152.

    Other counts mean that peft matched other layers or other blocks: fewer adapters train worse and nobody is told.
    """
    for name, recipe in (*COUNTED, LARGE):
        config = config_named(name)
        model = made_ready(config, recipe, "meta")
        trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
        ctx.require(all(weight.is_meta for weight in model.parameters()), f"{name} took memory to be counted")
        layers = recipe.layers or config["num_hidden_layers"]
        ctx.derive(
            "trainable_by_formula",
            "layers * rank * widths",
            {"model": name, "targets": " ".join(recipe.targets)},
            unit="1",
            direction="equal",
            equals=trainable,
            layers=layers,
            rank=recipe.rank,
            widths=sum(sum(sizes_of(config)[target]) for target in recipe.targets),
        )
        blocks = sorted({_block(key) for key, weight in model.named_parameters() if weight.requires_grad})
        last = list(range(config["num_hidden_layers"] - layers, config["num_hidden_layers"]))
        ctx.require(blocks == last, f"of {name} blocks {blocks} have adapters, not {last}")
    ctx.measure(
        "trainable_of_qwen2_5_14b",
        trainable,
        unit="1",
        direction="equal",
        equals=LARGE_TRAINABLE,
        conditions={"rank": 8},
    )


@check(needs=["torch", "transformers", "peft"], devices=["cpu", "cuda", "mps"])
def the_product_is_scaled_as_the_recipe_says(ctx: Context) -> None:
    """What PEFT's adapters add to a layer is alpha / rank times B A x, or the scale that was said times it.

    Adapters of another scale train at another rate, and mean something else wherever they are loaded.
    """
    device, folder = ready(ctx), checkpoint(ctx.scratch / "llama", "llama", ctx.seed)
    for scale, expected in SCALES.values():
        recipe = _recipe(scale)
        engine = open_peft(recipe, ctx.device, folder, load_tokenizer(folder, recipe))
        assert isinstance(engine, PeftEngine)  # noqa: S101 - tells the type
        _hold(ctx, list(_seen_by_torch(ctx, engine, device)), expected)


@check(needs=["torch", "transformers", "peft", "mlx", "mlx-lm", "numpy"], devices=["mlx"])
def mlx_scales_the_product_as_the_recipe_says(ctx: Context) -> None:
    """What mlx-lm's adapters add to a layer is alpha / rank times B A x, or the scale that was said times it.

    Adapters of another scale train at another rate, and mean something else wherever they are loaded: mlx-lm takes
    20 where it is told none.
    """
    mlx_device.ready(ctx)
    folder = checkpoint(ctx.scratch / "llama", "llama", ctx.seed)
    for scale, expected in SCALES.values():
        recipe = for_mlx(_recipe(scale))
        engine = open_mlx(recipe, folder, load_tokenizer(folder, recipe))
        assert isinstance(engine, MlxEngine)  # noqa: S101 - tells the type
        _hold(ctx, list(_seen_by_mlx(ctx, engine)), expected)


def sizes_of(config: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of each linear layer of a block, by its name, as the configuration tells them."""
    width, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    queries, keys = width, width // heads * config["num_key_value_heads"]
    return {
        "q_proj": (width, queries),
        "k_proj": (width, keys),
        "v_proj": (width, keys),
        "o_proj": (queries, width),
        "gate_proj": (width, inner),
        "up_proj": (width, inner),
        "down_proj": (inner, width),
    }


def _block(name: str) -> int:
    """The number of the block that a weight is of."""
    return int(name.partition(".layers.")[2].partition(".")[0])


def _recipe(scale: float | None) -> Recipe:
    return replace(RECIPE, rank=RANK, alpha=ALPHA, scale=scale, target_modules=(*ATTENTION, *FEED_FORWARD))


def _seen_by_torch(ctx: Context, engine: PeftEngine, device: "torch.device") -> Iterator[Seen]:
    """Every layer with and without its adapter, which is drawn: a fresh one adds nothing."""
    import torch
    from peft.tuners.lora import LoraLayer

    random = torch.Generator().manual_seed(ctx.seed)
    model = engine.model.eval()
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, LoraLayer)]
    for name, layer in layers:
        first, second, weight = (part.weight for part in (*_factors(layer), layer.get_base_layer()))
        with torch.no_grad():
            second.copy_(torch.randn(second.shape, generator=random))
            inputs = torch.randn((ROWS, weight.shape[1]), generator=random).to(device)
            adapted = layer(inputs)
            require_on(ctx, adapted)
            with model.disable_adapter():
                without = layer(inputs)
        parts = (inputs, without, adapted, first.t(), second.t(), weight)
        yield Seen(name, *(part.detach().cpu() for part in parts))


def _factors(layer: Any) -> tuple[Any, Any]:
    return layer.lora_A["default"], layer.lora_B["default"]


def _seen_by_mlx(ctx: Context, engine: MlxEngine) -> Iterator[Seen]:
    import mlx.core as mx
    import numpy as np
    import torch
    from mlx_lm.tuner.lora import LoRALinear

    mx.random.seed(ctx.seed)
    engine.model.eval()
    for name, layer in engine.model.named_modules():
        if not isinstance(layer, LoRALinear):
            continue
        layer.lora_b = mx.random.normal(layer.lora_b.shape)
        inputs = mx.random.normal((ROWS, layer.lora_a.shape[0]))
        parts = (inputs, layer.linear(inputs), layer(inputs), layer.lora_a, layer.lora_b, layer.linear.weight)
        yield Seen(name, *(torch.from_numpy(np.array(part)) for part in parts))


def _hold(ctx: Context, layers: list[Seen], expected: float) -> None:
    """Hold what every adapter adds against float64."""
    blocks, kinds = {_block(f".{seen.name}") for seen in layers}, len(ATTENTION) + len(FEED_FORWARD)
    ctx.require(len(layers) == kinds * len(blocks) > 0, f"{len(layers)} layers have adapters, of {len(blocks)} blocks")
    errors, scales = [], []
    for seen in layers:
        inputs, first, second, weight = (part.double() for part in (seen.inputs, seen.first, seen.second, seen.weight))
        product, added = inputs @ first @ second, seen.adapted.double() - seen.without.double()
        size = inputs.abs() @ weight.abs().t() + expected * inputs.abs() @ first.abs() @ second.abs()
        errors.append(worst_error(added, expected * product, size))
        scales.append(float((added * product).sum() / (product * product).sum()))
    conditions = {"rank": RANK, "alpha": ALPHA, "expected": expected}
    ctx.measure("scale", min(scales), unit="1", at_least=expected * (1 - SCALE_WITHIN), conditions=conditions)
    ctx.measure("largest_scale", max(scales), unit="1", at_most=expected * (1 + SCALE_WITHIN), conditions=conditions)
    ctx.measure("error_in_eps", max(errors), unit="1", at_most=SCALE_EPS, conditions=conditions)
