"""The log of a run that a person wrote up by hand: 14 billion parameters, 100 iterations, on a Mac."""

from typing import Any

from tests import examples
from verify.report.versions import AnyReport

# Iteration, training loss, iterations a second, tokens trained on so far.
LOG = (
    (10, 1.883, 0.092, 13_165),
    (20, 1.785, 0.101, 25_529),
    (30, 1.634, 0.102, 38_188),
    (40, 1.520, 0.096, 50_358),
    (50, 1.398, 0.092, 63_562),
    (60, 1.366, 0.102, 74_844),
    (70, 1.198, 0.091, 88_405),
    (80, 1.100, 0.093, 101_673),
    (90, 1.055, 0.099, 113_772),
    (100, 0.996, 0.092, 126_492),
)
HELD_OUT = ((0, 1.928), (100, 0.939))
PEAK = 39_199_000_000


def section(**changes: Any) -> dict[str, Any]:
    """What a report tells of that run, as far as it was written up."""
    so_far = [0, *(tokens for *_, tokens in LOG)]
    trained = [
        {
            "iteration": iteration,
            "iterations": 10,
            "loss": loss,
            "seconds": 10 / rate,
            "tokens": tokens - before,
            "peak_memory_bytes": PEAK,
        }
        for (iteration, loss, rate, tokens), before in zip(LOG, so_far, strict=False)
    ]
    return {
        "recipe": {
            "rank": 8,
            "alpha": 16,
            "scale": 10,
            "batch_size": 4,
            "learning_rate": 1e-5,
            "sequence_length": 2048,
        },
        "model": "a model of 14 billion parameters",
        "device_title": "Apple M4 Pro",
        "dtype": "bfloat16",
        "parameters": 14_770_033_664 + 2_097_152,
        "trainable": 2_097_152,
        "scale": 10,
        "target_modules": ["q_proj", "v_proj"],
        "layers": 16,
        "iterations": 100,
        "data_digest": "d" * 64,
        "split": "the folder's own",
        "training_examples": 400,
        "held_out_examples": 40,
        "cut_examples": 0,
        "longest_tokens": 2048,
        "chat_template": True,
        "trained": trained,
        "held_out": [{"iteration": iteration, "loss": loss} for iteration, loss in HELD_OUT],
        "written": [{"prompt": "请介绍 LoRA 量化", "before": "LoRA…", "after": "LoRA | 低秩", "expected": "低秩适配"}],
        "wall_seconds": 1200.5,
        **changes,
    }


def report(**changes: Any) -> AnyReport:
    """The same as a report of the newest version."""
    learnt = examples.result("lora.the_adapter_learns_from_the_data", "mlx", kind="lora")
    return examples.report(results=[learnt], level="lora", finetune=section(**changes))
