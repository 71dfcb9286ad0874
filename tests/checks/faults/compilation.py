"""Compilers that do not compile, compile wrongly, or answer from an older cache."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

SAME = "functional/compilation.compiled_models_compute_the_same"
BREAKS = "functional/compilation.a_model_compiles_without_graph_breaks"

CASES = [
    ("a_compiler_that_runs_the_model_as_it_is", SAME, "cpu", "kernels_generated"),
    ("a_backend_that_only_traces", SAME, "cpu", "kernels_generated"),
    ("a_cache_that_is_older", SAME, "cpu", "graphs_compiled"),
    ("kernels_that_are_slightly_off", SAME, "cpu", "output_error_in_eps"),
    ("a_block_that_breaks_the_graph", BREAKS, "cpu", "graphs is 3"),
    ("breaks_that_are_not_counted", BREAKS, "cpu", "graph_breaks_of_the_control"),
]


@contextmanager
def a_compiler_that_runs_the_model_as_it_is() -> Iterator[None]:
    import torch

    with patch.object(torch, "compile", lambda model, **_: model):
        yield


@contextmanager
def a_backend_that_only_traces() -> Iterator[None]:
    import torch

    exact = torch.compile
    with patch.object(torch, "compile", lambda model, **settings: exact(model, backend="aot_eager", **settings)):
        yield


@contextmanager
def a_cache_that_is_older() -> Iterator[None]:
    from torch._functorch._aot_autograd import autograd_cache
    from torch._inductor import codecache

    from verify.checks.functional import compilation
    from verify.probe.context import Context

    with tempfile.TemporaryDirectory() as name, ExitStack() as patches:
        for module in (codecache, autograd_cache):
            patches.enter_context(patch.object(module, "cache_dir", lambda: name))
        folder = Path(name)
        compilation.compiled_models_compute_the_same(Context("cpu", 0, 2, folder, folder, folder, folder))
        yield


@contextmanager
def kernels_that_are_slightly_off() -> Iterator[None]:
    from torch._inductor.codegen import cpp

    with ExitStack() as patches:
        for kind in (cpp.CppOverrides, cpp.CppVecOverrides):
            patches.enter_context(patch.object(kind, "erf", staticmethod(halfway(kind.erf))))
        yield


@contextmanager
def a_block_that_breaks_the_graph() -> Iterator[None]:
    import torch._dynamo as dynamo
    from transformers.models.gpt2.modeling_gpt2 import GPT2Block

    exact = GPT2Block.forward

    def breaking(*inputs: Any, **settings: Any) -> Any:
        dynamo.graph_break()
        return exact(*inputs, **settings)

    with patch.object(GPT2Block, "forward", breaking):
        yield


@contextmanager
def breaks_that_are_not_counted() -> Iterator[None]:
    import torch._dynamo as dynamo

    with patch.object(dynamo, "graph_break", lambda: None):
        yield


def halfway(exact: Any) -> Any:
    """An operation of generated code, applied to a little more than what it is asked of."""
    return lambda value: exact(f"({value} + {value} * {value} * {value} * decltype({value})(0.01))")
