"""LoRA on torch: PEFT's adapters, trained by the Trainer of transformers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.finetune.batches import Batch
from verify.checks.finetune.engine import NEW_TOKENS, Course, Engine, Opened, Watcher
from verify.checks.finetune.peft_run import Passes, arguments_of, callback_of, checkpoints_kept, only_one, tensors
from verify.checks.finetune.recipe import Recipe, Unusable
from verify.checks.torch_device import available

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SAVED = "saved"
BF16_PRODUCT = "support_avx512bf16_for_cpu"


@dataclass(frozen=True, slots=True)
class PeftEngine:
    """A causal language model with PEFT's adapters on a torch device."""

    model: "PeftModel"
    tokenizer: "PreTrainedTokenizerBase"
    opened: Opened

    def train(self, course: Course, watcher: Watcher) -> bool:
        """Train with the Trainer; whether it came to its end."""
        from transformers import Trainer

        watching = callback_of(course, watcher, self.opened.device)

        self.model.config.use_cache = False
        trainer = Trainer(
            model=self.model,
            args=arguments_of(course, self.opened.device),
            train_dataset=Passes(course),
            data_collator=only_one,
            callbacks=[watching],
        )
        resume = str(course.resume[0]) if course.resume else None
        with checkpoints_kept(course.checkpoints, watching):
            trainer.train(resume_from_checkpoint=resume)
        self.model.config.use_cache = True
        return bool(trainer.state.global_step >= course.iterations)

    def loss(self, batches: Iterable[Batch]) -> float:
        """The mean loss of a target token, in nats."""
        import torch

        total = targets = 0.0
        with self._asked(), torch.inference_mode():
            for batch in batches:
                inputs = {name: value.to(self.model.device) for name, value in tensors(batch).items()}
                total += float(self.model(**inputs, use_cache=False).loss) * batch.targets
                targets += batch.targets
        return total / targets

    def write(self, prompt: str) -> str:
        """What the model makes of a prompt, always taking its likeliest token."""
        special = not self.tokenizer.chat_template
        ids = self.tokenizer(prompt, return_tensors="pt", add_special_tokens=special).input_ids.to(self.model.device)
        with self._asked():
            settings = {"do_sample": False, "pad_token_id": self.tokenizer.eos_token_id, "max_new_tokens": NEW_TOKENS}
            written = self.model.generate(input_ids=ids, attention_mask=ids.new_ones(ids.shape), **settings)
        text: str = self.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
        return text

    def save(self, folder: Path) -> None:
        """Write the adapters as PEFT reads them."""
        self.model.save_pretrained(str(folder))

    def reload(self, folder: Path) -> None:
        """Put in the place of the adapters those that were saved."""
        self.model.load_adapter(str(folder), SAVED)
        self.model.set_adapter(SAVED)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """While the model answers it drops nothing out, and afterwards it goes on as it was."""
        training = self.model.training
        self.model.eval()
        yield
        self.model.train(training)


def open_peft(recipe: Recipe, device: str, folder: Path, tokenizer: "PreTrainedTokenizerBase") -> Engine:
    """The model of a folder on a device, with fresh adapters.

    Raises:
        Unusable: The device is not there, the model is none that answers, or the layers are not in it.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import logging

    # Our log is the run's; their progress bars would only fill the one that is kept of a crash.
    logging.disable_progress_bar()
    if not available(device):
        raise Unusable(f"torch offers no {device} here: `verify devices` says what there is")
    torch.manual_seed(recipe.seed)
    dtype = _dtype(recipe, device)
    base = _base(recipe, device, folder, dtype)
    blocks = int(base.config.num_hidden_layers)
    layers = min(recipe.layers, blocks) or blocks
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.scaling * recipe.rank,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.target_modules) or None,
        layers_to_transform=list(range(blocks - layers, blocks)) if layers < blocks else None,
        task_type="CAUSAL_LM",
    )
    try:
        model = get_peft_model(base, config)
    except ValueError as error:
        raise Unusable(f"no adapters fit {recipe.model}: {error}; its layers are {', '.join(_linear(base))}") from error
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    opened = Opened(
        device=device,
        title=torch.cuda.get_device_name() if device == "cuda" else device.upper(),
        dtype=str(dtype).removeprefix("torch."),
        parameters=base.num_parameters() if not recipe.qlora else _all_parameters(model),
        trainable=trainable,
        weight_bytes=sum(weight.numel() * weight.element_size() for weight in model.parameters()),
        target_modules=tuple(sorted(model.peft_config["default"].target_modules)),
        layers=layers,
        vocabulary=int(base.get_input_embeddings().weight.shape[0]),
    )
    return PeftEngine(model, tokenizer, opened)


def _dtype(recipe: Recipe, device: str) -> "torch.dtype":
    import torch

    if recipe.dtype == "auto":
        return torch.float32 if device == "cpu" else torch.bfloat16
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[recipe.dtype]


def _base(recipe: Recipe, device: str, folder: Path, dtype: "torch.dtype") -> "PreTrainedModel":
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    # Other weights than safetensors are pickles, which run what they like when they are read.
    settings: dict[str, Any] = {
        "dtype": dtype,
        "trust_remote_code": recipe.trust_remote_code,
        "use_safetensors": True,
    }
    if recipe.qlora:
        settings |= {"quantization_config": _four_bits(dtype, device), "device_map": {"": device}}
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, **settings)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise Unusable(f"{recipe.model} cannot be loaded: {str(error).splitlines()[0]}") from error
    if not recipe.qlora:
        return model.to(device)
    for part in model.modules():
        # On a CPU with AVX512-BF16, bitsandbytes 0.50 repacks a layer the first time that it is asked without being
        # trained, for a product that has no gradient: adapters below it would no longer learn.
        if hasattr(part, BF16_PRODUCT):
            setattr(part, BF16_PRODUCT, False)
    return model


def _four_bits(dtype: "torch.dtype", device: str) -> Any:
    """QLoRA's own settings (https://arxiv.org/abs/2305.14314): NF4, its scales quantised once more."""
    from transformers import BitsAndBytesConfig
    from transformers.utils import is_bitsandbytes_available

    if device == "mps" or not is_bitsandbytes_available():
        raise Unusable(f"four-bit weights on {device} need bitsandbytes, which is not there: on a Mac use --engine mlx")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _all_parameters(model: "PeftModel") -> int:
    """Of weights in four bits, two lie in each byte; PEFT knows how to count them."""
    return int(model.get_nb_trainable_parameters()[1])


def _linear(model: "PreTrainedModel") -> list[str]:
    """Names that adapters can be put on, by their ends."""
    kinds = ("Linear", "Conv1D", "Linear4bit")
    return sorted({name.rpartition(".")[2] for name, part in model.named_modules() if type(part).__name__ in kinds})
