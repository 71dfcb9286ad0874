"""How a model is to be trained, as far as memory depends on it; and the model made ready for that, on any device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import torch

    from verify.checks.models.configs import Config

Method = Literal["full", "lora", "qlora"]
Optimiser = Literal["adamw", "sgd"]

METHODS: tuple[Method, ...] = get_args(Method)
OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)
DTYPES = ("float32", "bfloat16", "float16")
# NF4 with its scales quantised a second time, https://arxiv.org/abs/2305.14314: half a byte a weight, a scale of 8 bits
# for 64 weights, and one of 32 bits for 256 of those: 4.127 bits in all.
BLOCK, BLOCKS = 64, 256


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained, and how.

    Attributes:
        method: All weights; adapters beside them; or adapters beside weights of 4 bits.
        checkpointing: Whether each block's activations are computed again on the way back instead of kept.
        dtype: The number format of the weights.
        optimiser: AdamW keeps two numbers for each that it trains, SGD none.
        rank: Of the adapters.
        targets: Names of the layers that are given adapters; empty for those of the attention.
        layers: How many of the last blocks are given adapters; None for all.
    """

    method: Method
    checkpointing: bool = False
    dtype: str = "bfloat16"
    optimiser: Optimiser = "adamw"
    rank: int = 8
    targets: tuple[str, ...] = ()
    layers: int | None = None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Recipe":
        """The recipe that plain data from JSON describes."""
        return cls(**{**plain, "targets": tuple(plain.get("targets", ()))})


def targets_of(config: "Config", recipe: Recipe) -> tuple[str, ...]:
    """The layers that adapters are put on."""
    if recipe.targets:
        return recipe.targets
    return ("c_attn",) if config["model_type"] == "gpt2" else ("q_proj", "k_proj", "v_proj", "o_proj")


def skeleton(config: "Config", dtype: str = "bfloat16", device: str = "meta") -> "torch.nn.Module":
    """The model of a configuration: on the device ``meta`` it has shapes and no weights, elsewhere random ones."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device(device):
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), dtype=getattr(torch, dtype))


def made_ready(config: "Config", recipe: Recipe, device: str) -> "torch.nn.Module":
    """The model with its adapters, as peft puts them on, in training and with checkpointing if asked for.

    Raises:
        ValueError: The model has no layers of the names that adapters are to be put on.
    """
    model = skeleton(config, recipe.dtype, device)
    if recipe.method != "full":
        model = _adapted(model, config, recipe)
    if recipe.method == "qlora":
        _pack(model)
    if recipe.checkpointing:
        if recipe.method != "full":
            model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


def optimiser_of(model: "torch.nn.Module", recipe: Recipe) -> "torch.optim.Optimizer":
    """The optimiser of all that is trained."""
    import torch

    kinds = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    return kinds[recipe.optimiser]([weight for weight in model.parameters() if weight.requires_grad], lr=1e-5)


def step(model: "torch.nn.Module", optimizer: "torch.optim.Optimizer", batch: int, tokens: int) -> None:
    """One training step on so many texts of so many tokens."""
    import torch

    ids = torch.zeros((batch, tokens), dtype=torch.long, device=next(model.parameters()).device)
    model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def _adapted(model: "torch.nn.Module", config: "Config", recipe: Recipe) -> "torch.nn.Module":
    from peft import LoraConfig, get_peft_model

    blocks = config.get("num_hidden_layers", config.get("n_layer", 0))
    last = None if recipe.layers is None else list(range(max(0, blocks - recipe.layers), blocks))
    lora = LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        target_modules=list(targets_of(config, recipe)),
        layers_to_transform=last,
        # GPT-2 keeps its weights the other way round, in Conv1D.
        fan_in_fan_out=config["model_type"] == "gpt2",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, lora)


def _pack(model: "torch.nn.Module") -> None:
    """Put 4 bits in place of the weights of every block's layers; embeddings, norms and the output layer stay."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    output = model.get_output_embeddings()
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | Conv1D) and module is not output and "lora_" not in name:
            _pack_layer(module, turned=isinstance(module, Conv1D))


def _pack_layer(layer: "torch.nn.Module", *, turned: bool) -> None:
    import torch

    shape, dtype, device = tuple(layer.weight.shape), layer.weight.dtype, layer.weight.device
    numbers = shape[0] * shape[1]
    parts = {"packed": numbers // 2, "scales": numbers // BLOCK, "scales_of_scales": 4 * numbers // (BLOCK * BLOCKS)}
    del layer.weight
    for name, size in parts.items():
        layer.register_buffer(name, torch.empty(size, dtype=torch.uint8, device=device))
    product, bias = _product_type(), layer.bias
    layer.weight = None
    layer.forward = lambda states: _biased(product.apply(states, shape, dtype, turned), bias)


def _biased(states: "torch.Tensor", bias: "torch.Tensor | None") -> "torch.Tensor":
    return states if bias is None else states + bias


def _product_type() -> Any:
    """A product with weights of 4 bits: they are unpacked for it, on the way there and on the way back."""
    import torch

    class Product(torch.autograd.Function):  # type: ignore[misc] # torch's types are not to be had here
        @staticmethod
        def forward(ctx: Any, states: torch.Tensor, shape: tuple[int, int], dtype: torch.dtype, turned: bool) -> Any:
            ctx.weight = (shape, dtype, turned)
            weight = torch.empty(shape, dtype=dtype, device=states.device)
            return states @ (weight if turned else weight.t())

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> Any:
            shape, dtype, turned = ctx.weight
            weight = torch.empty(shape, dtype=dtype, device=gradient.device)
            return gradient @ (weight.t() if turned else weight), None, None, None

    return Product
