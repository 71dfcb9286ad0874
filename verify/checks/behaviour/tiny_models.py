"""Four small models of known architectures: configurations as the hub has them, and weights that no framework chose."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from verify.checks.behaviour.exchange import read, write

if TYPE_CHECKING:
    from transformers import PreTrainedModel

VOCABULARY = 257
# Two sequences, of which the second is padded: what a mask lets through shall show.
TOKENS = (24, 16)
_LLAMA: Mapping[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    # No framework's default; where all checkpoints have it that were made before transformers 5.
    "rope_theta": 50_000.0,
}
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "gpt2": {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": VOCABULARY,
        "n_positions": 128,
        "n_embd": 64,
        "n_layer": 2,
        "n_head": 4,
        "bos_token_id": 0,
        "eos_token_id": 0,
    },
    "llama": {"architectures": ["LlamaForCausalLM"], "model_type": "llama", **_LLAMA, "tie_word_embeddings": False},
    "qwen2": {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", **_LLAMA, "tie_word_embeddings": True},
    "bert": {
        "architectures": ["BertForMaskedLM"],
        "model_type": "bert",
        "vocab_size": VOCABULARY,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 128,
    },
}
# Embeddings are as small as real ones: the first norm then divides by so little that its eps shows in the logits.
EMBEDDED = 0.02
CONFIG, IDS = "config.json", "ids.json"


def make(folder: Path, kind: str, seed: int, **changes: Any) -> Path:
    """Write a model's configuration and its weights, every one of which is drawn: 0 or 1 could get lost unseen.

    Args:
        folder: Where to.
        kind: One of `CONFIGS`.
        seed: Of the weights.
        changes: What its configuration has otherwise.
    """
    import torch

    model = unlearnt(folder, kind, **changes)
    embedded = {id(part.weight) for part in model.modules() if isinstance(part, torch.nn.Embedding)}
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=random)
            if id(weight) in embedded:
                weight.copy_(drawn * EMBEDDED)
            elif weight.dim() > 1:
                # Of such a size that attention is neither even nor stuck on one token.
                weight.copy_(drawn * (1.5 / weight.shape[-1] ** 0.5))
            else:
                weight.copy_(drawn / 4 + name.endswith("weight"))
    model.save_pretrained(folder)
    # As it was: what a framework makes of a configuration that it saves is not what is asked.
    write(folder / CONFIG, {**CONFIGS[kind], **changes})
    return folder


def unlearnt(folder: Path, kind: str, **changes: Any) -> "PreTrainedModel":
    """A model with the weights that the framework begins with; its configuration is written to the folder."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    write(folder / CONFIG, {**CONFIGS[kind], **changes})
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    model: PreTrainedModel = getattr(transformers, CONFIGS[kind]["architectures"][0])(config)
    return model


def load(folder: Path) -> "PreTrainedModel":
    """The model of a folder, in float32 on the CPU and not training."""
    import transformers

    kind = getattr(transformers, read(folder / CONFIG)["architectures"][0])
    model: PreTrainedModel = kind.from_pretrained(folder, local_files_only=True)
    return model.float().eval()


def random_ids(seed: int, sequences: int, tokens: int) -> list[list[int]]:
    """Token ids in rows; without the first of the vocabulary, which pads."""
    random = Random(seed)  # noqa: S311 - data, no secret
    return [random.choices(range(1, VOCABULARY), k=tokens) for _ in range(sequences)]
