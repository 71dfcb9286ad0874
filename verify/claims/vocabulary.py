"""The closed vocabularies of claims: units, topics, what is said, and how a figure is stated."""

from typing import Literal

Unit = Literal[
    "1", "%", "x", "s", "GB", "GiB", "GFLOPS", "GB/s", "GiB/s", "Gb/s", "samples/s", "tokens/s", "it/s",
    "parameters/ms", "parameters/s", "W", "J", "tokens/J", "samples/J", "B", "°C", "MHz", "USD", "CNY", "EUR", "nat",
]  # fmt: skip

Topic = Literal[
    # Rates and times. `duration` is of a whole run or test, `epoch_time` and `step_time` of a part of it.
    "matmul_rate", "matmul_time", "bandwidth", "forward_time", "activation_time", "step_time", "epoch_time",
    "training_rate", "token_rate", "iteration_rate", "duration", "load_time", "load_rate", "speedup", "slowdown",
    # Losses; settings["split"] is "validation" for those of held-out data.
    "loss", "loss_initial", "loss_final", "loss_mean", "perplexity", "accuracy", "accuracy_error",
    # What a model is.
    "parameters", "trainable_parameters", "total_parameters", "layers", "hidden", "heads", "vocabulary", "classes",
    # What a run was told to do. `layers` with settings["of"] = "lora" counts adapted layers.
    "steps", "epochs", "batch", "accumulation", "effective_batch", "sequence_length", "learning_rate", "dropout",
    "rank", "alpha", "scale", "samples", "tokens", "workers", "seed", "temperature",
    # Shares and memory. `share` is of settings["part"] in settings["whole"], `saving` of settings["whole"].
    "share", "saving", "memory_peak", "memory_used", "memory_total", "cores",
    # Counts of tests; settings["kind"] tells which ("functional", "benchmark", "core", ...).
    "tests_total", "tests_passed", "tests_failed", "pass_rate", "modules",
    # A sum written out: the result, with settings["formula"] as `verify.probe.formula` evaluates it.
    "sum",
    "power", "energy", "price", "other",
]  # fmt: skip

Says = Literal[
    # Of a training run.
    "converged", "falling", "stable", "no_oscillation", "learned", "generalises", "completed",
    # Of speed and cost.
    "near_peak", "fast", "faster", "slower", "efficient", "power_efficient", "memory_efficient", "memory_limited",
    "overhead",
    # Of a capability: `about` names it.
    "available", "supported", "works", "passed", "integrated", "tested", "compatible", "fallback", "saved",
    "ready", "complete", "any_size", "comparable", "unexpected",
    # Of the reader's future: what is advised, planned or left to do.
    "recommended", "planned",
]  # fmt: skip

StatedAs = Literal["measured", "derived", "estimated", "datasheet", "carried"]
