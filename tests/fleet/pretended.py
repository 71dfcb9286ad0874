"""Slurm's commands as small scripts: jobs run at once, on this machine, and nodes are files."""

import os
from pathlib import Path

# Where the scripts keep what they know; nodes are `name|state|reason`, jobs `number|node|state|status|reason`.
FOLDER = "PRETENDED"
SINFO = """
cat "$PRETENDED/nodes"
"""
SCONTROL = """
case "$1 $2" in
"show hostnames") echo "$3" | tr ',' '\\n' ;;
"show node") cat "$PRETENDED/state-$3" ;;
update\\ *) shift; echo "$*" >> "$PRETENDED/updates" ;;
esac
"""
SQUEUE = """
test -e "$PRETENDED/away" && { echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1; }
touch "$PRETENDED/asked"
cat "$PRETENDED"/job-* 2>/dev/null
exit 0
"""
# The job of a node whose name begins with `late` is taken, and does not begin; that of a `never` is not taken.
SBATCH = """
for word; do case "$word" in
    --nodelist=*) node=${word#--nodelist=} ;;
    -*) ;;
    *) break ;;
esac; shift; done
test -e "$PRETENDED/away" && { echo "sbatch: error: Unable to contact slurm controller" >&2; exit 1; }
case "$node" in never*) echo "sbatch: error: invalid feature" >&2; exit 1 ;; esac
number=$(($(ls "$PRETENDED" | grep -c '^job-') + 1))
echo "$number|$node|PENDING|0|Resources" > "$PRETENDED/job-$number"
case "$node" in
late*) ;;
*)
    SLURM_JOB_ID=$number SLURMD_NODENAME=$node sh "$@"
    status=$?
    echo "$number|$node|COMPLETED|$((status << 8))|None" > "$PRETENDED/job-$number" ;;
esac
echo "$number"
"""
SCANCEL = """
echo "$*" >> "$PRETENDED/cancelled"
"""


def pretend(folder: Path, nodes: dict[str, str]) -> dict[str, str]:
    """Put the commands into a folder.

    Args:
        folder: Where.
        nodes: The state of each node, and behind a bar the reason for it.

    Returns:
        What a command must see of the environment to find them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "sinfo": SINFO,
        "scontrol": SCONTROL,
        "squeue": SQUEUE,
        "sbatch": SBATCH,
        "scancel": SCANCEL,
    }.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)
    lines = [f"{name}|{state if '|' in state else f'{state}|none'}\n" for name, state in nodes.items()]
    (folder / "nodes").write_text("".join(lines))
    return {FOLDER: str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}
