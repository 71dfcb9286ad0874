"""Starting a rank in each of two processes, with a deadline, and reading what they found."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from verify.checks.ranks.distributed import RANKS
from verify.checks.torch_device import ready

if TYPE_CHECKING:
    from verify.probe.context import Context

# A rank ends itself then; it needs a tenth of this. The checks' time-out leaves room for the launcher's after it.
DEADLINE_SECONDS = 90.0
# A launcher that sees a rank fail, or is asked to end, gives its other ranks 30 s and then kills them.
GRACE_SECONDS = 40.0


def require_two_devices(ctx: "Context") -> None:
    """Skip unless there is a device for each rank."""
    import torch

    ready(ctx)
    if ctx.device == "cuda" and torch.cuda.device_count() < RANKS:
        ctx.skip(f"NCCL wants one GPU a process, and there is {torch.cuda.device_count()} for {RANKS}")


def torchrun() -> list[str]:
    """The launcher's words: on loopback, where it finds a free port by itself, and looks no name up."""
    endpoint = ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1"]
    return ["torch.distributed.run", "--nnodes=1", f"--nproc-per-node={RANKS}", "--max-restarts=0", *endpoint]


def answers_of(ctx: "Context", launcher: Sequence[str], rank: ModuleType, task: str) -> list[dict[str, Any]]:
    """What the ranks found, in their order; the check fails unless each of them says that there are two.

    Args:
        ctx: The check's.
        launcher: The launcher's module and its words.
        rank: The module of this folder that it runs by its path.
        task: What the ranks are to do.
    """
    script = str(Path(str(rank.__file__)).resolve())
    words = [script, task, ctx.device, str(ctx.seed), str(DEADLINE_SECONDS), str(ctx.scratch)]
    ended = _run([sys.executable, "-P", "-m", *launcher, *words], ctx.scratch / "launcher.log", _variables(ctx))
    answers: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in sorted(ctx.scratch.glob("rank-*.json"))]
    found = [answer["rank"] for answer in answers]
    ctx.require(found == [*range(RANKS)], f"{launcher[0]} {ended}, and of {RANKS} ranks these answered: {found}")
    ctx.require(ended == "ended with code 0", f"{launcher[0]} {ended}")
    for answer in answers:
        ctx.require(answer["world"] == RANKS, f"rank {answer['rank']} sees {answer['world']} processes")
    return answers


def _run(words: Sequence[str], log: Path, variables: Mapping[str, str]) -> str:
    """How the launcher ended. It is in our process group, and its ranks end with it or at their own deadline."""
    with log.open("wb") as file:
        launcher = subprocess.Popen(words, env=variables, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            ended = f"ended with code {launcher.wait(DEADLINE_SECONDS + GRACE_SECONDS)}"
        except subprocess.TimeoutExpired:
            ended = "had to be stopped at the deadline"
        finally:
            _stop(launcher)
    sys.stdout.write(log.read_text(encoding="utf-8", errors="replace"))
    return ended


def _stop(launcher: "subprocess.Popen[bytes]") -> None:
    """Let it end its ranks, which are in groups of their own, before it is killed itself."""
    launcher.terminate()
    try:
        launcher.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait()


def _variables(ctx: "Context") -> dict[str, str]:
    """What the launcher and its ranks see: loopback alone, and no folder of a script on their path."""
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    interfaces = {"GLOO_SOCKET_IFNAME": loopback, "NCCL_SOCKET_IFNAME": loopback}
    quiet = {"ACCELERATE_USE_CPU": str(ctx.device == "cpu"), "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
    return {**os.environ, **interfaces, **quiet}
