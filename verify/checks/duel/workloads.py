"""The pieces of work that two sets of packages are timed at: what a fine-tune and its model spend their time with.

Each is one call that ends when the device has done it. They are small, for what an upgrade slows is seen in small
work too, and in the same time more of it can be compared.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from verify.probe.timing import synchroniser

if TYPE_CHECKING:
    from verify.probe.context import Context

Work = Callable[[], object]
Maker = Callable[["Context"], Work]

BATCH, TOKENS, NEW_TOKENS = 4, 64, 8
VOCABULARY = 512
ROWS = 64


def _model(ctx: "Context", **more: Any) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from verify.checks.torch_device import ready

    device = ready(ctx)
    torch.manual_seed(ctx.seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        **more,
    )
    return LlamaForCausalLM(config).to(device)


def _ids(ctx: "Context", batch: int = BATCH) -> Any:
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    return torch.randint(VOCABULARY, (batch, TOKENS), generator=random).to(ctx.device)


def _steps(ctx: "Context", model: Any) -> Work:
    import torch

    model.train()
    ids, wait = _ids(ctx), synchroniser(ctx.device)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-4)

    def step() -> None:
        optimiser.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
        wait()

    return step


def training_step(ctx: "Context") -> Work:
    """Forward, backward and AdamW over a small Llama of transformers."""
    return _steps(ctx, _model(ctx))


def lora_step(ctx: "Context") -> Work:
    """The same with PEFT's adapters on every projection, the base frozen."""
    from peft import LoraConfig, get_peft_model

    return _steps(ctx, get_peft_model(_model(ctx), LoraConfig(r=8, target_modules="all-linear")))


def forward(ctx: "Context") -> Work:
    """The forward pass without gradients."""
    import torch

    model, ids, wait = _model(ctx).eval(), _ids(ctx), synchroniser(ctx.device)

    def work() -> None:
        with torch.inference_mode():
            model(input_ids=ids)
        wait()

    return work


def generation(ctx: "Context") -> Work:
    """A few tokens, greedily, with transformers' cache of keys and values."""
    model, ids, wait = _model(ctx).eval(), _ids(ctx, batch=1), synchroniser(ctx.device)
    mask = ids.new_ones(ids.shape)

    def work() -> None:
        model.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=NEW_TOKENS,
            min_new_tokens=NEW_TOKENS,
            do_sample=False,
            pad_token_id=0,
        )
        wait()

    return work


def adapter_loading(ctx: "Context") -> Work:
    """Reading an adapter folder into a model."""
    from peft import LoraConfig, PeftModel, get_peft_model

    folder, base = str(ctx.scratch / "adapter"), _model(ctx)
    get_peft_model(_model(ctx), LoraConfig(r=8, target_modules="all-linear")).save_pretrained(folder)

    def work() -> None:
        PeftModel.from_pretrained(base, folder).unload()

    return work


def model_loading(ctx: "Context") -> Work:
    """Reading a checkpoint of safetensors into a model."""
    from transformers import AutoModelForCausalLM

    folder, wait = str(ctx.scratch / "model"), synchroniser(ctx.device)
    _model(ctx).save_pretrained(folder)

    def work() -> None:
        AutoModelForCausalLM.from_pretrained(folder).to(ctx.device)
        wait()

    return work


def tokenization(_ctx: "Context") -> Work:
    """Encoding prose with GPT-2's tokenizer."""
    from transformers import GPT2Tokenizer

    from verify.checks.models.materials import gpt2_vocabulary, prose

    files = gpt2_vocabulary()
    tokenizer = GPT2Tokenizer(vocab=str(files.vocab), merges=str(files.merges))
    texts = [prose(64_000)[start : start + 1000] for start in range(0, ROWS * 1000, 1000)]
    return lambda: tokenizer(texts)


def dataset_map(_ctx: "Context") -> Work:
    """Mapping a function over the rows of a data set, without its cache."""
    import datasets

    datasets.disable_progress_bars()
    datasets.disable_caching()
    rows = datasets.Dataset.from_dict({"text": [f"row {row}" for row in range(ROWS)]})
    return lambda: rows.map(lambda row: {"length": len(row["text"])}, keep_in_memory=True)


def product(ctx: "Context") -> Work:
    """A product of two float32 matrices, which is torch's alone."""
    import torch

    from verify.checks.torch_device import ready

    device, wait = ready(ctx), synchroniser(ctx.device)
    left = torch.randn(384, 384).to(device)

    def work() -> None:
        left @ left
        wait()

    return work


def mlx_step(ctx: "Context") -> Work:
    """Forward, backward and AdamW over a small network of MLX."""
    import mlx.core as mx
    from mlx import nn, optimizers

    from verify.checks.mlx_device import ready

    ready(ctx)
    model = nn.TransformerEncoder(2, 64, 4, 128)
    optimiser, inputs = optimizers.AdamW(1e-4), mx.random.normal((4, 32, 64))
    mask = nn.MultiHeadAttention.create_additive_causal_mask(32)
    step = nn.value_and_grad(model, lambda model, inputs: model(inputs, mask).square().mean())

    def work() -> None:
        _, gradients = step(model, inputs)
        optimiser.update(model, gradients)
        mx.eval(model.parameters(), optimiser.state)

    return work


TORCH: Mapping[str, Maker] = {
    maker.__name__: maker
    for maker in (
        training_step,
        lora_step,
        forward,
        generation,
        model_loading,
        adapter_loading,
        tokenization,
        dataset_map,
        product,
    )
}
MAKERS: Mapping[str, Mapping[str, Maker]] = {
    "cpu": TORCH,
    "cuda": TORCH,
    "mps": TORCH,
    "mlx": {"mlx_step": mlx_step},
}
