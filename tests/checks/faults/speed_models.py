"""Models that are fast because they leave something out, and caches that cost what they should save."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.faults.speed import short

PLAIN = "benchmark/forward.plain_networks_are_fast_and_right"
BLOCKS = "benchmark/forward.transformer_blocks_are_fast_and_right"
TRAINING = "benchmark/training_throughput.training_is_fast_and_learns"
GENERATION = "benchmark/generation.generation_is_fast_and_the_cache_pays"
LOADING = "benchmark/loading.weights_load_at_the_rate_recorded_here"

CASES = [
    ("a_network_of_fewer_layers", PLAIN, "cpu", "parameters"),
    ("layers_in_bfloat16", PLAIN, "cpu", "error_in_eps"),
    ("a_small_network_that_waits", PLAIN, "cpu", "time_of_more_over_less"),
    ("a_stack_of_one_block_less", BLOCKS, "cpu", "parameters"),
    ("blocks_that_see_what_comes_after", BLOCKS, "cpu", "error_in_eps"),
    ("a_gelu_of_another_formula", BLOCKS, "cpu", "error_in_eps"),
    ("an_optimiser_that_does_nothing", TRAINING, "cpu", "loss_left"),
    ("a_backward_pass_that_is_left_out", TRAINING, "cpu", "loss_left"),
    ("a_small_batch_that_waits", TRAINING, "cpu", "time_of_more_over_less"),
    ("a_cache_that_is_never_used", GENERATION, "cpu", "times_cheaper_with_cache"),
    ("keys_in_the_wrong_order", GENERATION, "cpu", "wrote other tokens"),
    ("a_gpt2_that_is_smaller", LOADING, "cpu", "parameters"),
    ("weights_that_were_rounded", LOADING, "cpu", "differing_weights"),
]


def short_forward() -> Any:
    from verify.checks.benchmark import forward
    from verify.checks.models.block_stack import Blocks

    sizes = {"MLPS": ((3, 64), (4, 256)), "BATCH": {"cpu": 64}, "SEQUENCES": {"cpu": 1}, "TOKENS": 16}
    return short(forward, BLOCKS=Blocks(2, 128), **sizes)


def short_training() -> Any:
    from verify.checks.benchmark import training_throughput
    from verify.checks.models.block_stack import Blocks

    sizes = {"MODEL": {"cpu": Blocks(1, 64)}, "TOKENS": {"cpu": 16}, "BATCHES": (8, 16)}
    return short(training_throughput, **sizes)


@contextmanager
def short_generation() -> Iterator[Any]:
    from verify.checks.benchmark import generation
    from verify.probe.contention import Contention

    sizes = {"PROMPT_TOKENS": {"cpu": 64}, "TOKENS": 6, "TOKENS_WITHOUT": 3, "ROUNDS": 1}
    # Nobody disturbs this machine either.
    with short(generation, **sizes) as changed, patch.object(Contention, "reason", None):
        yield changed


@contextmanager
def short_loading() -> Iterator[Any]:
    from verify.checks.benchmark import loading

    with patch.object(loading, "ROUNDS", {"warm": 1}):
        yield {"threads": 1}


@contextmanager
def a_network_of_fewer_layers() -> Iterator[Any]:
    import torch

    exact = torch.nn.Sequential
    with short_forward() as changed, patch.object(torch.nn, "Sequential", lambda *layers: exact(*layers[:-2])):
        yield changed


@contextmanager
def layers_in_bfloat16() -> Iterator[Any]:
    from torch.nn import functional

    exact = functional.linear

    def brief(values: Any, weight: Any, bias: Any = None) -> Any:
        return exact(values.bfloat16(), weight.bfloat16(), bias.bfloat16()).float()

    with short_forward() as changed, patch.object(functional, "linear", brief):
        yield changed


@contextmanager
def a_small_network_that_waits() -> Iterator[Any]:
    from torch.nn import functional

    exact = functional.linear

    def waiting(values: Any, weight: Any, bias: Any = None) -> Any:
        time.sleep(0.02 if len(weight) == 64 else 0)
        return exact(values, weight, bias)

    with short_forward() as changed, patch.object(functional, "linear", waiting):
        yield changed


@contextmanager
def a_stack_of_one_block_less() -> Iterator[Any]:
    import transformers

    exact = transformers.GPT2Config

    def less(n_layer: int, **size: Any) -> Any:
        return exact(n_layer=n_layer - 1, **size)

    with short_forward() as changed, patch.object(transformers, "GPT2Config", less):
        yield changed


@contextmanager
def blocks_that_see_what_comes_after() -> Iterator[Any]:
    from torch.nn import functional

    exact = functional.scaled_dot_product_attention

    def unmasked(*inputs: Any, **settings: Any) -> Any:
        return exact(*inputs, **{**settings, "is_causal": False, "attn_mask": None})

    with short_forward() as changed, patch.object(functional, "scaled_dot_product_attention", unmasked):
        yield changed


@contextmanager
def a_gelu_of_another_formula() -> Iterator[Any]:
    from torch.nn.functional import gelu
    from transformers.activations import NewGELUActivation

    with short_forward() as changed, patch.object(NewGELUActivation, "forward", lambda _, values: gelu(values)):
        yield changed


@contextmanager
def an_optimiser_that_does_nothing() -> Iterator[Any]:
    import torch

    with short_training() as changed, patch.object(torch.optim.AdamW, "step", lambda _: None):
        yield changed


@contextmanager
def a_backward_pass_that_is_left_out() -> Iterator[Any]:
    import torch

    with short_training() as changed, patch.object(torch.Tensor, "backward", lambda _: None):
        yield changed


@contextmanager
def a_small_batch_that_waits() -> Iterator[Any]:
    from transformers import GPT2LMHeadModel

    exact = GPT2LMHeadModel.forward

    def waiting(model: Any, input_ids: Any, labels: Any) -> Any:
        time.sleep(0.2 if len(input_ids) == 8 else 0)
        return exact(model, input_ids=input_ids, labels=labels)

    with short_training() as changed, patch.object(GPT2LMHeadModel, "forward", waiting):
        yield changed


@contextmanager
def a_cache_that_is_never_used() -> Iterator[Any]:
    """Each token is computed from the whole text again, whatever was kept."""
    from transformers import LlamaForCausalLM

    exact, texts = LlamaForCausalLM.forward, dict[str, Any]()

    def forgetful(model: Any, input_ids: Any, past_key_values: Any, logits_to_keep: int, **_: Any) -> Any:
        import torch

        whole = input_ids if past_key_values is None else torch.cat([texts["before"], input_ids], dim=1)
        texts["before"] = whole
        out = exact(model, input_ids=whole, use_cache=False, logits_to_keep=logits_to_keep)
        out.past_key_values = "kept"
        return out

    with short_generation() as changed, patch.object(LlamaForCausalLM, "forward", forgetful):
        yield changed


@contextmanager
def keys_in_the_wrong_order() -> Iterator[Any]:
    from transformers.cache_utils import DynamicCache

    exact = DynamicCache.update

    def mixed(*arguments: Any, **settings: Any) -> Any:
        keys, values = exact(*arguments, **settings)
        return keys.flip(2), values

    with short_generation() as changed, patch.object(DynamicCache, "update", mixed):
        yield changed


@contextmanager
def a_gpt2_that_is_smaller() -> Iterator[Any]:
    import transformers

    exact = transformers.GPT2Config
    with short_loading() as changed, patch.object(transformers, "GPT2Config", lambda: exact(n_layer=1)):
        yield changed


@contextmanager
def weights_that_were_rounded() -> Iterator[Any]:
    import copy

    import transformers

    exact = transformers.GPT2LMHeadModel.save_pretrained

    def rounded(model: Any, folder: Any) -> None:
        exact(copy.deepcopy(model).bfloat16().float(), folder)

    with short_loading() as changed, patch.object(transformers.GPT2LMHeadModel, "save_pretrained", rounded):
        yield changed
