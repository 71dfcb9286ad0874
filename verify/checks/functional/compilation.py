"""Does torch.compile compile, and does what it made compute the same?"""

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from verify.checks.measures.cold_compiler import probed
from verify.checks.measures.precision import worst_error
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

ROWS = 48
WIDTHS = (32, 64, 16)
STEPS = 3
LEARNING_RATE = 0.1

# Two products of up to 64 terms, a function and a normalisation lie between inputs and outputs, as many again between
# the loss and a gradient: a dozen eps each of the largest element, and four times that for an accelerator's own
# functions. A fused operation that is wrong by a thousandth is 8,000 eps away.
OUTPUT_EPS = 64.0
GRADIENT_EPS = 128.0
# Each step adds its gradient, divided by ten, to weights of the same size.
WEIGHT_EPS = 128.0

# What Triton takes to build the launchers of its kernels, C being enough.
TRITONS = ("gcc", "clang", "cc", "g++", "clang++", "c++")


# Optional: without a compiler nothing is certified about compiling, but a machine can train without it.
@check(needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=300, optional=True)
def compiled_models_compute_the_same(ctx: Context) -> None:
    """A compiled model gives the outputs, the gradients and the trained weights that float64 finds uncompiled.

    Errors far above the limits are a kernel that the compiler made wrongly; no kernels mean that it fell back to
    running the model as it is, silently: leave `torch.compile` out on this device.
    """
    device = _ready_to_compile(ctx)
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    inputs, targets = (torch.randn(ROWS, width, generator=random) for width in (WIDTHS[0], WIDTHS[-1]))
    model = small_model()
    exact = small_model().double()
    exact.load_state_dict(model.state_dict())
    compiled = torch.compile(model.to(device), fullgraph=True)
    output, gradients = step(compiled, inputs.to(device), targets.to(device))
    require_on(ctx, output)
    right, slopes = step(exact, inputs.double(), targets.double())
    _require_compiled(ctx)
    ctx.measure("output_error_in_eps", worst_error(output, right, right.abs().max()), unit="1", at_most=OUTPUT_EPS)
    ctx.measure("gradient_error_in_eps", _worst(gradients, slopes), unit="1", at_most=GRADIENT_EPS)
    for _ in range(STEPS):
        step(compiled, inputs.to(device), targets.to(device))
        step(exact, inputs.double(), targets.double())
    error = _worst(_weights(model), _weights(exact))
    ctx.measure("weight_error_in_eps", error, unit="1", at_most=WEIGHT_EPS, conditions={"steps": STEPS + 1})


@check(needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"])
def a_model_compiles_without_graph_breaks(ctx: Context) -> None:
    """GPT-2's forward pass is one graph, while a function that was made to break is counted to break.

    Each break costs a return to Python and hides what could be fused: `TORCH_LOGS=graph_breaks` names the lines.
    If the control does not break, breaks are not counted at all.
    """
    import torch
    import torch._dynamo as dynamo
    from transformers import GPT2Config, GPT2LMHeadModel

    device = ready(ctx)
    config = GPT2Config(n_embd=32, n_layer=2, n_head=2, use_cache=False)
    model, ids = GPT2LMHeadModel(config).to(device).eval(), torch.arange(32, device=device).reshape(2, 16)

    def broken(values: torch.Tensor) -> torch.Tensor:
        doubled = values * 2
        dynamo.graph_break()
        return doubled + 1

    control = _graphs(broken, torch.ones(3, device=device))
    ctx.measure("graph_breaks_of_the_control", control - 1, unit="1", direction="equal", equals=1)
    graphs = _graphs(model, ids)
    ctx.measure("graphs", graphs, unit="1", direction="equal", equals=1, conditions={"model": "gpt2, 2 layers"})


def _ready_to_compile(ctx: Context) -> "torch.device":
    """The device, with every cache of the compiler in this check's own folder: no older kernel may answer for it."""
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(ctx.scratch / "inductor")
    os.environ["TRITON_CACHE_DIR"] = str(ctx.scratch / "triton")
    # In this process: workers of a pool would outlive the check.
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    # A header that is compiled first costs more than it saves here, and is kept outside of the folder above.
    os.environ["TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS"] = "0"
    require_compiler(ctx)
    device = ready(ctx)
    probed(ctx.device, ctx.cache)
    import torch
    from torch._dynamo.utils import counters
    from torch._inductor import metrics

    torch.compiler.reset()
    metrics.reset()
    counters.clear()
    return device


def require_compiler(ctx: Context) -> None:
    """Skip where the device's kernels need a compiler that is not there."""
    compilers = _compilers(ctx.device)
    if compilers and not any(map(shutil.which, compilers)):
        ctx.skip(f"there is no compiler for kernels on {ctx.device}, looked for {', '.join(compilers)}: install it")


def _compilers(device: str) -> tuple[str, ...]:
    """The compilers of which one must be there: for a CPU the one for C++ that torch would call, none for Metal.

    https://github.com/pytorch/pytorch/blob/v2.13.0/torch/_inductor/config.py (cpp.cxx): another one is not looked for.
    """
    if device == "mps":
        return ()
    if device == "cpu":
        return (os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++"),)
    named = [os.environ[name].split()[0] for name in ("CC", "CXX") if os.environ.get(name)]
    return (*named, *TRITONS)


def _require_compiled(ctx: Context) -> None:
    """Fail unless kernels were generated, here and now; what fell back to eager, or came from a cache, has none."""
    from torch._dynamo.utils import counters
    from torch._inductor import metrics

    ctx.measure("kernels_generated", metrics.generated_kernel_count, unit="1", direction="higher", at_least=1)
    # One graph forwards, one backwards: both are new to a cache that was empty.
    missed, hit = (counters["inductor"][f"fxgraph_cache_{outcome}"] for outcome in ("miss", "hit"))
    ctx.measure("graphs_compiled", missed, unit="1", direction="equal", equals=2)
    ctx.measure("graphs_from_a_cache", hit, unit="1", direction="equal", equals=0)
    written = sum(path.is_file() for path in (ctx.scratch / "inductor").rglob("*"))
    ctx.measure("files_in_own_cache", written, unit="1", direction="higher", at_least=1)


def small_model() -> "torch.nn.Module":
    """Two layers with a function and a normalisation between them, which the compiler fuses."""
    from torch import nn

    first, hidden, last = WIDTHS
    return nn.Sequential(nn.Linear(first, hidden), nn.GELU(), nn.LayerNorm(hidden), nn.Linear(hidden, last))


def step(model: Any, inputs: "torch.Tensor", targets: "torch.Tensor") -> "tuple[torch.Tensor, dict[str, torch.Tensor]]":
    """The output and the gradients by name; then a step of plain descent."""
    import torch

    model.zero_grad()
    output = model(inputs)
    (output - targets).square().mean().backward()
    named = dict(model.named_parameters())
    with torch.no_grad():
        for weight in named.values():
            weight.sub_(LEARNING_RATE * weight.grad)
    return output.detach(), {name.removeprefix("_orig_mod."): weight.grad for name, weight in named.items()}


def _weights(model: "torch.nn.Module") -> "dict[str, torch.Tensor]":
    return {name: weight.detach() for name, weight in model.named_parameters()}


def _worst(found: "dict[str, torch.Tensor]", exact: "dict[str, torch.Tensor]") -> float:
    return max(worst_error(found[name], right, right.abs().max()) for name, right in exact.items())


def _graphs(function: Any, *inputs: "torch.Tensor") -> int:
    """Into how many graphs dynamo cut the function, handed to a backend that only counts them."""
    import torch

    graphs: list[Any] = []

    def counting(graph: Any, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    torch.compile(function, backend=counting)(*inputs)
    return len(graphs)
