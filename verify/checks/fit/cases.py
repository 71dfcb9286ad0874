"""The training steps by which predictions are held against measurements: small ones, of every kind."""

from collections.abc import Mapping
from typing import Any

from verify.checks.models.configs import config_named

LAYERS = ("num_hidden_layers", "n_layer")


def case(name: str, layers: int, recipe: tuple[str, str], size: tuple[int, int], **more: Any) -> dict[str, Any]:
    """One step: a shipped shape with so many layers, method and format, batch and tokens; the recipe's rest by name."""
    shape = dict(config_named(name))
    own = next(key for key in LAYERS if key in shape)
    device = "mlx" if more.pop("mlx", False) else None
    (method, dtype), (batch, tokens) = recipe, size
    return {
        "name": f"{name}, {min(layers, shape[own])} of {shape[own]} layers",
        "model": {**shape, own: min(layers, shape[own])},
        "recipe": {"method": method, "dtype": dtype, **more},
        "batch": batch,
        "tokens": tokens,
        "device": device,
    }


def cases() -> list[Mapping[str, Any]]:
    """Both methods that a processor has, with and without checkpointing, two formats, several batches and lengths."""
    return [
        case("smollm2-135m", 30, ("full", "float32"), (1, 128)),
        case("smollm2-135m", 30, ("lora", "float32"), (4, 128)),
        case("smollm2-135m", 30, ("lora", "bfloat16"), (2, 256)),
        case("smollm2-135m", 10, ("full", "float32"), (2, 512), checkpointing=True),
        case("smollm2-360m", 8, ("full", "float32"), (2, 128), optimiser="sgd"),
        case("qwen2.5-0.5b", 4, ("full", "bfloat16"), (2, 128)),
        case("qwen2.5-0.5b", 4, ("lora", "float32"), (4, 128), checkpointing=True),
        case("gpt2", 6, ("full", "float32"), (2, 256)),
        case("gpt2", 12, ("lora", "float32"), (2, 256), rank=16),
        case("smollm2-135m", 6, ("lora", "bfloat16"), (2, 128), mlx=True),
    ]
