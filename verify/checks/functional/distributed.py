"""Do processes train together: does every launcher start them, and do they agree with one process alone?"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from verify.checks.ranks import distributed as rank
from verify.checks.ranks.distributed import RANKS
from verify.checks.ranks.launcher import answers_of, require_two_devices, torchrun
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

TIMEOUT_SECONDS = 240

FLOAT64_EPS = 2.0**-52
# About two dozen float64 operations lie between a weight and its gradient; a sum where a mean belongs, or one rank
# left out, is off by about 2 ** 52 of these.
GRADIENT_EPS = 64.0


@check(needs=["torch"], devices=["cpu", "cuda"], timeout_seconds=TIMEOUT_SECONDS, optional=True)
def collectives_agree_with_arithmetic(ctx: Context) -> None:
    """Sums, maxima, broadcasts and gathers over two processes that torchrun starts are what arithmetic says.

    A wrong element means that gradients are combined wrongly; a rank without an answer, that the processes do not
    reach each other: look at the loopback interface and at what the log says of gloo or NCCL.
    """
    require_two_devices(ctx)
    for answer in _answers(ctx, "collectives", torchrun()):
        for name, wrong in answer["wrong"].items():
            conditions = {"collective": name, "rank": answer["rank"], "n": rank.LENGTH}
            ctx.measure("wrong_elements", wrong, unit="1", equals=0, conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda"], timeout_seconds=TIMEOUT_SECONDS, optional=True)
def ddp_gradients_are_those_of_the_joined_batch(ctx: Context) -> None:
    """Gradients of DistributedDataParallel over two processes are those of one process on the joined batch.

    Off by a factor of two, they are summed where they should be averaged; different on each rank, they are not
    combined at all and the replicas drift apart.
    """
    require_two_devices(ctx)
    _judge_gradients(ctx, _answers(ctx, "gradients", torchrun()))


@check(needs=["torch", "accelerate"], devices=["cpu", "cuda"], timeout_seconds=TIMEOUT_SECONDS, optional=True)
def accelerate_trains_in_two_processes(ctx: Context) -> None:
    """What `accelerate launch` starts with two processes are two, and they train as one on the joined batch.

    One process where two were asked for trains on half of the data without a word: look at the flags of the launch
    and at the version of accelerate.
    """
    require_two_devices(ctx)
    answers = _answers(ctx, "accelerate", _accelerate_launch(ctx))
    for answer in answers:
        ctx.require(answer["gathered"] == [*range(RANKS)], f"accelerate gathered the ranks {answer['gathered']}")
    _judge_gradients(ctx, answers)


def _accelerate_launch(ctx: Context) -> list[str]:
    """The launcher's words: --multi_gpu means through torchrun, on the CPU too.

    With --cpu, accelerate starts one process, whatever --num_processes says, and leaves the rest to MPI.
    """
    settings = ctx.scratch / "accelerate.yaml"
    # A file of its own, for the user's in the home folder would be read otherwise.
    settings.write_text("{compute_environment: LOCAL_MACHINE, distributed_type: MULTI_GPU}\n", encoding="utf-8")
    where = ["--main_process_ip=127.0.0.1", "--main_process_port=0", f"--config_file={settings}"]
    count = [f"--num_processes={RANKS}", "--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no"]
    return ["accelerate.commands.launch", "--multi_gpu", *count, *where]


def _answers(ctx: Context, task: str, launcher: Sequence[str]) -> list[dict[str, Any]]:
    answers = answers_of(ctx, launcher, rank, task)
    for answer in answers:
        ctx.require(answer["device"] == ctx.device, f"rank {answer['rank']} worked on {answer['device']}")
    return answers


def _judge_gradients(ctx: Context, answers: Sequence[dict[str, Any]]) -> None:
    import torch

    net = rank.model(ctx.seed)
    rank.loss_of(net, *rank.batch(ctx.seed)).backward()
    for name, parameter in net.named_parameters():
        first, second = (_gradient(ctx, answer, name) for answer in answers)
        slope = parameter.grad
        ctx.require(slope is not None, f"one process alone found no gradient of {name}")
        differing = int((first != second).sum())
        ctx.measure("differing_elements", differing, unit="1", equals=0, conditions={"parameter": name})
        scale = torch.as_tensor(slope).abs().max()
        error = float(((first - torch.as_tensor(slope)).abs() / scale).max()) / FLOAT64_EPS
        ctx.measure("error_in_eps", error, unit="1", at_most=GRADIENT_EPS, conditions={"parameter": name})


def _gradient(ctx: Context, answer: Mapping[str, Any], name: str) -> "torch.Tensor":
    import torch

    found = answer["gradients"].get(name)
    ctx.require(found is not None, f"no gradient reached {name} on rank {answer['rank']}")
    return torch.tensor(found, dtype=torch.float64)
