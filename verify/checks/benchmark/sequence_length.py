"""How does the cost of attention, and of a whole stack of blocks, grow with the length of the text?"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from verify.checks.measures.precision import worst_error
from verify.checks.measures.timed import record_seconds, timed
from verify.checks.models.block_stack import HEAD_WIDTH, Blocks
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

# Each twice the one before, and all so long that the device computes rather than waits for launches.
LENGTHS = {
    "cpu": (256, 512, 1024, 2048, 4096),
    "cuda": (4096, 8192, 16_384, 32_768, 65_536),
    "mps": (1024, 2048, 4096, 8192, 16_384),
}
BLOCKS = {"cpu": Blocks(2, 256), "cuda": Blocks(4, 1024), "mps": Blocks(2, 512)}
BUDGET_SECONDS = 1.2
# The products of a block grow with the length, attention with its square; caches that a longer text leaves, and
# cores that a shorter one does not fill, bend the line by some tenths at most.
LEAST, MOST = 0.9, 2.3
# Seconds t1 to t5, each for twice the tokens: least squares through five points on logarithmic axes, whose
# distances from the middle are -2, -1, 0, 1 and 2 times ln 2; and the standard error of that slope.
EXPONENT = "(2 * ln(t5 / t1) + ln(t4 / t2)) / (10 * ln(2))"
_LOGS = [f"ln(t{point} / t3)" for point in (1, 2, 4, 5)]
_SPREAD = f"{' + '.join(f'{log} ** 2' for log in _LOGS)} - ({' + '.join(_LOGS)}) ** 2 / 5"
# What is left of the spread, over three degrees of freedom; abs() as rounding may leave less than nothing.
STANDARD_ERROR = f"sqrt(abs(({_SPREAD}) / (10 * ln(2) ** 2) - exponent ** 2) / 3)"
# The same sums in another order, twice: see forward.BLOCK_EPS.
PREFIX_EPS = 80.0


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def attention_grows_with_the_square_at_most(ctx: Context) -> None:
    """The time of causal attention grows with a power of the text's length between 0.9 and 2.3.

    Below, something else than attention was timed, such as launches; above, it no longer fits the memory it is
    computed in: keep texts shorter than where the time bends.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    device, heads = ready(ctx), BLOCKS[ctx.device].width // HEAD_WIDTH
    longest = LENGTHS[ctx.device][-1]
    query, key, value = torch.randn((3, 1, heads, longest, HEAD_WIDTH), device=device)

    def attend(tokens: int) -> "torch.Tensor":
        first = (tensor[:, :, :tokens] for tensor in (query, key, value))
        result: torch.Tensor = scaled_dot_product_attention(*first, is_causal=True)
        return result.transpose(1, 2)

    _fit(ctx, "attention", attend)


@check(level="certify", needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def a_stack_of_blocks_grows_with_the_square_at_most(ctx: Context) -> None:
    """The time of a stack of GPT-2's blocks grows with a power of the text's length between 0.9 and 2.3.

    Below, most of what was timed were launches; above, attention by its formula holds all pairs of tokens at once:
    look for a fused kernel, or keep texts shorter.
    """
    import torch

    device, blocks = ready(ctx), BLOCKS[ctx.device]
    longest = LENGTHS[ctx.device][-1]
    model = blocks.make(longest).to(device)
    inputs = torch.randn((1, longest, blocks.width), device=device)

    def forward(tokens: int) -> "torch.Tensor":
        result: torch.Tensor = model(inputs_embeds=inputs[:, :tokens]).last_hidden_state
        return result

    _fit(ctx, "block stack", forward)


def _fit(ctx: Context, part: str, work: "Callable[[int], torch.Tensor]") -> None:
    """Time the work by length and fit the power; what a text's beginning gives depends on nothing after it."""
    import torch

    blocks, lengths = BLOCKS[ctx.device], LENGTHS[ctx.device]
    medians, doubts = [], []
    with torch.inference_mode():
        shorter = work(lengths[0])
        require_on(ctx, shorter)
        for tokens in lengths:
            timing = timed(ctx, lambda tokens=tokens: work(tokens), BUDGET_SECONDS)  # type: ignore[misc]
            conditions: dict[str, Note] = {"part": part, "tokens": tokens, "width": blocks.width, "dtype": "float32"}
            medians.append(record_seconds(ctx, "seconds", timing, conditions))
            doubts.append(timing.inconclusive)
            prefix = work(tokens)[:, : lengths[0]]
            exact = shorter.cpu().double()
            error = worst_error(prefix, exact, exact.abs().max())
            ctx.measure("prefix_error_in_eps", error, unit="1", at_most=PREFIX_EPS, conditions=conditions)
    _record(ctx, medians, next((doubt for doubt in doubts if doubt), None))


def _record(ctx: Context, seconds: Sequence[float], doubt: str | None) -> None:
    times = {f"t{point}": time for point, time in enumerate(seconds, start=1)}
    exponent = ctx.derive(
        "exponent",
        EXPONENT,
        unit="1",
        direction="lower",
        at_least=None if doubt else LEAST,
        at_most=None if doubt else MOST,
        inconclusive=doubt,
        **times,
    )
    times["exponent"] = exponent
    ctx.derive("exponent_standard_error", STANDARD_ERROR, unit="1", direction="lower", inconclusive=doubt, **times)
