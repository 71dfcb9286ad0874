"""One sum over all nodes: torchrun on each of them, started by one srun, with a deadline that a hung rank cannot pass.

Every node has a folder, named as Slurm names the node, in which its ranks leave their answers: a folder without them
tells who is missing, whatever rank it would have had.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verify.errors import IntegrityError, StorageError
from verify.fleet.inbox import last_line
from verify.report.disk import LOCAL, read_regular, settle, stage

SCRIPT = "node.sh"
# Elements of each sum, from what fits in a packet to what does not fit in a cache, and how often each is made.
TASK = "1000,100003,4000037x3"
# What torchrun takes to start and to end beside its ranks' deadline.
AROUND_SECONDS = 60
LARGEST_ANSWER = 1024 * 1024
_STOPPED = "124"
TEXT = """#!/bin/sh
out=$1 seconds=$2 ranks=$3 port=$4 python=$5 script=$6 task=$7 device=$8
place="$out/$SLURMD_NODENAME"
mkdir -p "$place" || exit 73
head=$(scontrol show hostnames "$SLURM_STEP_NODELIST" | head -n 1)
address=$(scontrol show node "$head" --oneliner | sed -n 's/.* NodeAddr=\\([^ ]*\\).*/\\1/p')
timeout -k 10 $((seconds + 30)) "$python" -P -m torch.distributed.run \\
    --nnodes="$SLURM_STEP_NUM_NODES" --node-rank="$SLURM_NODEID" --nproc-per-node="$ranks" --max-restarts=0 \\
    --master-addr="$address" --master-port="$port" \\
    "$script" "$task" "$device" 1 "$seconds" "$place" > "$place/log" 2>&1 < /dev/null
status=$?
echo "$status" > "$place/ended"
exit $status
"""

Came = Literal["agrees", "wrong", "silent", "hung", "not_run"]


@dataclass(frozen=True, slots=True)
class Sums:
    """What the nodes are asked.

    Attributes:
        partition: Slurm's.
        nodes: Who takes part, by name.
        out: An empty folder that all of them reach.
        python: Of the environment.
        script: The rank, by its path.
        device: Where the arrays are.
        ranks: How many a node has.
        seconds: After which a rank ends itself.
        port: Where the first node listens.
        wait_seconds: How long Slurm may take to free the nodes.
        options: What `srun` is told besides.
    """

    partition: str
    nodes: Sequence[str]
    out: Path
    python: Path
    script: Path
    device: str
    ranks: int
    seconds: int
    port: int
    wait_seconds: int
    options: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NodeSums:
    """A node: what came of it and why; the ranks that it had, and the median seconds of its largest sum."""

    node: str
    came: Came
    reason: str
    ranks: tuple[int, ...] = ()
    seconds: float | None = None


def words(sums: Sums) -> list[str]:
    """The command, after its script was written.

    Raises:
        OSError: The disk refused.
    """
    path = sums.out / SCRIPT
    settle(LOCAL, stage(LOCAL, path, TEXT.encode()), path)
    minutes = math.ceil((sums.seconds + AROUND_SECONDS) / 60)
    return [
        "srun",
        "--job-name=verify-collectives",
        f"--partition={sums.partition}",
        f"--nodelist={','.join(sums.nodes)}",
        f"--nodes={len(sums.nodes)}",
        "--ntasks-per-node=1",
        "--exclusive",
        f"--time={minutes}",
        f"--immediate={sums.wait_seconds}",
        # A rank that fails is to be named; the others have their own deadline, and go on until then.
        "--kill-on-bad-exit=0",
        "--no-kill",
        "--wait=0",
        "--input=none",
        *sums.options,
        "sh",
        str(path),
        *(str(word) for word in (sums.out, sums.seconds, sums.ranks, sums.port, sums.python, sums.script)),
        TASK,
        sums.device,
    ]


def found(sums: Sums) -> list[NodeSums]:
    """What came of every node, in the order they were named."""
    return [_node(sums, node) for node in sums.nodes]


def _node(sums: Sums, node: str) -> NodeSums:
    place = sums.out / node
    if not place.is_dir():
        return NodeSums(node, "not_run", "it never began")
    try:
        answers = [json.loads(read_regular(path, place, LARGEST_ANSWER)) for path in sorted(place.glob("rank-*.json"))]
        ranks = tuple(int(answer["rank"]) for answer in answers)
        worlds = {int(answer["world"]) for answer in answers}
        wrong = sum(int(count) for answer in answers for count in answer["wrong"].values())
        took = [sorted(answer["seconds"][max(answer["seconds"], key=int)]) for answer in answers]
    except (ValueError, LookupError, TypeError, AttributeError, IntegrityError, StorageError) as error:
        return NodeSums(node, "silent", f"what it left is no answer: {error}")
    if len(answers) < sums.ranks:
        return _missing(sums, node, place, ranks)
    world = len(sums.nodes) * sums.ranks
    if worlds != {world}:
        return NodeSums(node, "wrong", f"its ranks see {sorted(worlds)} processes, not {world}", ranks)
    if wrong:
        return NodeSums(node, "wrong", f"{wrong:,} elements of its sums are wrong", ranks)
    return NodeSums(node, "agrees", "", ranks, max(times[len(times) // 2] for times in took))


def _missing(sums: Sums, node: str, place: Path, ranks: tuple[int, ...]) -> NodeSums:
    try:
        status = (place / "ended").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        status = ""
    told = f"{len(ranks)} of its {sums.ranks} ranks answered"
    log = (place / "log").read_text(encoding="utf-8", errors="replace") if (place / "log").is_file() else ""
    # Its own deadline is what a rank's stacks are dumped by; torchrun's is that of `timeout`.
    if status in ("", _STOPPED, "137") or re.search(r"^Timeout \(", log, re.MULTILINE):
        return NodeSums(node, "hung", f"{told} within {sums.seconds} s", ranks)
    return NodeSums(node, "silent", f"{told}, its launcher ended with {status}: {last_line(place)}", ranks)
