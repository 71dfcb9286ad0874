"""How does the cost of attention, and of a whole stack of blocks, grow with the length of the text?"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from verify.checks.benchmark.attention_speed import flops
from verify.checks.functional.attention import backends_in
from verify.checks.measures.device_room import scores_fit
from verify.checks.measures.operators import names, observed
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
BUDGET_SECONDS = 2.0
# The products of a block grow with the length, attention with its square; caches that a longer text leaves, and
# cores that a shorter one does not fill, bend the line by some tenths at most.
LEAST, MOST = 0.9, 2.3
# Seconds t1 to t5, each for twice the tokens: least squares through the points on logarithmic axes, whose distances
# from the middle are -2, -1, 0, 1 and 2 times ln 2; of four points -1.5, -0.5, 0.5 and 1.5.
EXPONENT = {
    4: "(3 * ln(t4 / t1) + ln(t3 / t2)) / (10 * ln(2))",
    5: "(2 * ln(t5 / t1) + ln(t4 / t2)) / (10 * ln(2))",
}
FEWEST = min(EXPONENT)
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

    _fit(ctx, "attention", attend, lambda tokens: flops(heads, tokens, HEAD_WIDTH))


@check(level="certify", needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def a_stack_of_blocks_grows_with_the_square_at_most(ctx: Context) -> None:
    """The time of a stack of GPT-2's blocks grows with a power of the text's length between 0.9 and 2.3.

    Below, most of what was timed were launches; above, attention by its formula holds all pairs of tokens at once:
    look for a fused kernel, or keep texts shorter.
    """
    import torch

    device, blocks = ready(ctx), BLOCKS[ctx.device]
    longest = LENGTHS[ctx.device][-1]
    model = blocks.make(longest, device)
    inputs = torch.randn((1, longest, blocks.width), device=device)

    def forward(tokens: int) -> "torch.Tensor":
        result: torch.Tensor = model(inputs_embeds=inputs[:, :tokens]).last_hidden_state
        return result

    _fit(ctx, "block stack", forward, lambda tokens: blocks.flops(1, tokens))


def standard_error(points: int) -> str:
    """Of the slope through so many points: the spread it leaves, over two degrees of freedom fewer than points."""
    logs = [f"ln(t{point} / t1)" for point in range(2, points + 1)]
    spread = f"{' + '.join(f'{log} ** 2' for log in logs)} - ({' + '.join(logs)}) ** 2 / {points}"
    squares = points * (points**2 - 1) // 12
    # Rounding may leave less than nothing.
    return f"sqrt(abs(({spread}) / ({squares} * ln(2) ** 2) - exponent ** 2) / {points - 2})"


def lengths_for(lengths: Sequence[int], fits: Callable[[int], bool]) -> list[int]:
    """The lengths that fit; where they are fewer than a line needs, halves of the shortest before them."""
    found = [tokens for tokens in lengths if fits(tokens)] or [lengths[0] // 2]
    while len(found) < FEWEST:
        found.insert(0, found[0] // 2)
    return found


def _lengths(ctx: Context, work: "Callable[[int], torch.Tensor]") -> list[int]:
    """All lengths for a fused kernel; otherwise those of which all pairs of tokens fit the device's memory."""
    wanted, heads = LENGTHS[ctx.device], BLOCKS[ctx.device].width // HEAD_WIDTH
    with observed() as seen:
        work(wanted[0])
    if "MATH" not in backends_in(names(seen)):
        return list(wanted)
    found = lengths_for(wanted, lambda tokens: scores_fit(ctx.device, heads, tokens))
    if left_out := [tokens for tokens in wanted if tokens not in found]:
        words = f"no fused kernel: the scores of {', '.join(map(str, left_out))} tokens take too much memory"
        ctx.note(lengths_left_out=words)
    return found


def _fit(ctx: Context, part: str, work: "Callable[[int], torch.Tensor]", operations: Callable[[int], int]) -> None:
    """Time the work by length and fit the power; what a text's beginning gives depends on nothing after it."""
    import torch

    blocks = BLOCKS[ctx.device]
    medians, doubts = [], []
    with torch.inference_mode():
        lengths = _lengths(ctx, work)
        shorter = work(lengths[0])
        require_on(ctx, shorter)
        for tokens in lengths:
            timing = timed(ctx, lambda tokens=tokens: work(tokens), BUDGET_SECONDS)  # type: ignore[misc]
            conditions: dict[str, Note] = {"part": part, "tokens": tokens, "width": blocks.width, "dtype": "float32"}
            costs: dict[str, Note] = {**conditions, "flops": operations(tokens)}
            medians.append(record_seconds(ctx, "seconds", timing, costs))
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
        EXPONENT[len(seconds)],
        unit="1",
        direction="lower",
        at_least=None if doubt else LEAST,
        at_most=None if doubt else MOST,
        inconclusive=doubt,
        **times,
    )
    times["exponent"] = exponent
    formula = standard_error(len(seconds))
    ctx.derive("exponent_standard_error", formula, unit="1", direction="lower", inconclusive=doubt, **times)
