"""LoRA on MLX: mlx-lm's adapters, trained by mlx-lm's own trainer."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.finetune.batches import Batch
from verify.checks.finetune.engine import NEW_TOKENS, Course, Engine, Opened, Watcher
from verify.checks.finetune.mlx_model import adapted_layers, base_model, ends_of, parameters_of
from verify.checks.finetune.mlx_run import Run, nats_of
from verify.checks.finetune.recipe import Recipe, Unusable

if TYPE_CHECKING:
    import mlx.core as mx
    from mlx.nn import Module
    from mlx_lm.tokenizer_utils import TokenizerWrapper
    from transformers import PreTrainedTokenizerBase

# As mlx-lm names them, and looks for them.
ADAPTERS, CONFIGURATION = "adapters.safetensors", "adapter_config.json"


@dataclass(frozen=True, slots=True)
class MlxEngine:
    """A causal language model with mlx-lm's adapters, where MLX computes."""

    recipe: Recipe
    model: "Module"
    tokenizer: "TokenizerWrapper"
    keys: tuple[str, ...]
    opened: Opened

    def train(self, course: Course, watcher: Watcher) -> bool:
        """Train with mlx-lm's trainer; whether it came to its end."""
        from mlx.optimizers import AdamW
        from mlx_lm.cli_ui import make_console
        from mlx_lm.tuner.trainer import TrainingArgs, train

        # The one console of mlx-lm: our log is the run's.
        make_console().quiet = True
        optimizer = AdamW(self.recipe.learning_rate, weight_decay=0.0, bias_correction=True)
        run = Run(self, course, watcher, optimizer)
        if course.resume:
            run.resume(*course.resume)
        # What it calls iterations are forward passes. It never comes to this many: the batches end the run, and they
        # are asked for one more after the last, which is when that one's iteration is seen to.
        passes = len(course.passes) + 1
        with tempfile.TemporaryDirectory() as unread, _blocks_as_they_were(self.model):
            arguments = TrainingArgs(
                iters=passes,
                steps_per_report=1,
                steps_per_save=passes + 1,
                grad_accumulation_steps=self.recipe.accumulate,
                grad_checkpoint=self.recipe.checkpointing,
                # It always saves at its end; `save` is asked for where the adapters shall be.
                adapter_file=str(Path(unread) / ADAPTERS),
            )
            train(self.model, optimizer, None, None, arguments, nats_of, run.batches, run)
        return run.iteration == course.iterations

    def loss(self, batches: Iterable[Batch]) -> float:
        """The mean loss of a target token, in nats."""
        import mlx.core as mx

        total, targets = 0.0, 0
        with self._asked():
            for batch in batches:
                nats, counted = nats_of(self.model, mx.array(batch.rows), mx.array(batch.spans), mx.array(1.0))
                total, targets = total + nats.item(), targets + counted.item()
                # As mlx-lm's own evaluation: batches of other shapes do not fit into what these leave behind.
                mx.clear_cache()
        return total / targets

    def write(self, prompt: str) -> str:
        """What the model makes of a prompt, always taking its likeliest token."""
        from mlx_lm import generate

        # A template writes the special tokens itself, so the tokenizer must not add them again.
        ids = self.tokenizer.encode(prompt, add_special_tokens=not self.tokenizer.chat_template)
        with self._asked():
            text: str = generate(self.model, self.tokenizer, ids, max_tokens=NEW_TOKENS)
        return text

    def save(self, folder: Path) -> None:
        """Write the adapters as mlx-lm reads them."""
        import mlx.core as mx

        folder.mkdir(parents=True, exist_ok=True)
        mx.save_safetensors(str(folder / ADAPTERS), adapters_of(self.model))
        described = {
            "model": self.recipe.model,
            "fine_tune_type": "lora",
            "num_layers": _blocks(self.model, self.recipe),
            "lora_parameters": _lora(self.recipe, self.keys),
        }
        (folder / CONFIGURATION).write_text(json.dumps(described, indent=2), encoding="utf-8")

    def reload(self, folder: Path) -> None:
        """Put in the place of the adapters those that were saved.

        Raises:
            Unusable: They are not of these layers and this rank.
        """
        import mlx.core as mx
        from mlx.utils import tree_unflatten

        saved, here = mx.load(str(folder / ADAPTERS)), adapters_of(self.model)
        if {name: each.shape for name, each in saved.items()} != {name: each.shape for name, each in here.items()}:
            raise Unusable(f"{folder} holds the adapters of another recipe")
        self.model.update(tree_unflatten(list(saved.items())))

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """While the model answers it drops nothing out, and afterwards it goes on as it was."""
        training = self.model.training
        self.model.eval()
        yield
        self.model.train(training)


def open_mlx(recipe: Recipe, folder: Path, tokenizer: "PreTrainedTokenizerBase") -> Engine:
    """The model of a folder where MLX computes, with fresh adapters.

    Raises:
        Unusable: The model is none that mlx-lm knows, the layers are not in it, or MLX would train it wrongly.
    """
    # Read once, as in `mlx_device.ready`: float32 means float32.
    os.environ["MLX_ENABLE_TF32"] = "0"
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.tokenizer_utils import TokenizerWrapper
    from mlx_lm.tuner.utils import linear_to_lora_layers

    if recipe.checkpointing and recipe.dropout:
        # mx.checkpoint draws anew when it computes again, so that the gradient is not that of the loss.
        raise Unusable("on mlx, checkpointing drops out other places in the backward pass: set dropout to 0")
    on_gpu = mx.default_device() == mx.Device(mx.gpu)
    if sys.platform == "darwin" and not on_gpu:
        raise Unusable("mlx computes on the CPU although this is a Mac")
    dtype = recipe.dtype if recipe.dtype != "auto" else "bfloat16" if on_gpu else "float32"
    model, config = base_model(recipe, folder, dtype)
    parameters, blocks = parameters_of(model), _blocks(model, recipe)
    keys = adapted_layers(recipe, config["model_type"], model.layers[-blocks:])
    mx.random.seed(recipe.seed)
    model.freeze()
    linear_to_lora_layers(model, blocks, _lora(recipe, keys))
    mx.eval(model.parameters())
    trainable = sum(each.size for each in adapters_of(model).values())
    opened = Opened(
        device="mlx",
        title=str(mx.device_info().get("device_name", "CPU")),
        dtype=dtype,
        parameters=parameters + trainable,
        trainable=trainable,
        weight_bytes=sum(each.nbytes for _, each in tree_flatten(model.parameters())),
        target_modules=tuple(sorted({key.rpartition(".")[2] for key in keys})),
        layers=sum(bool(adapters_of(block)) for block in model.layers),
        vocabulary=int(config.get("text_config", config)["vocab_size"]),
    )
    return MlxEngine(recipe, model, TokenizerWrapper(tokenizer, eos_token_ids=ends_of(config)), keys, opened)


def adapters_of(model: "Module") -> "dict[str, mx.array]":
    """All that is trained, by name."""
    from mlx.utils import tree_flatten

    return dict(tree_flatten(model.trainable_parameters()))


def _blocks(model: "Module", recipe: Recipe) -> int:
    """How many of them get adapters, counted from the last."""
    return min(recipe.layers, len(model.layers)) or len(model.layers)


def _lora(recipe: Recipe, keys: Sequence[str]) -> dict[str, Any]:
    """The adapters, as mlx-lm has them described."""
    return {"rank": recipe.rank, "scale": recipe.scaling, "dropout": recipe.dropout, "keys": list(keys)}


@contextmanager
def _blocks_as_they_were(model: "Module") -> Iterator[None]:
    """Take back that the trainer, for checkpointing, changes the class of the blocks: all models share it."""
    kind = type(model.layers[0])
    exact = kind.__call__
    try:
        yield
    finally:
        kind.__call__ = exact
