"""SmolLM2 out of its GGUF: the weights in bfloat16 safetensors, the tokenizer, and a config that both worlds read."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gguf
    import numpy as np
    import torch

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OTHER_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
# In a GGUF's tokenizer.ggml.token_type.
CONTROL_TOKEN = 3


def rebuild(source: Path, folder: Path) -> None:
    """Write the model and its tokenizer into the folder, as ``from_pretrained`` reads them."""
    import gguf
    from safetensors.torch import save_file

    reader = gguf.GGUFReader(source)
    config = _config(reader)
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    _write_tokenizer(reader, folder)
    save_file(_weights(reader, config), folder / "model.safetensors", metadata={"format": "pt"})


def _value(reader: "gguf.GGUFReader", key: str) -> Any:
    return reader.fields[key].contents()


def _config(reader: "gguf.GGUFReader") -> dict[str, Any]:
    theta = _value(reader, "llama.rope.freq_base")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": _value(reader, "llama.vocab_size"),
        "hidden_size": _value(reader, "llama.embedding_length"),
        "intermediate_size": _value(reader, "llama.feed_forward_length"),
        "num_hidden_layers": _value(reader, "llama.block_count"),
        "num_attention_heads": _value(reader, "llama.attention.head_count"),
        "num_key_value_heads": _value(reader, "llama.attention.head_count_kv"),
        "max_position_embeddings": _value(reader, "llama.context_length"),
        "rms_norm_eps": _value(reader, "llama.attention.layer_norm_rms_epsilon"),
        # transformers 5 reads rope_parameters; mlx-lm 0.32.2 reads only the key beside it, and takes another
        # theta without a word where that is missing: the logits are then off by 8.
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "rope_theta": theta,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "bos_token_id": _value(reader, "tokenizer.ggml.bos_token_id"),
        "eos_token_id": _value(reader, "tokenizer.ggml.eos_token_id"),
        "pad_token_id": _value(reader, "tokenizer.ggml.padding_token_id"),
        "dtype": "bfloat16",
    }


def _weights(reader: "gguf.GGUFReader", config: dict[str, Any]) -> "dict[str, torch.Tensor]":
    import gguf
    import torch

    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    weights = {}
    for tensor in reader.tensors:
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        kind = tensor.name.split(".")[-2]
        if kind in heads:
            values = _halves_apart(values, heads[kind])
        weights[transformers_name(tensor.name)] = torch.tensor(values).to(torch.bfloat16)
    return weights


def transformers_name(name: str) -> str:
    """The name of a weight in transformers: ``blk.7.attn_q.weight`` is ``model.layers.7.self_attn.q_proj.weight``."""
    *block, kind, suffix = name.split(".")
    if block:
        return f"model.layers.{block[1]}.{LAYER_NAMES[kind]}.{suffix}"
    return f"{OTHER_NAMES[kind]}.{suffix}"


def _halves_apart(values: "np.ndarray[Any, Any]", heads: int) -> "np.ndarray[Any, Any]":
    """Undo llama.cpp's interleaving: it rotates neighbours, transformers rotates the halves of a head.

    https://github.com/ggml-org/llama.cpp/blob/a38b884c6c4b/convert_hf_to_gguf.py#L1402
    """
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _write_tokenizer(reader: "gguf.GGUFReader", folder: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens = _value(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in _value(reader, "tokenizer.ggml.merges")]
    kinds = _value(reader, "tokenizer.ggml.token_type")
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    digits_then_bytes = [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(digits_then_bytes)
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[_value(reader, "tokenizer.ggml.bos_token_id")],
        "eos_token": tokens[_value(reader, "tokenizer.ggml.eos_token_id")],
        "pad_token": tokens[_value(reader, "tokenizer.ggml.padding_token_id")],
        "unk_token": tokens[_value(reader, "tokenizer.ggml.unknown_token_id")],
        "chat_template": _value(reader, "tokenizer.chat_template"),
        "model_max_length": _value(reader, "llama.context_length"),
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
