"""Does MLX compute, differentiate, optimise and save, and do its names still exist?"""

import importlib
import itertools
from typing import TYPE_CHECKING, Any

from verify.checks.mlx_device import ready
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np

FLOAT32_EPS = 2.0**-23
# A row of 64 products sums to within a few eps of the products' sizes, a gradient through two layers to ten times that.
LINEAR_EPS = 8.0
GRADIENT_EPS = 80.0

DRAWN = 100_000
# Five standard errors of the mean of so many numbers, and of their standard deviation.
MEAN_WITHIN = 5 / DRAWN**0.5
DEVIATION_WITHIN = 5 / (2 * DRAWN) ** 0.5

STEPS = 50
LOSS_FALLS_TO = 0.1

FORMULA_STEPS = 10
LEARNING_RATE = 0.01
WEIGHT_DECAY = 0.1
# As language models are trained. With 0.999, 1 - beta ** step in float32 may be off by 500 eps.
BETAS = (0.9, 0.95)
# Large enough to be seen: whether it stands inside or outside of the root changes the smaller gradients' steps.
ADAM_EPS = 1e-4
# A step rounds about a dozen times, relative to the learning rate, and once relative to the parameter.
ADAM_ERROR = 32.0

# What training with MLX is written against; a renamed one breaks a run hours after it was started.
NAMES = {
    "mlx.core": "array eval synchronize default_device random save_safetensors load value_and_grad get_peak_memory "
    "get_active_memory get_cache_memory clear_cache reset_peak_memory set_memory_limit quantize dequantize compile",
    "mlx.nn": "Linear Module QuantizedLinear value_and_grad quantize losses",
    "mlx.optimizers": "Adam AdamW SGD",
    "mlx.utils": "tree_flatten tree_map tree_unflatten",
    "mlx_lm": "load generate stream_generate",
    "mlx_lm.tuner.trainer": "train TrainingArgs TrainingCallback",
    "mlx_lm.tuner.utils": "linear_to_lora_layers load_adapters",
}


@check(needs=["mlx", "mlx-lm"], devices=["mlx"])
def the_names_that_training_uses_exist(ctx: Context) -> None:
    """The functions of mlx and mlx-lm that training is written against exist.

    The named ones were renamed or removed: pin the version before, or follow the change.
    """
    modules = {name: importlib.import_module(name) for name in NAMES}
    missing = [
        f"{name}.{one}" for name, listed in NAMES.items() for one in listed.split() if not hasattr(modules[name], one)
    ]
    ctx.require(not missing, f"missing: {', '.join(missing)}")


@check(level="quick", needs=["mlx", "numpy"], devices=["mlx"])
def random_numbers_repeat_and_are_normal(ctx: Context) -> None:
    """One seed gives the same normal numbers twice, with mean 0 and deviation 1, and another seed gives others.

    Training that starts from such numbers is neither random nor repeatable on this version of mlx.
    """
    ready(ctx)
    import numpy as np

    first, again, other = (_drawn(seed) for seed in (ctx.seed, ctx.seed, ctx.seed + 1))
    ctx.require(bool((first == again).all()), "the same seed gave other numbers")
    ctx.require(not (first == other).any(), "another seed gave some of the same numbers in the same places")
    ctx.measure("mean_from_0", abs(float(np.mean(first))), unit="1", at_most=MEAN_WITHIN, conditions={"n": DRAWN})
    deviation = abs(float(np.std(first)) - 1)
    ctx.measure("deviation_from_1", deviation, unit="1", at_most=DEVIATION_WITHIN, conditions={"n": DRAWN})


@check(level="quick", needs=["mlx", "numpy"], devices=["mlx"])
def a_linear_layer_agrees_with_float64(ctx: Context) -> None:
    """A linear layer gives what float64 gives for its weights.

    The layer or the product underneath is wrong on this device.
    """
    ready(ctx)
    import mlx.core as mx
    import numpy as np
    from mlx.nn import Linear

    layer, inputs = Linear(64, 32), mx.random.normal((16, 64))
    outputs, weight, bias, rows = (_exact(array) for array in (layer(inputs), layer.weight, layer.bias, inputs))
    size = np.abs(rows) @ np.abs(weight.T) + np.abs(bias)
    error = float((np.abs(outputs - (rows @ weight.T + bias)) / size).max()) / FLOAT32_EPS
    ctx.measure("error_in_eps", error, unit="1", at_most=LINEAR_EPS, conditions={"shape": "16x64x32"})


@check(level="quick", needs=["mlx", "numpy", "torch"], devices=["mlx"])
def gradients_agree_with_torch(ctx: Context) -> None:
    """The loss and its gradient are those that torch finds in float64 for the same weights.

    One of the two differentiates wrongly: models trained on both cannot be compared.
    """
    ready(ctx)
    import mlx.core as mx
    import numpy as np
    import torch

    random = np.random.default_rng(ctx.seed)
    inputs, first, second = (random.standard_normal(shape).astype("float32") for shape in ((16, 8), (8, 12), (12, 4)))

    def loss(one: "mx.array", two: "mx.array") -> "mx.array":
        return ((mx.tanh(mx.array(inputs) @ one) @ two) ** 2).mean()

    value, gradients = mx.value_and_grad(loss, argnums=(0, 1))(mx.array(first), mx.array(second))
    weights = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in (first, second)]
    exact = ((torch.tanh(torch.tensor(inputs).double() @ weights[0]) @ weights[1]) ** 2).mean()
    exact.backward()
    loss_error = abs(float(value) / float(exact.detach()) - 1) / FLOAT32_EPS
    ctx.measure("loss_error_in_eps", loss_error, unit="1", at_most=GRADIENT_EPS)
    for name, gradient, weight in zip(("first", "second"), gradients, weights, strict=True):
        slope = weight.grad.numpy()
        error = float((np.abs(_exact(gradient) - slope) / np.abs(slope).max()).max()) / FLOAT32_EPS
        ctx.measure("gradient_error_in_eps", error, unit="1", at_most=GRADIENT_EPS, conditions={"layer": name})


@check(level="quick", needs=["mlx"], devices=["mlx"])
def an_optimiser_lowers_the_loss(ctx: Context) -> None:
    """Fifty steps of Adam bring the loss of a small regression below a tenth of where it began.

    The steps do not reach the weights, or the gradient is wrong: compare `mlx.gradients_agree_with_torch`.
    """
    ready(ctx)
    import mlx.core as mx
    from mlx.nn import Linear, losses, value_and_grad
    from mlx.optimizers import Adam

    model, inputs = Linear(8, 1), mx.random.normal((64, 8))
    targets = inputs @ mx.random.normal((8, 1)) + 1
    optimizer = Adam(learning_rate=0.1)
    step = value_and_grad(model, lambda net: losses.mse_loss(net(inputs), targets))
    seen = []
    for _ in range(STEPS):
        loss, gradients = step(model)
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state)
        seen.append(float(loss))
    ctx.measure("loss_by_step", seen, unit="1", along="step")
    ctx.derive("loss_left", "last / first", unit="1", at_most=LOSS_FALLS_TO, first=seen[0], last=seen[-1])


@check(needs=["mlx", "numpy"], devices=["mlx"])
def adam_and_adamw_follow_their_formulas(ctx: Context) -> None:
    """Ten steps of Adam and of AdamW, with and without bias correction, are those of the formula in float64.

    Another optimiser lowers the loss of a small model as well, and trains a large one worse: compare another version
    of mlx, or write the steps out.
    """
    ready(ctx)
    import mlx.core as mx
    import numpy as np
    from mlx import optimizers

    random = np.random.default_rng(ctx.seed)
    # Of six sizes, and some of them nothing: weight decay alone moves those.
    sizes = 10.0 ** (np.arange(7) - 5.0) * (np.arange(7) > 0)
    start, *drawn = random.standard_normal((1 + FORMULA_STEPS, 33, 7)).astype("float32")
    gradients = [(gradient * sizes).astype("float32") for gradient in drawn]
    decays: dict[str, dict[str, float]] = {"Adam": {}, "AdamW": {"weight_decay": WEIGHT_DECAY}}
    for (name, decay), corrected in itertools.product(decays.items(), (False, True)):
        kind = getattr(optimizers, name)
        optimizer = kind(LEARNING_RATE, betas=list(BETAS), eps=ADAM_EPS, bias_correction=corrected, **decay)
        weights = {"weight": mx.array(start)}
        for gradient in gradients:
            weights = optimizer.apply_gradients({"weight": mx.array(gradient)}, weights)
        exact = _adam_by_formula(start, gradients, sum(decay.values()), corrected)
        scale = np.abs(exact) + LEARNING_RATE * FORMULA_STEPS
        error = float((np.abs(_exact(weights["weight"]) - exact) / scale).max()) / FLOAT32_EPS
        conditions: dict[str, Note] = {"optimiser": name, "bias_correction": corrected, "steps": FORMULA_STEPS}
        ctx.measure("error_in_eps", error, unit="1", at_most=ADAM_ERROR, conditions=conditions)


@check(level="quick", needs=["mlx", "numpy"], devices=["mlx"])
def saving_and_loading_keeps_every_bit(ctx: Context) -> None:
    """A model's weights come back from safetensors bit for bit, in float32 and in bfloat16.

    Weights were lost, renamed or rounded on their way: no checkpoint of this version of mlx is safe.
    """
    ready(ctx)
    import mlx.core as mx

    kept = {name: mx.random.normal((64, 32)).astype(getattr(mx, name)) for name in ("float32", "bfloat16")}
    path = ctx.scratch / "weights.safetensors"
    mx.save_safetensors(str(path), kept)
    loaded = mx.load(str(path))
    ctx.require(set(loaded) == set(kept), f"saved {sorted(kept)}, loaded {sorted(loaded)}")
    for name, array in kept.items():
        ctx.require(loaded[name].dtype == array.dtype, f"{name} came back as {loaded[name].dtype}")
        differing = int((loaded[name] != array).sum())
        ctx.measure("differing_elements", differing, unit="1", equals=0, conditions={"dtype": name})


def _drawn(seed: int) -> "np.ndarray[Any, Any]":
    import mlx.core as mx

    mx.random.seed(seed)
    return _exact(mx.random.normal((DRAWN,)))


def _adam_by_formula(
    start: "np.ndarray[Any, Any]",
    gradients: "list[np.ndarray[Any, Any]]",
    decay: float,
    corrected: bool,
) -> "np.ndarray[Any, Any]":
    """Loshchilov and Hutter, https://arxiv.org/abs/1711.05101, algorithm 2, with the decay times the learning rate."""
    import numpy as np

    weight = start.astype(np.float64)
    first, second = np.zeros_like(weight), np.zeros_like(weight)
    one, two = BETAS
    for step, gradient in enumerate(gradients, start=1):
        first = one * first + (1 - one) * gradient.astype(np.float64)
        second = two * second + (1 - two) * gradient.astype(np.float64) ** 2
        mean, square = (first / (1 - one**step), second / (1 - two**step)) if corrected else (first, second)
        weight = weight - LEARNING_RATE * (mean / (np.sqrt(square) + ADAM_EPS) + decay * weight)
    return weight


def _exact(array: "mx.array") -> "np.ndarray[Any, Any]":
    """The array in float64, where the oracle computes."""
    import numpy as np

    return np.array(array, dtype=np.float64)
