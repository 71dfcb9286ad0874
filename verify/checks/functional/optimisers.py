"""Do the optimisers take the steps that their formulas say?"""

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from verify.checks.measures.precision import EPS, worst_error
from verify.checks.models.tinynet import BATCH, LEARNT, WIDTHS, judged
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

    Parameters = list[torch.nn.Parameter]

ADAMW_STEPS = 10
LEARNING_RATE = 0.01
WEIGHT_DECAY = 0.1
# As language models are trained. With 0.999 a kernel that keeps 1 - beta in float32 may be off by 250 eps.
BETAS = (0.9, 0.95)
# Large enough to be seen: whether it stands inside or outside of the root changes the smaller gradients' steps.
ADAMW_EPS = 1e-4
# A step rounds about a dozen times, relative to the learning rate, and once relative to the parameter.
ADAMW_ERROR = 32.0

# Per iteration a, b, c of X := a X + b (X X^T) X + c (X X^T)^2 X, for singular values from 1e-3 to 1: Polar
# Express, https://arxiv.org/abs/2505.16932, algorithm 1. All but the last are divided by powers of SAFETY.
POLAR_EXPRESS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
    (1.875, -1.25, 0.375),
)
SAFETY = 1.01
# Eight suffice for singular values within a thousandth of the norm; four more show that the error stays down.
ITERATIONS = 12
ROWS, COLUMNS, CONDITION = 128, 256, 100.0
# The last iteration repairs what those before it rounded, so the rows are orthonormal to a few eps of the format.
# In float32 that is within the 1e-6 that is claimed for the method; after Muon's five iterations it is 0.2.
ORTHOGONAL = {"float32": 1e-6, "bfloat16": 4 * EPS["bfloat16"]}
# Not repaired is the direction: three products an iteration, about four iterations while a singular value is still
# small, round by 0.3 eps each, and dividing by the singular value magnifies it.
POLAR_ROUNDINGS = 4.0

MUON_SHAPES = ((64, 32), (32, 64), (48, 48))
MUON_STEPS = 3
# The quintic of Keller Jordan, https://kellerjordan.github.io/posts/muon/, five times, and Nesterov's momentum.
MUON = (3.4445, -4.7750, 2.0315)
MUON_ITERATIONS = 5
MOMENTUM = 0.95
# Fifteen products in bfloat16, each rounded by 0.3 eps with a random sign, and magnified up to fourfold by the
# quintic, whose slope at the larger singular values is that of its first coefficient.
MUON_ERROR = 15**0.5 * 0.3 * 4 * EPS["bfloat16"]
# Singular values of an update: torch's documentation says 0.5 to 1.5. Those of a gradient go down to a tenth, so that
# of the first update, which is of one gradient, are of that kind. Later ones are of sums of gradients, whose smallest
# singular value may be next to nothing, and stay so after five iterations; their error says what they should be.
MUON_SINGULAR = (0.5, 1.5)
# Muon is for hidden matrices: an embedding is looked up, an output layer is better left to AdamW.
MATRICES = r"hidden\.[02]\.weight"
MUON_TRAINING_STEPS = 60


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def adamw_follows_its_formula(ctx: Context) -> None:
    """Ten steps of AdamW, in each of its implementations, are those of its formula in float64.

    A decay that is scaled by the gradient, a missing bias correction, moments in a short format or a misplaced
    epsilon train worse and nobody is told: use another implementation (foreach, fused), or another torch version.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    start = torch.randn(33, 7, generator=random)
    # Of six sizes, and some of them nothing: weight decay alone moves those.
    sizes = 10.0 ** (torch.arange(7) - 5.0) * (torch.arange(7) > 0)
    gradients = [torch.randn(33, 7, generator=random) * sizes for _ in range(ADAMW_STEPS)]
    exact = _adamw_by_formula(start.double(), gradients)
    for implementation in ("single", "foreach", "fused"):
        weight = torch.nn.Parameter(start.to(device, copy=True))
        optimizer = torch.optim.AdamW(
            [weight],
            lr=LEARNING_RATE,
            betas=BETAS,
            eps=ADAMW_EPS,
            weight_decay=WEIGHT_DECAY,
            foreach=implementation == "foreach",
            fused=implementation == "fused",
        )
        for gradient in gradients:
            weight.grad = gradient.to(device)
            optimizer.step()
        require_on(ctx, weight)
        error = worst_error(weight, exact, exact.abs() + LEARNING_RATE * ADAMW_STEPS)
        conditions: dict[str, Note] = {"implementation": implementation, "steps": ADAMW_STEPS}
        ctx.measure("error_in_eps", error, unit="1", at_most=ADAMW_ERROR, conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def polar_express_orthogonalises(ctx: Context) -> None:
    """Twelve iterations of Polar Express give orthonormal rows, to 1e-6 in float32, and the polar factor of the SVD.

    An error of 1e-3 in float32 means that TF32 is used unasked; one that grows along the iterations, that products
    are summed in a short format: Muon's updates are not what they should be.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    singular = torch.logspace(0, -torch.log10(torch.tensor(CONDITION)).item(), ROWS, dtype=torch.float64)
    matrix = _with_singular_values(singular, ROWS, COLUMNS, random)
    # Mean square of the singular values times that of their reciprocals: what an error in the matrix grows by.
    growth = float((singular.square().mean() * singular.square().reciprocal().mean()).sqrt())
    for fmt, limit in ORTHOGONAL.items():
        rounded = matrix.to(getattr(torch, fmt))
        left, _, right = torch.linalg.svd(rounded.double(), full_matrices=False)
        factors = [factor.cpu().double() for factor in _polar_express(ctx, rounded.to(device))]
        conditions: dict[str, Note] = {"dtype": fmt, "rows": ROWS, "columns": COLUMNS, "condition": CONDITION}
        errors = [_from_orthonormal(factor) for factor in factors]
        name = "orthogonality_error"
        ctx.measure(name, errors, unit="1", along="iteration", at_most=limit, conditions=conditions)
        error = float((factors[-1] - left @ right).norm()) / ROWS**0.5
        distance = POLAR_ROUNDINGS * growth * EPS[fmt]
        ctx.measure("distance_from_polar_factor", error, unit="1", at_most=distance, conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def muon_orthogonalises_its_updates(ctx: Context) -> None:
    """Muon moves a matrix along the orthogonalised momentum of its gradients, and refuses what is no matrix.

    Updates that keep the gradient's own singular values are plain SGD's: compare another torch version, or use AdamW.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    for shape in MUON_SHAPES:
        singular = torch.linspace(1, 0.1, min(shape), dtype=torch.float64)
        gradients = [_with_singular_values(singular, *shape, random).float() for _ in range(MUON_STEPS)]
        start = torch.randn(shape, generator=random) * 0.1
        weight = torch.nn.Parameter(start.to(device, copy=True))
        optimizer = torch.optim.Muon([weight], lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, momentum=MOMENTUM)
        reach, exact = LEARNING_RATE * max(1, shape[0] / shape[1]) ** 0.5, start.double()
        conditions: dict[str, Note] = {"rows": shape[0], "columns": shape[1]}
        for step, (gradient, update) in enumerate(zip(gradients, _muon_updates(gradients), strict=True)):
            weight.grad = gradient.to(device)
            optimizer.step()
            require_on(ctx, weight)
            decayed, exact = exact * (1 - LEARNING_RATE * WEIGHT_DECAY), weight.detach().cpu().double()
            taken = (decayed - exact) / reach
            here: dict[str, Note] = {**conditions, "step": step}
            if step == 0:
                values, (low, high) = torch.linalg.svdvals(taken), MUON_SINGULAR
                ctx.measure("smallest_singular_value", float(values.min()), unit="1", at_least=low, conditions=here)
                ctx.measure("largest_singular_value", float(values.max()), unit="1", at_most=high, conditions=here)
            error = float((taken - update).norm() / update.norm())
            ctx.measure("update_error", error, unit="1", at_most=MUON_ERROR, conditions=here)
    ctx.require(_is_refused(torch.nn.Parameter(torch.zeros(5, device=device))), "Muon accepts what is no matrix")


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def muon_updates_matrices_and_leaves_the_rest_to_adamw(ctx: Context) -> None:
    """A net whose hidden matrices Muon updates, and AdamW the rest, learns a fixed batch, and every parameter moves.

    A parameter that does not move belongs to neither optimiser; a loss that stays means that no step is taken.
    """
    import torch
    from torch.nn import functional

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    net = _net_with_every_kind().to(device)
    tokens = torch.randint(WIDTHS[0], (BATCH,), generator=random).to(device)
    labels = (tokens * 7 + 3) % WIDTHS[-1]
    before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
    matrices = [weight for name, weight in net.named_parameters() if re.fullmatch(MATRICES, name)]
    rest = [weight for weight in net.parameters() if all(weight is not matrix for matrix in matrices)]
    optimizers = (torch.optim.Muon(matrices, lr=0.02), torch.optim.AdamW(rest, lr=3e-3))
    losses = []
    for _ in range(MUON_TRAINING_STEPS):
        loss = functional.cross_entropy(net(tokens), labels)
        require_on(ctx, loss)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(float(loss.detach()))
    still = [name for name, weight in net.named_parameters() if torch.equal(weight, before[name])]
    ctx.require(not still, f"{', '.join(still)} did not move")
    conditions: dict[str, Note] = {"matrices": len(matrices), "rest": len(rest)}
    ctx.measure("loss_by_step", losses, unit="nat", along="step", conditions=conditions)
    final, _ = judged(net, (tokens, labels))
    ctx.measure("final_loss", final, unit="nat", at_most=LEARNT, conditions={"steps": MUON_TRAINING_STEPS})


def _adamw_by_formula(weight: "torch.Tensor", gradients: "list[torch.Tensor]") -> "torch.Tensor":
    """Loshchilov and Hutter, https://arxiv.org/abs/1711.05101, algorithm 2, with the decay times the learning rate."""
    import torch

    first, second = torch.zeros_like(weight), torch.zeros_like(weight)
    one, two = BETAS
    for step, gradient in enumerate(gradients, start=1):
        first = one * first + (1 - one) * gradient.double()
        second = two * second + (1 - two) * gradient.double().square()
        direction = (first / (1 - one**step)) / ((second / (1 - two**step)).sqrt() + ADAMW_EPS)
        weight = weight - LEARNING_RATE * (direction + WEIGHT_DECAY * weight)
    return weight


def _with_singular_values(
    singular: "torch.Tensor", rows: int, columns: int, random: "torch.Generator"
) -> "torch.Tensor":
    import torch

    left, right = (
        torch.linalg.qr(torch.randn(side, len(singular), generator=random, dtype=torch.float64)).Q
        for side in (rows, columns)
    )
    return left * singular @ right.T


def _polar_express(ctx: Context, matrix: "torch.Tensor") -> "Iterator[torch.Tensor]":
    """The matrix after each iteration."""
    safe = [(a / SAFETY, b / SAFETY**3, c / SAFETY**5) for a, b, c in POLAR_EXPRESS[:-1]]
    matrix = matrix / (matrix.norm() * SAFETY)
    for a, b, c in itertools.islice(itertools.chain(safe, itertools.repeat(POLAR_EXPRESS[-1])), ITERATIONS):
        gram = matrix @ matrix.T
        matrix = a * matrix + (b * gram + c * gram @ gram) @ matrix
        require_on(ctx, matrix)
        yield matrix


def _from_orthonormal(factor: "torch.Tensor") -> float:
    """How far the product with its own transpose is from the identity, relative to that in the Frobenius norm."""
    import torch

    identity = torch.eye(len(factor), dtype=factor.dtype)
    return float((factor @ factor.T - identity).norm() / identity.norm())


def _muon_updates(gradients: "list[torch.Tensor]") -> "Iterator[torch.Tensor]":
    """What Muon subtracts at each step, in float64: the quintic acts on the singular values alone."""
    import torch

    a, b, c = MUON
    momentum = torch.zeros_like(gradients[0], dtype=torch.float64)
    for gradient in gradients:
        momentum = MOMENTUM * momentum + (1 - MOMENTUM) * gradient.double()
        ahead = MOMENTUM * momentum + (1 - MOMENTUM) * gradient.double()
        left, singular, right = torch.linalg.svd(ahead / ahead.norm(), full_matrices=False)
        for _ in range(MUON_ITERATIONS):
            singular = a * singular + b * singular**3 + c * singular**5
        yield left * singular @ right


def _is_refused(parameter: "torch.nn.Parameter") -> bool:
    import torch

    try:
        torch.optim.Muon([parameter])
    except ValueError:
        return True
    return False


def _net_with_every_kind() -> "torch.nn.Module":
    """A net with an embedding, hidden matrices, biases, a normalisation and an output layer."""
    from collections import OrderedDict

    from torch import nn

    wide = WIDTHS[2]
    hidden = nn.Sequential(nn.Linear(wide, 2 * wide), nn.GELU(), nn.Linear(2 * wide, wide), nn.LayerNorm(wide))
    layers = {"embedding": nn.Embedding(WIDTHS[0], wide), "hidden": hidden, "output": nn.Linear(wide, WIDTHS[-1])}
    return nn.Sequential(OrderedDict(layers))
