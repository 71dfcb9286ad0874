"""``verify fleet collectives``: do the nodes of a partition sum alike, and who is missing?"""

import argparse
import json
import os
import secrets as randomness
from dataclasses import asdict
from pathlib import Path

from verify.checks.ranks import all_reduce
from verify.cli.bench import declare_environment
from verify.cli.options import count, given, place
from verify.cli.surroundings import now
from verify.errors import Exit, UsageError, VerifyError
from verify.fleet.collectives import NodeSums, Sums, found, words
from verify.fleet.slurm import Slurm
from verify.language.speech import each, reworded, say
from verify.process import run
from verify.render.kept import word
from verify.render.text import aligned
from verify.render.words import NONE, short_time, visible
from verify.spec.builds import state_directory
from verify.spec.interpreter import interpreter_of

SUMMARY = "one sum over all nodes by torchrun, with a deadline: are the values right, and who is missing?"
# Where nobody listens for anything well known; what two runs at once would share.
PORTS = range(29400, 29900)


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--partition", required=True, type=given, metavar="P", help="Slurm's partition")
    parser.add_argument("--nodes", type=given, metavar="LIST", help="of it these: n[1-4],n7 (default: all)")
    declare_environment(parser)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the arrays are (default: cpu)")
    parser.add_argument("--ranks", type=count, default=1, metavar="N", help="of each node; one a GPU (default: 1)")
    parser.add_argument("--seconds", type=count, default=120, metavar="S", help="the deadline (default: 120)")
    parser.add_argument("--wait", type=count, default=300, metavar="S", help="for the nodes to be free (default: 300)")
    parser.add_argument("--interface", type=given, metavar="NAME", help="the network's, where the system picks another")
    parser.add_argument("--srun", action="append", default=[], metavar="OPTION", help="for srun: --srun=--account=X")
    parser.add_argument("--folder", type=place, metavar="DIR", help="where answers lie: all nodes must reach it")
    parser.add_argument("--json", action="store_true", help="for machines")


def act(arguments: argparse.Namespace, root: Path) -> int:
    """Sum, and tell who agrees; 1 when anybody does not."""
    slurm = Slurm(os.environ)
    nodes = slurm.nodes(arguments.partition, arguments.nodes)
    asked = [node.name for node in nodes if not node.why]
    if not asked:
        raise VerifyError(f"no node of {arguments.partition} can be used: {nodes[0].why}", "`sinfo -R` tells why")
    interpreter = interpreter_of(root, arguments.environment, environ=os.environ)
    folder = arguments.folder.absolute() if arguments.folder else state_directory(root) / "fleets"
    # The colons of a time would part a path for some tools.
    out = folder / f"sums-{now().replace(':', '')}-{randomness.token_hex(3)}"
    out.mkdir(parents=True)
    sums = Sums(
        partition=arguments.partition,
        nodes=asked,
        out=out,
        python=interpreter.python,
        script=Path(all_reduce.__file__).resolve(),
        device=arguments.device,
        ranks=arguments.ranks,
        seconds=arguments.seconds,
        port=randomness.choice(PORTS),
        wait_seconds=arguments.wait,
        options=arguments.srun,
    )
    ended = run(words(sums), env={**os.environ, **_network(arguments.interface)}, cwd=Path.cwd())
    told = found(sums) + [NodeSums(node.name, "not_run", node.why) for node in nodes if node.why]
    if all(one.came == "not_run" for one in told):
        last = (ended.err.strip().splitlines() or ["it said nothing"])[-1]
        raise VerifyError(f"srun started nothing: {last[:300]}", "look at `squeue` and `sinfo -R`")
    _tell(told, as_json=arguments.json)
    return Exit.HOLDS if all(one.came == "agrees" for one in told) else Exit.REFUSED


def _network(interface: str | None) -> dict[str, str]:
    if interface is None:
        return {}
    if not interface.isprintable() or "/" in interface:
        raise UsageError(f"{interface!a} is no network interface", "`ip link` lists them")
    return {"GLOO_SOCKET_IFNAME": interface, "NCCL_SOCKET_IFNAME": interface}


def _tell(told: list[NodeSums], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(one) for one in told], indent=2))
        return
    agree = sum(one.came == "agrees" for one in told)
    print(say("{} of {} nodes agree", agree, len(told)))
    rows = [
        (
            visible(one.node),
            word(one.came),
            ", ".join(map(str, one.ranks)) or NONE,
            NONE if one.seconds is None else short_time(one.seconds),
            visible(reworded(one.reason)),
        )
        for one in told
    ]
    print(aligned([each("node", "is", "ranks", "largest sum", "why"), *rows]))
