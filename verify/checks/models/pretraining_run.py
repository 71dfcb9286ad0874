"""One run of pretraining BERT, with any of six optimisations, and what shows that each of them was at work."""

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.measures.operators import observed
from verify.checks.models.bert import UNTOLD, MaskedText, Shape, bert

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context

LEARNING_RATE = 1e-3
# More batches than any run takes: a loader that prepares ahead must not run dry.
BATCHES = 100_000
# Dimensions of one.
MATRIX = 2


@dataclass(frozen=True, slots=True)
class Arm:
    """Which optimisations a run has.

    Attributes:
        name: What the report calls it.
        bf16: Autocast to bfloat16.
        compiled: `torch.compile` of the model.
        muon: Muon for the matrices of the layers, AdamW for the rest; else AdamW for all.
        fused: Attention by torch's one operation; else written out.
        qk_norm: Queries and keys are normalised.
        asynchronous: Batches are prepared by another process, ahead; else when they are needed.
    """

    name: str
    bf16: bool = False
    compiled: bool = False
    muon: bool = False
    fused: bool = False
    qk_norm: bool = False
    asynchronous: bool = False

    @property
    def same_arithmetic(self) -> bool:
        """Whether its losses are the baseline's but for float32 rounding."""
        return not (self.bf16 or self.muon or self.qk_norm)


@dataclass(frozen=True, slots=True)
class Run:
    """A model in training.

    Attributes:
        arm: Its optimisations.
        model: As it was built.
        forward: From ids to logits, compiled where the arm says so.
        optimizers: One, or two with Muon (first).
        text: What it learns.
        batches: Of the text, one after the other.
        device: Where it trains.
    """

    arm: Arm
    model: "torch.nn.Module"
    forward: "Callable[[torch.Tensor], torch.Tensor]"
    optimizers: "list[torch.optim.Optimizer]"
    text: MaskedText
    batches: "Iterator[tuple[torch.Tensor, torch.Tensor, int]]"
    device: str

    def step(self) -> "torch.Tensor":
        """Train on the next batch; the loss before it, on the device and not waited for."""
        ids, labels, _ = self.batch()
        loss = self.gradients(ids, labels)
        for optimizer in self.optimizers:
            optimizer.step()
        return loss

    def gradients(self, ids: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
        """The loss of a batch, with its gradients left in the weights."""
        from torch.nn import functional

        for optimizer in self.optimizers:
            optimizer.zero_grad()
        logits = self.logits(ids).float().flatten(0, 1)
        loss = functional.cross_entropy(logits, labels.flatten(), ignore_index=UNTOLD)
        loss.backward()
        return loss.detach()

    def logits(self, ids: "torch.Tensor") -> "torch.Tensor":
        """The logits as this arm computes them."""
        with _autocast(self.device, enabled=self.arm.bf16):
            return self.forward(ids)

    def plain_logits(self, ids: "torch.Tensor") -> "torch.Tensor":
        """The logits of the same weights in float32, not compiled, with attention written out."""
        layers: Any = self.model.layers
        for layer in layers:
            layer.fused = False
        logits: torch.Tensor = self.model(ids)
        for layer in layers:
            layer.fused = self.arm.fused
        return logits

    def loss_on_the_first_batch(self) -> float:
        """Now; other batches differ more from each other than a few steps teach."""
        ids, labels, _ = self.text[0]
        return float(self.gradients(ids.to(self.device), labels.to(self.device)))

    def batch(self) -> "tuple[torch.Tensor, torch.Tensor, int]":
        """The next batch, on the device, and the process that prepared it."""
        ids, labels, process = next(self.batches)
        pinned = self.device == "cuda"
        return ids.to(self.device, non_blocking=pinned), labels.to(self.device, non_blocking=pinned), process


def started(ctx: "Context", arm: Arm, shape: Shape) -> Run:
    """A run before its first step: weights and data of every arm are those of the seed."""
    import torch

    torch.manual_seed(ctx.seed)
    model = bert(shape, fused=arm.fused, qk_norm=arm.qk_norm).to(ctx.device)
    forward = torch.compile(model) if arm.compiled else model
    text = MaskedText(shape, ctx.seed, BATCHES)
    return Run(arm, model, forward, _optimizers(arm, model), text, _batches(ctx, arm, text), ctx.device)


def lacking(arm: Arm, device: str) -> str | None:
    """Why the arm cannot be run here, or None."""
    import torch

    if arm.muon and not hasattr(torch.optim, "Muon"):
        return f"torch {torch.__version__} has no Muon"
    if arm.bf16 and device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "this GPU has no bfloat16"
    if not arm.compiled:
        return None
    if device == "cuda" and importlib.util.find_spec("triton") is None:
        return "torch.compile writes its kernels for CUDA in Triton, which is not installed"
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++", "c++"]
    if device == "cpu" and not any(shutil.which(name) for name in names):
        return f"torch.compile needs a C++ compiler, and there is none of {', '.join(names)}"
    return None


def operations(work: "Callable[[], object]", trace: Path) -> dict[str, set[str]]:
    """The operations that ran, also those called from compiled code, and the number formats of their inputs.

    A dispatch mode would be simpler, but a compiled model that once ran under one runs uncompiled ever after.
    """
    with observed(with_formats=True) as seen:
        work()
    seen.export_chrome_trace(str(trace))
    found: dict[str, set[str]] = {}
    for event in json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]:
        formats = event.get("args", {}).get("Input type", [])
        found.setdefault(event.get("name", ""), set()).update(one for one in formats if one and one != "Scalar")
    return found


def matrices(model: "torch.nn.Module") -> "list[torch.Tensor]":
    """What Muon is for: the matrices of the layers, and neither embeddings nor biases nor norms."""
    layers: Any = model.layers
    return [weight for weight in layers.parameters() if weight.ndim == MATRIX]


def _optimizers(arm: Arm, model: "torch.nn.Module") -> "list[torch.optim.Optimizer]":
    import torch

    if not arm.muon:
        return [torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)]
    inner = matrices(model)
    others = [weight for weight in model.parameters() if all(weight is not one for one in inner)]
    # Steps as large as AdamW's, so that one learning rate does for both (https://arxiv.org/abs/2502.16982).
    muon = torch.optim.Muon(inner, lr=LEARNING_RATE, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(others, lr=LEARNING_RATE)]


def _batches(ctx: "Context", arm: Arm, text: Any) -> "Iterator[tuple[torch.Tensor, torch.Tensor, int]]":
    from torch.utils.data import DataLoader

    return iter(DataLoader(text, batch_size=None, num_workers=int(arm.asynchronous), pin_memory=ctx.device == "cuda"))


def _autocast(device: str, *, enabled: bool) -> "AbstractContextManager[Any]":
    import torch

    context: AbstractContextManager[Any] = torch.autocast(device, torch.bfloat16, enabled=enabled)
    return context
