"""A training run that depends on weights, moments, a schedule and random states, and can be continued elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.models.tinynet import BATCH, WIDTHS, tinynet
from verify.checks.torch_device import ready

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context

# Twice, into one file: a run must continue from the last.
SAVED_AT = (5, 10)
RESUMED_STEPS = 10
DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class Run:
    """A training run that can be saved at any step."""

    device: str
    net: "torch.nn.Module"
    optimizer: "torch.optim.Optimizer"
    scheduler: "torch.optim.lr_scheduler.LRScheduler"

    def step(self) -> float:
        """One step, on data and with dropout that are drawn from the random state, and its loss."""
        import torch
        from torch.nn import functional

        inputs = functional.dropout(torch.randn(BATCH, WIDTHS[0]).to(self.device), DROPOUT)
        loss = functional.cross_entropy(self.net(inputs), torch.randint(WIDTHS[-1], (BATCH,)).to(self.device))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return float(loss.detach())

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        parts = {name: getattr(self, name).state_dict() for name in ("net", "optimizer", "scheduler")}
        return {**parts, "random": [source.get_rng_state() for source in self._sources()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Become the run whose state it is."""
        for name in ("net", "optimizer", "scheduler"):
            getattr(self, name).load_state_dict(state[name])
        for source, known in zip(self._sources(), state["random"], strict=True):
            source.set_rng_state(known)

    def _sources(self) -> list[Any]:
        """The modules of torch that hold a random state: the CPU's, and the device's own."""
        import torch

        return [torch] if self.device == "cpu" else [torch, getattr(torch, self.device)]


def fresh_run(ctx: "Context") -> Run:
    """A run at its beginning."""
    import torch

    net = tinynet().to(ctx.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, SAVED_AT[-1] + RESUMED_STEPS)
    return Run(ctx.device, net, optimizer, scheduler)


def resume(ctx: "Context", path: Path, continued: Path) -> None:
    """In a process of its own: load the run, continue it, and keep its losses and weights."""
    import torch

    ready(ctx)
    run = fresh_run(ctx)
    run.restore(torch.load(path, weights_only=True))
    losses = [run.step() for _ in range(RESUMED_STEPS)]
    weights = {name: weight.cpu() for name, weight in run.net.state_dict().items()}
    torch.save({"losses": losses, "weights": weights}, continued)
