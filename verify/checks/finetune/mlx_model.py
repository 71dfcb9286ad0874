"""The base model as mlx-lm reads it: with the rotary base it was trained with, in four bits where asked for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.finetune.recipe import Recipe, Unusable

if TYPE_CHECKING:
    from mlx.nn import Module

# What mlx-lm quantises to, unless told otherwise.
GROUP_SIZE, BITS = 64, 4


def base_model(recipe: Recipe, folder: Path, dtype: str) -> "tuple[Module, dict[str, Any]]":
    """The model of a folder without adapters, and its configuration.

    Raises:
        Unusable: mlx-lm does not know it or cannot read it, or four bits do not fit it.
    """
    import mlx.core as mx
    from mlx_lm.utils import load_config, load_model

    try:
        on_top, trust = rope_on_top(load_config(folder)), recipe.trust_remote_code
        model, config = load_model(folder, lazy=True, model_config=on_top, trust_remote_code=trust)
        model.set_dtype(getattr(mx, dtype))
        if recipe.qlora and not _quantised(model):
            _quantise(model)
        # Nothing was read before: of a weight that is quantised, nothing else is ever held.
        mx.eval(model.parameters())
    except Unusable:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise Unusable(f"{recipe.model} cannot be loaded by mlx-lm: {str(error).splitlines()[0]}") from error
    return model, config


def rope_on_top(config: Mapping[str, Any]) -> dict[str, Any]:
    """Of rotary embeddings, what mlx-lm reads elsewhere than transformers 5 writes it.

    Most of mlx-lm's models ignore ``rope_parameters``, and take a base of their own without a word:
    https://github.com/ml-explore/mlx-lm/pull/953
    """
    rope, found = config.get("rope_parameters") or {}, {}
    if "full_attention" in rope:
        found["rope_local_base_freq"] = (rope.get("sliding_attention") or {}).get("rope_theta")
        rope = rope["full_attention"]
    found |= {name: rope.get(name) for name in ("rope_theta", "partial_rotary_factor")}
    if rope.get("rope_type", "default") != "default":
        found["rope_scaling"] = {**rope, "type": rope["rope_type"]}
    missing = {name: value for name, value in found.items() if value is not None and config.get(name) is None}
    if "text_config" in config:
        missing["text_config"] = {**config["text_config"], **rope_on_top(config["text_config"])}
    return missing


def parameters_of(model: "Module") -> int:
    """Numbers that the model was trained to: those of a quantised layer count as before."""
    import mlx.core as mx

    total = 0
    for module in model.modules():
        own = {name: each.size for name, each in module.items() if isinstance(each, mx.array) and name[0] != "_"}
        if "scales" in own:
            own = {"weight": own["weight"] * 32 // module.bits, "bias": own.get("bias", 0)}
        total += sum(own.values())
    return total


def adapted_layers(recipe: Recipe, model_type: str, blocks: "Sequence[Module]") -> tuple[str, ...]:
    """Paths within a block of the linear layers that get adapters.

    Raises:
        Unusable: One that is named is in none of the blocks.
    """
    from mlx import nn
    from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear

    kinds = nn.Linear | nn.QuantizedLinear | SwitchLinear | QuantizedSwitchLinear
    linear = sorted({path for block in blocks for path, module in block.named_modules() if isinstance(module, kinds)})
    wanted = recipe.target_modules or _chosen_by_peft(model_type)
    found = {name: [path for path in linear if f".{path}".endswith(f".{name}")] for name in wanted}
    unknown = [name for name, paths in found.items() if not paths]
    if unknown or not found:
        missing = f"has no {', '.join(unknown)}" if unknown else "is none for which PEFT names layers"
        there = ", ".join(sorted({path.rpartition(".")[2] for path in linear}))
        raise Unusable(f"{recipe.model} {missing}: name its target modules out of {there}")
    return tuple(sorted({path for paths in found.values() for path in paths}))


def ends_of(config: Mapping[str, Any]) -> list[int]:
    """Tokens that end an answer, as the model says; the tokenizer may know another."""
    told = config.get("eos_token_id")
    return list(told) if isinstance(told, list) else [] if told is None else [told]


def _chosen_by_peft(model_type: str) -> Sequence[str]:
    """None where PEFT knows no such model, or names its layers by a pattern of torch's names."""
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING

    named = TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING.get(model_type)
    return named if isinstance(named, list) else []


def _quantise(model: "Module") -> None:
    """Hold the linear layers in four bits, as far as mlx-lm itself would."""
    from mlx import nn
    from mlx_lm.models.switch_layers import SwitchLinear

    as_mlx_lm = getattr(model, "quant_predicate", lambda _path, _module: True)

    def chosen(path: str, module: "Module") -> Any:
        fits = isinstance(module, nn.Linear | SwitchLinear) and module.weight.shape[-1] % GROUP_SIZE == 0
        return fits and as_mlx_lm(path, module)

    nn.quantize(model, GROUP_SIZE, BITS, class_predicate=chosen)
    if not _quantised(model):
        raise Unusable(f"no linear layer has inputs in groups of {GROUP_SIZE}: train it without qlora")


def _quantised(model: "Module") -> bool:
    return any("scales" in module for module in model.modules())
