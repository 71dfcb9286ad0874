"""Run by the environment's own interpreter: what mlx-lm's trainer does for us, on models too small to mean anything."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[3]))
os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}

import mlx.core as mx
import numpy as np
import torch
from mlx_lm.utils import load
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from verify.checks.finetune.batches import Batch, in_turn, schedule, tokenised
from verify.checks.finetune.engine import Course, Watcher, load_tokenizer
from verify.checks.finetune.examples import Example
from verify.checks.finetune.mlx_engine import MlxEngine, adapters_of, open_mlx
from verify.checks.finetune.recipe import Recipe, Unusable

SHAPE: dict[str, Any] = {
    "vocab_size": 257,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
# Of other lengths each, so that each holds another number of tokens that count.
ANSWERS = ["one", "twenty", "three", "a hundred", "six", "seven of them", "no", "eleven"]
EXAMPLES = [
    Example(({"role": "user", "content": f"{'go ' * (place % 3)}{place}"}, {"role": "assistant", "content": said}), 1)
    for place, said in enumerate(ANSWERS)
]
RECIPE = Recipe(
    "tiny",
    "data",
    engine="mlx",
    rank=4,
    learning_rate=0.02,
    batch_size=2,
    sequence_length=64,
    mask_prompt=True,
    iterations=10,
    report_every=1,
    save_every=100,
)


def main(scratch: Path) -> dict[str, Any]:
    llama, qwen = made(scratch / "llama", 50_000.0), made(scratch / "qwen2", 1_000_000.0)
    return {
        "exact": against_float64(llama, scratch),
        "accumulated": accumulated(llama, scratch),
        "stepped": stepped(llama, scratch),
        "resumed": resumed(llama, scratch),
        "saved": saved(qwen, scratch),
        "counted": counted(llama),
        "refused": refused(llama),
        "files": sorted({path.suffix for path in scratch.rglob("*") if path.is_file() and "qwen2" not in path.parts}),
    }


def against_float64(folder: Path, scratch: Path) -> dict[str, Any]:
    """Loss and gradient of the first step, of a model with a rotary base that mlx-lm would miss."""
    recipe = replace(RECIPE, batch_size=8, iterations=1, save_every=1)
    engine = opened(recipe, folder)
    (batch,) = batches_of(recipe, folder)
    padded = Batch(tuple((*row, *[7] * 32) for row in batch.rows), batch.spans)
    loss, gradients = exact(engine, folder, batch)
    found = {"loss": engine.loss([batch]) / loss - 1, "padded": engine.loss([padded]) / loss - 1}
    first = gradients_after_one_step(engine, recipe, folder, scratch / "plain")
    again = opened(replace(recipe, checkpointing=True), folder)
    block = type(again.model.layers[0]).__call__
    checkpointed = gradients_after_one_step(again, again.recipe, folder, scratch / "checkpointed")
    return found | {
        "gradient": worst(first, gradients),
        "checkpointed": worst(checkpointed, gradients),
        "class_restored": block is type(again.model.layers[0]).__call__,
        "later_loss": engine.loss([batch]) / exact(engine, folder, batch)[0] - 1,
    }


def accumulated(folder: Path, scratch: Path) -> dict[str, Any]:
    """The first step of eight examples at once, and of two of them four times."""
    found = {}
    for size in (8, 2):
        recipe = replace(RECIPE, batch_size=size, accumulate=8 // size, iterations=1, save_every=1)
        engine, told = opened(recipe, folder), Told()
        ended = engine.train(course_of(recipe, folder, scratch / f"of_{size}"), told.watcher())
        found[size] = told.losses[0], moments(scratch / f"of_{size}" / "checkpoint-1"), adapters_of(engine.model), ended
    (one, one_moment, one_end, _), (four, four_moment, four_end, ended) = found[8], found[2]
    apart = max(float(mx.abs(one_end[name] - four_end[name]).max()) for name in one_end)
    return {
        "loss": four / one - 1,
        "gradient": worst(four_moment, one_moment),
        "adapters": apart,
        "learning_rate": RECIPE.learning_rate,
        "ended": ended,
    }


def stepped(folder: Path, scratch: Path) -> dict[str, Any]:
    """The first step of AdamW, by which each number moves by the learning rate; and a loss with nothing dropped out."""
    recipe = replace(RECIPE, iterations=1, save_every=1, dropout=0.5)
    engine = opened(recipe, folder)
    batches = list(batches_of(recipe, folder))
    same = engine.loss(batches) == engine.loss(batches)
    before = {name: np.array(each) for name, each in adapters_of(engine.model).items()}
    gradients = gradients_after_one_step(engine, recipe, folder, scratch / "stepped")
    after = {name: np.array(each) for name, each in adapters_of(engine.model).items()}
    moved = {name: -recipe.learning_rate * each / (np.abs(each) + 1e-8) for name, each in gradients.items()}
    return {
        "moved": worst({name: after[name] for name in moved}, moved),
        "others_stay": all((before[name] == after[name]).all() for name in before if name not in moved),
        "same": same,
    }


def resumed(folder: Path, scratch: Path) -> dict[str, Any]:
    """A run with dropout from start to end, and one that is stopped and goes on in a model that was opened anew."""
    recipe = replace(RECIPE, accumulate=2, dropout=0.2, save_every=2)
    whole, stopped, rest = Told(), Told(stops_at=5), Told()
    places = {name: scratch / name for name in ("whole", "parts")}
    engine = opened(recipe, folder)
    ended = engine.train(course_of(recipe, folder, places["whole"]), whole.watcher())
    broken_off = opened(recipe, folder).train(course_of(recipe, folder, places["parts"]), stopped.watcher())
    course = replace(course_of(recipe, folder, places["parts"]), resume=(places["parts"] / "checkpoint-5", 5))
    mx.random.seed(recipe.seed + 1)
    again = opened(recipe, folder)
    again.train(course, rest.watcher())
    before, after = adapters_of(engine.model), adapters_of(again.model)
    return {
        "ended": [ended, broken_off],
        "whole": whole.losses,
        "parts": stopped.losses + rest.losses,
        "saved": [stopped.saved, rest.saved],
        "kept": sorted(path.name for path in places["parts"].iterdir()),
        "same_adapters": all(bool((before[name] == after[name]).all()) for name in before),
        "seconds": min(whole.seconds),
    }


def saved(folder: Path, scratch: Path) -> dict[str, Any]:
    """Adapters in mlx-lm without us: what the model says, and what its command writes."""
    recipe, place = (
        replace(RECIPE, iterations=40, report_every=40, target_modules=("q_proj", "down_proj")),
        scratch / "a",
    )
    engine = opened(recipe, folder)
    engine.train(course_of(recipe, folder, scratch / "none"), Told().watcher())
    engine.save(place)
    plain, _ = load(str(folder), adapter_path=str(place))
    ids = mx.array([list(range(20, 60))])
    prompt = "go 1\n"
    words = [sys.executable, "-m", "mlx_lm", "generate", "--model", folder, "--adapter-path", place]
    words += ["--prompt", prompt, "--max-tokens", 48, "--verbose", False]
    done = subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, timeout=120)
    fresh = opened(recipe, folder)
    unlike = differing(fresh.model(ids), plain(ids))
    fresh.reload(place)
    return {
        "differing": differing(engine.model(ids), plain(ids)),
        "reloaded": differing(fresh.model(ids), plain(ids)),
        "fresh": unlike,
        "text": engine.write(prompt),
        "written": done.stdout.strip(),
    }


def counted(folder: Path) -> dict[str, Any]:
    """What there is to train, of other layers and in four bits."""
    chosen = opened(replace(RECIPE, layers=1, target_modules=("k_proj", "mlp.down_proj")), folder).opened
    plain, packed = (opened(replace(RECIPE, qlora=qlora), folder).opened for qlora in (False, True))
    return {
        "chosen": [chosen.trainable, chosen.layers, chosen.target_modules],
        "plain": [plain.trainable, plain.layers, plain.target_modules, plain.parameters - plain.trainable],
        "packed": [packed.trainable, packed.parameters - packed.trainable],
        "bytes": [plain.weight_bytes, packed.weight_bytes],
        "torch": LlamaForCausalLM.from_pretrained(folder).num_parameters(),
    }


def refused(folder: Path) -> list[str]:
    """The reasons why some recipes are not trained."""
    said = []
    for more in ({"target_modules": ("q_proj", "query")}, {"checkpointing": True, "dropout": 0.1}):
        try:
            opened(replace(RECIPE, **more), folder)
        except Unusable as error:
            said.append(str(error))
    return said


class Told:
    """Watches a run."""

    def __init__(self, stops_at: int = 0) -> None:
        self.losses: list[float] = []
        self.seconds: list[float] = []
        self.saved: list[str] = []
        self.stops_at = stops_at

    def watcher(self) -> Watcher:
        def report(_: int, loss: float, seconds: float) -> None:
            self.losses.append(loss)
            self.seconds.append(seconds)

        return Watcher(
            report,
            lambda _: None,
            lambda _, folder: self.saved.append(folder.name),
            lambda: len(self.losses) + 1 == self.stops_at,
        )


def opened(recipe: Recipe, folder: Path) -> MlxEngine:
    engine = open_mlx(recipe, folder, load_tokenizer(folder, recipe))
    assert isinstance(engine, MlxEngine)
    return engine


def course_of(recipe: Recipe, folder: Path, checkpoints: Path) -> Course:
    tokenizer = load_tokenizer(folder, recipe)
    tokens = tokenised(EXAMPLES, tokenizer, recipe)
    return Course(recipe, tokens, schedule(len(tokens), recipe), checkpoints)


def batches_of(recipe: Recipe, folder: Path) -> Iterable[Batch]:
    course = course_of(recipe, folder, folder)
    return in_turn(course.tokens, recipe.batch_size)


def gradients_after_one_step(engine: MlxEngine, recipe: Recipe, folder: Path, place: Path) -> dict[str, Any]:
    engine.train(course_of(recipe, folder, place), Told().watcher())
    return moments(place / "checkpoint-1")


def moments(checkpoint: Path) -> dict[str, Any]:
    """The gradients of the first step: Adam's first moment is a tenth of them."""
    state = mx.load(str(checkpoint / "state.safetensors"))
    return {name.removesuffix(".m"): np.array(each) * 10 for name, each in state.items() if name.endswith("lora_b.m")}


def worst(found: dict[str, Any], wanted: dict[str, Any]) -> float:
    """The largest difference, in terms of the largest number of its array."""
    assert set(found) == set(wanted)
    return max(float(np.abs(found[name] - wanted[name]).max() / np.abs(wanted[name]).max()) for name in wanted)


def differing(one: mx.array, other: mx.array) -> int:
    return int((one != other).sum())


def exact(engine: MlxEngine, folder: Path, batch: Batch) -> tuple[float, dict[str, Any]]:
    """The mean loss of a target in float64 by torch, each target for itself, and its gradients to the adapters."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float64).requires_grad_(requires_grad=False)
    mine = {
        name: torch.tensor(np.array(each), dtype=torch.float64, requires_grad=True)
        for name, each in adapters_of(engine.model).items()
    }
    weights = dict(model.named_parameters())
    for name in [name.removesuffix(".lora_a") for name in mine if name.endswith("a")]:
        added = engine.recipe.scaling * (mine[f"{name}.lora_a"] @ mine[f"{name}.lora_b"]).T
        weights[f"{name}.weight"] = weights[f"{name}.weight"] + added
    total = torch.zeros((), dtype=torch.float64)
    for row, (first, end) in zip(batch.rows, batch.spans, strict=True):
        ids = torch.tensor([row[:end]])
        likelihoods = torch.func.functional_call(model, weights, (ids,)).logits[0].log_softmax(-1)
        total = total - sum(likelihoods[place - 1, row[place]] for place in range(first, end))
    loss = total / batch.targets
    loss.backward()
    return float(loss.detach()), {name: each.grad.numpy() for name, each in mine.items() if name.endswith("b")}


def made(folder: Path, base: float) -> Path:
    """A model with weights large enough that a wrong rotary base shows, and a tokenizer of one token a byte."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.manual_seed(0)
    settings = {**SHAPE, "rope_parameters": {"rope_type": "default", "rope_theta": base}, "eos_token_id": 256}
    model = (
        Qwen2ForCausalLM(Qwen2Config(**settings, tie_word_embeddings=True))
        if folder.name == "qwen2"
        else LlamaForCausalLM(LlamaConfig(**settings, tie_word_embeddings=False))
    )
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape)
            weight.copy_(1 + drawn / 4 if "norm" in name else drawn * (1.5 / weight.shape[-1] ** 0.5))
    model.save_pretrained(folder)
    letters = {letter: place for place, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab={**letters, "<end>": 256}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>").save_pretrained(folder)  # noqa: S106
    return folder


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201
