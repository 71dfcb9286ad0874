"""Optimisations in name only, and losses that are not what they are called."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

ALONE = "benchmark/pretraining.each_optimisation_is_at_work_and_keeps_the_loss"
COMPILED = "benchmark/pretraining.compilation_is_at_work_and_keeps_the_loss"
TOGETHER = "benchmark/pretraining.all_optimisations_work_together"

CASES = [
    ("an_autocast_that_does_nothing", ALONE, "cpu", "bf16: matrix products are of ['float']"),
    ("an_attention_that_runs_eager", ALONE, "cpu", "sdpa: attention ran operation by operation"),
    ("an_attention_without_its_scale", ALONE, "cpu", "logit_error_in_eps"),
    ("a_muon_that_does_not_orthogonalise", ALONE, "cpu", "median_singular_value"),
    ("a_norm_that_does_not_normalise", ALONE, "cpu", "norm_from_one"),
    ("a_loader_without_a_worker", ALONE, "cpu", "async_data: batches are prepared not elsewhere"),
    ("a_loss_that_is_not_averaged", ALONE, "cpu", "initial_loss_from_chance"),
    ("embeddings_that_start_too_large", ALONE, "cpu", "initial_loss_from_chance"),
    ("an_adamw_that_does_nothing", ALONE, "cpu", "final_loss"),
    ("a_compiler_that_does_not_compile", COMPILED, "cpu", "compile: the model ran uncompiled"),
    ("a_compiler_that_falls_back_to_eager", COMPILED, "cpu", "compile: the model ran uncompiled"),
    ("a_bfloat16_that_stops_at_compiled_code", TOGETHER, "cpu", "together: matrix products are of ['float']"),
]


@contextmanager
def an_autocast_that_does_nothing() -> Iterator[None]:
    import torch

    with short("bf16"), patch.object(torch, "autocast", lambda *_, **__: nullcontext()):
        yield


@contextmanager
def an_attention_that_runs_eager() -> Iterator[None]:
    from torch.nn import functional

    def written_out(query: Any, key: Any, value: Any) -> Any:
        return (query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5).softmax(dim=-1) @ value

    with short("sdpa"), patch.object(functional, "scaled_dot_product_attention", written_out):
        yield


@contextmanager
def an_attention_without_its_scale() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.scaled_dot_product_attention
    with short("sdpa"), patch.object(functional, "scaled_dot_product_attention", lambda *qkv: exact(*qkv, scale=1.0)):
        yield


@contextmanager
def a_muon_that_does_not_orthogonalise() -> Iterator[None]:
    from torch.optim import _muon

    with short("muon"), patch.object(_muon, "_zeropower_via_newtonschulz", lambda gradient, *_: gradient):
        yield


@contextmanager
def a_norm_that_does_not_normalise() -> Iterator[None]:
    from torch import nn

    with short("qk_norm"), patch.object(nn.RMSNorm, "forward", lambda norm, values: values * norm.weight):
        yield


@contextmanager
def a_loader_without_a_worker() -> Iterator[None]:
    from torch.utils import data

    exact = data.DataLoader

    def alone(*words: Any, num_workers: int, **settings: Any) -> Any:
        return exact(*words, num_workers=0, **settings)

    with short("async_data"), patch.object(data, "DataLoader", alone):
        yield


@contextmanager
def a_loss_that_is_not_averaged() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy

    def summed(*words: Any, **settings: Any) -> Any:
        return exact(*words, **settings, reduction="sum")

    with short("sdpa"), patch.object(functional, "cross_entropy", summed):
        yield


@contextmanager
def embeddings_that_start_too_large() -> Iterator[None]:
    from torch.nn import init

    exact = init.normal_
    with short("sdpa"), patch.object(init, "normal_", lambda weight, std=1.0: exact(weight, std=50 * std)):
        yield


@contextmanager
def an_adamw_that_does_nothing() -> Iterator[None]:
    import torch

    with short("sdpa"), patch.object(torch.optim.AdamW, "step", lambda _: None):
        yield


@contextmanager
def a_compiler_that_does_not_compile() -> Iterator[None]:
    import torch

    with short(), patch.object(torch, "compile", lambda model: model):
        yield


@contextmanager
def a_compiler_that_falls_back_to_eager() -> Iterator[None]:
    import torch

    exact = torch.compile
    with short(), patch.object(torch, "compile", lambda model: exact(model, backend="eager")):
        yield


@contextmanager
def a_bfloat16_that_stops_at_compiled_code() -> Iterator[None]:
    import torch

    exact = torch.compile

    def in_float32(model: Any) -> Any:
        compiled = exact(model)

        def forward(ids: Any) -> Any:
            with torch.autocast("cpu", enabled=False):
                return compiled(ids)

        return forward

    with short(), patch.object(torch, "compile", in_float32):
        yield


@contextmanager
def short(arm: str = "") -> Iterator[None]:
    """A small model, few steps, and of the single optimisations one: here it is failing that matters, not a rate."""
    from verify.checks.benchmark import pretraining
    from verify.checks.models.bert import Shape

    with ExitStack() as stack:
        small = {"cpu": Shape(layers=1, tokens=32, vocabulary=1_000, hidden=64)}
        stack.enter_context(patch.object(pretraining, "SHAPES", small))
        stack.enter_context(patch.object(pretraining, "TURNS", 6))
        alone = tuple(one for one in pretraining.ALONE if one.name == arm)
        stack.enter_context(patch.object(pretraining, "ALONE", alone))
        yield
