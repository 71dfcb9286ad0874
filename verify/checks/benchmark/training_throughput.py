"""How many sequences a second can be trained on, and from which batch on no more?"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.measures.device_room import most_used_bytes, total_bytes
from verify.checks.measures.evaluated import require_computed
from verify.checks.measures.timed import less_takes_no_longer, record_rate, record_seconds, timed
from verify.checks.models.block_stack import HEAD_WIDTH, Blocks
from verify.checks.models.decoder_cost import DecoderCost
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import mlx.core as mx
    import torch
    from mlx.optimizers import AdamW
    from mlx_lm.models.llama import Model
    from transformers import GPT2LMHeadModel

MODEL = {"cpu": Blocks(2, 256), "cuda": Blocks(12, 768), "mps": Blocks(6, 512)}
TOKENS = {"cpu": 32, "cuda": 512, "mps": 128}
BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)
VOCABULARY = 2048
# The texts use a few words of it, which a dozen steps can find out: ln 2048 = 7.62 to ln 16 = 2.77.
USED = 16
# By the kind of device that MLX computes on: layers, width, inner width, heads of queries and of keys, vocabulary.
MLX_MODEL = {"cpu": DecoderCost(2, 64, 128, 1, 1, 256), "gpu": DecoderCost(6, 512, 1408, 8, 8, VOCABULARY)}
MLX_TOKENS = {"cpu": 8, "gpu": 128}
MLX_BUDGET_SECONDS = {"cpu": 0.5, "gpu": 1.5}
LEARNING_RATE = 1e-3
# The function that GPT-2 has, in one kernel; transformers' own for it, gelu_new, is eight, and a tenth of a step.
ACTIVATION = "gelu_pytorch_tanh"
# Dropout alone moves it by a thousandth or two; of a slow machine there may be only half a dozen steps.
LOSS_FALLS_TO = 0.95
# A batch twice as large that gains less has saturated the device.
GAIN = 1.05
SATURATION = "saturation"
BUDGET_SECONDS = 3.0
# A sixth of the budget leaves a batch enough samples for an interval.
LONGEST_STEP_SECONDS = 0.5
# What the next batch may be foreseen to take of the memory: it takes at most twice what this one did.
SHARE = 0.5


@dataclass(slots=True)
class Trained:
    """A model in training on one batch; of its losses, the first and the last."""

    model: "GPT2LMHeadModel"
    optimizer: "torch.optim.Optimizer"
    ids: "torch.Tensor"
    losses: "list[torch.Tensor]" = field(default_factory=list)

    def step(self) -> None:
        """Forward, backward, and AdamW; nothing of it is waited for."""
        loss = self.model(input_ids=self.ids, labels=self.ids).loss
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.losses = [*self.losses[:1], loss.detach()]


@check(level="certify", needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"], timeout_seconds=240)
def training_is_fast_and_learns(ctx: Context) -> None:
    """Training steps run at the rates recorded here, batch by batch, learn, and a smaller batch takes no longer.

    A small batch that takes longer than a larger one was timed cold or beside a busy process. Where the loss does not
    fall, the steps that were timed trained nothing.
    """
    ready(ctx)
    _hold(ctx, list(_timings(ctx)))


def _hold(ctx: Context, seen: Sequence[tuple[int, Timing]]) -> None:
    """Hold each batch against the next, and tell which saturates the device."""
    for (less, one), (more, other) in itertools.pairwise(seen):
        less_takes_no_longer(ctx, one, other, {"batch": more, "than_batch": less})
    # Where something else stopped it, which a note says, larger batches might gain still.
    if ctx.notes["stopped_by"] == SATURATION:
        # One batch that was disturbed makes another look like the end of the gains.
        doubt = next((timing.inconclusive for _, timing in seen if timing.inconclusive), None)
        batch = saturation_batch([(batch, batch / min(timing.samples)) for batch, timing in seen])
        ctx.measure("saturation_batch", batch, unit="1", direction="higher", inconclusive=doubt)


@check(level="certify", needs=["mlx", "mlx-lm"], devices=["mlx"], timeout_seconds=240)
def mlx_training_is_fast_and_learns(ctx: Context) -> None:
    """Training steps in MLX run at the rates recorded here, batch by batch, learn, and a smaller batch takes no longer.

    A small batch that takes longer than a larger one was timed cold or beside a busy process. Where the loss does not
    fall, the steps that were timed trained nothing.
    """
    kind = mlx_device.ready(ctx)
    _hold(ctx, list(_timings_of_mlx(ctx, kind)))


def saturation_batch(rates: Sequence[tuple[int, float]]) -> int:
    """The smallest batch that is within the least gain of the best rate."""
    best = max(rate for _, rate in rates)
    return next(batch for batch, rate in rates if rate * GAIN >= best)


def _timings(ctx: Context) -> Iterator[tuple[int, Timing]]:
    """Batches until one gains nothing, or the next would take too long or too much memory; two, if they fit."""
    previous = 0.0
    for batch in BATCHES:
        timing = step_timing(ctx, batch)
        yield batch, timing
        fastest = min(timing.samples)
        if batch / fastest < GAIN * previous:
            ctx.note(stopped_by=SATURATION)
            return
        if previous and 2 * fastest > LONGEST_STEP_SECONDS:
            ctx.note(stopped_by="time")
            return
        if 2 * most_used_bytes(ctx.device) > SHARE * total_bytes(ctx.device):
            ctx.note(stopped_by="memory")
            return
        previous = batch / fastest
    ctx.note(stopped_by="the largest batch that is tried")


def step_timing(ctx: Context, batch: int) -> Timing:
    """The step of a new model on a batch of so many texts, recorded, that has learnt something meanwhile."""
    blocks, tokens = MODEL[ctx.device], TOKENS[ctx.device]
    trained = _begun(ctx, batch)
    timing = timed(ctx, trained.step, BUDGET_SECONDS)
    require_on(ctx, trained.losses[-1])
    head = 2 * batch * tokens * blocks.width * VOCABULARY
    counted = sum(parameter.numel() for parameter in trained.model.parameters())
    conditions: dict[str, Note] = {
        "model": f"GPT-2 {blocks.layers}x{blocks.width}",
        "parameters": counted,
        "dtype": "float32",
        "optimizer": "AdamW, fused",
        "activation": ACTIVATION,
        "batch": batch,
        "tokens": tokens,
        # A backward pass has two products for each of the forward pass.
        "flops": 3 * (blocks.flops(batch, tokens) + head),
    }
    _record(ctx, timing, conditions, [float(loss) for loss in trained.losses])
    return timing


def _record(ctx: Context, timing: Timing, conditions: dict[str, Note], losses: Sequence[float]) -> None:
    """What a step takes, and that the first and the last of those timed have learned something between them."""
    record_seconds(ctx, "step_seconds", timing, conditions)
    brief = {key: conditions[key] for key in ("model", "dtype", "batch", "tokens")}
    record_rate(ctx, "samples_per_second", int(conditions["batch"]), timing, unit="1/s", conditions=brief)
    first, last = losses
    ctx.derive("loss_left", "last / first", unit="1", at_most=LOSS_FALLS_TO, first=first, last=last)


def _begun(ctx: Context, batch: int) -> Trained:
    """The same weights for each batch, and random texts of few words."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(ctx.seed)
    blocks, tokens = MODEL[ctx.device], TOKENS[ctx.device]
    size = {"n_layer": blocks.layers, "n_embd": blocks.width, "n_head": blocks.width // HEAD_WIDTH}
    words = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0}
    # Training reads no cache of keys and values; making one is a hundredth of a step, and transformers' default.
    config = GPT2Config(**size, **words, n_positions=tokens, activation_function=ACTIVATION, use_cache=False)
    model = GPT2LMHeadModel(config).to(ctx.device).train()
    ids = torch.randint(USED, (batch, tokens)).to(ctx.device)
    return Trained(model, torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True), ids)


@dataclass(slots=True)
class TrainedByMlx:
    """A model of mlx-lm in training on one batch; of its losses, the first and the last."""

    model: "Model"
    optimizer: "AdamW"
    ids: "mx.array"
    losses: "list[mx.array]" = field(default_factory=list)

    def step(self) -> None:
        """Forward, backward, and AdamW; all that it changes is evaluated."""
        import mlx.core as mx
        from mlx import nn

        def loss_of(model: "Model") -> "mx.array":
            return nn.losses.cross_entropy(model(self.ids[:, :-1]), self.ids[:, 1:], reduction="mean")

        loss, gradients = nn.value_and_grad(self.model, loss_of)(self.model)
        self.optimizer.update(self.model, gradients)
        mx.eval(loss, self.model.parameters(), self.optimizer.state)
        self.losses = [*self.losses[:1], loss]


def _timings_of_mlx(ctx: Context, kind: str) -> Iterator[tuple[int, Timing]]:
    """As torch's: batches until one gains nothing, or the next would take too long or too much memory."""
    import mlx.core as mx

    previous = 0.0
    for batch in BATCHES:
        timing = _measured_by_mlx(ctx, kind, batch)
        yield batch, timing
        fastest = min(timing.samples)
        reasons = {
            SATURATION: batch / fastest < GAIN * previous,
            # As LONGEST_STEP_SECONDS.
            "time": previous > 0 and 2 * fastest > MLX_BUDGET_SECONDS[kind] / 3,
            "memory": 2 * mx.get_peak_memory() > SHARE * total_bytes("cpu"),
        }
        ctx.note(stopped_by=next((why for why, holds in reasons.items() if holds), "the largest batch that is tried"))
        if any(reasons.values()):
            return
        previous = batch / fastest


def _measured_by_mlx(ctx: Context, kind: str, batch: int) -> Timing:
    from mlx.utils import tree_flatten

    cost, tokens = MLX_MODEL[kind], MLX_TOKENS[kind]
    trained = _begun_by_mlx(ctx, cost, batch, tokens)
    timing = timed(ctx, trained.step, MLX_BUDGET_SECONDS[kind])
    weights = [weight for _, weight in tree_flatten(trained.model.parameters())]
    require_computed(ctx, trained.losses[-1], *weights)
    conditions: dict[str, Note] = {
        "model": f"Llama {cost.layers}x{cost.width}",
        "parameters": sum(weight.size for weight in weights),
        "dtype": "float32",
        "optimizer": "AdamW",
        "batch": batch,
        "tokens": tokens,
        # A backward pass has two products for each of the forward pass.
        "flops": 3 * cost.flops(batch, tokens, answers=tokens),
    }
    _record(ctx, timing, conditions, [float(loss) for loss in trained.losses])
    return timing


def _begun_by_mlx(ctx: Context, cost: DecoderCost, batch: int, tokens: int) -> TrainedByMlx:
    """The same weights for each batch, and random texts of few words, one token longer than what is read of them."""
    import mlx.core as mx
    from mlx.optimizers import AdamW
    from mlx_lm.models.llama import Model, ModelArgs

    mx.random.seed(ctx.seed)
    size = {"hidden_size": cost.width, "intermediate_size": cost.inner, "num_hidden_layers": cost.layers}
    heads = {"num_attention_heads": cost.heads, "num_key_value_heads": cost.groups}
    model = Model(ModelArgs("llama", **size, **heads, rms_norm_eps=1e-5, vocab_size=cost.vocabulary))
    model.train()
    ids = mx.random.randint(0, USED, (batch, tokens + 1))
    mx.eval(model.parameters(), ids)
    return TrainedByMlx(model, AdamW(LEARNING_RATE), ids)
