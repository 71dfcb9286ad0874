"""What is asked of Slurm, by its own commands; nothing here waits, starts or queues anything by itself."""

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.errors import UsageError, VerifyError
from verify.process import Finished, run

# States of a node in which nothing can be started on it, as `sinfo` spells them.
UNUSABLE = frozenset(
    {
        "down",
        "drained",
        "draining",
        "error",
        "fail",
        "failing",
        "future",
        "inval",
        "maint",
        "powered_down",
        "powering_down",
        "reboot",
        "rebooting",
        "unknown",
    }
)
# States of a job that may still come to something, as `squeue` spells them.
GOING_ON = frozenset(
    {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
)
# What Slurm hangs on a state: https://slurm.schedmd.com/sinfo.html#SECTION_NODE-STATE-CODES
MARKS = "*~#!%$@^-+"
SILENT = "*"
# It names a folder, too.
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_JOB = re.compile(r"([0-9]+)(;.*)?")
_FIELDS = "JobID:|,ReqNodes:|,State:|,exit_code:|,Reason:"
_STATE = re.compile(r"\bState=(\S+)")
# Behind it Slurm says who gave it, and when.
_REASON = re.compile(r"\bReason=(.*?)(?: \[\S+\])?\s*(?:Comment=|$)")
_AWAY = re.compile(
    r"Unable to contact slurm controller|Connection (refused|timed out)|Socket timed out|temporarily unavailable",
    re.IGNORECASE,
)


class AwayError(VerifyError):
    """Slurm's controller does not answer now; it may again."""


@dataclass(frozen=True, slots=True)
class SlurmNode:
    """A node as Slurm has it; `why` says why nothing can be started there, and is empty where it can."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as Slurm has it.

    Attributes:
        id: Its number.
        node: Which node it was asked to run on.
        state: Such as ``RUNNING``.
        status: What its script ended with, 128 and more for a signal.
        reason: Why it waits, or why it ended.
    """

    id: int
    node: str
    state: str
    status: int
    reason: str

    @property
    def over(self) -> bool:
        """Whether it cannot run any more."""
        return self.state not in {
            "PENDING",
            "RUNNING",
            "COMPLETING",
            "CONFIGURING",
            "SUSPENDED",
            "STOPPED",
            "SIGNALING",
        }


@dataclass(frozen=True, slots=True)
class Slurm:
    """Slurm's commands, and what they see of the caller's environment."""

    environ: Mapping[str, str]

    def nodes(self, partition: str, wanted: str | None) -> list[SlurmNode]:
        """The nodes of a partition, or those of them that are wanted, by name.

        Args:
            partition: Its name.
            wanted: A list as Slurm writes it, ``n[1-4],n7``; None for all.

        Raises:
            UsageError: There is no such partition, or it has no such node.
            AwayError: The controller does not answer.
        """
        listed = self._ask("sinfo", "--noheader", "--Node", f"--partition={partition}", "--format=%N|%T|%E")
        found = dict(_node(line) for line in listed.splitlines())
        if not found:
            raise UsageError(f"Slurm has no partition {partition}, or it has no nodes", "`sinfo` lists them")
        names = list(found) if wanted is None else self.hostnames(wanted)
        for name in names:
            if not _NODE.fullmatch(name):
                raise UsageError(f"{name[:80]!a} is no name of a node", "letters, digits, . _ and - make one")
        unknown = [name for name in names if name not in found]
        if unknown:
            raise UsageError(f"the partition {partition} has no node {unknown[0]}", f"`sinfo -N -p {partition}` lists")
        return [SlurmNode(name, found[name]) for name in dict.fromkeys(names)]

    def hostnames(self, words: str) -> list[str]:
        """The nodes that a list such as ``n[1-4],n7`` names."""
        return self._ask("scontrol", "show", "hostnames", words).split()

    def submit(self, options: Sequence[str], script: Path, words: Sequence[str]) -> int:
        """Hand a script to Slurm; returns the job's number.

        Raises:
            VerifyError: Slurm will not have it.
            AwayError: The controller does not answer.
        """
        told = self._ask("sbatch", "--parsable", *options, str(script), *words).strip()
        number = _JOB.fullmatch(told.splitlines()[-1] if told else "")
        if number is None:
            raise VerifyError(f"sbatch told no job's number: {told[:80]!r}", "look at `squeue`")
        return int(number[1])

    def jobs(self, name: str) -> dict[int, Job]:
        """All jobs of a name that Slurm still knows, by their numbers.

        Raises:
            AwayError: The controller does not answer.
        """
        listed = self._ask("squeue", "--noheader", "--states=all", f"--name={name}", f"--Format={_FIELDS}")
        return {job.id: job for job in map(_job, listed.splitlines())}

    def cancel(self, name: str) -> None:
        """End all jobs of a name.

        Raises:
            AwayError: The controller does not answer.
        """
        self._ask("scancel", f"--name={name}")

    def state_of(self, node: str) -> tuple[str, str]:
        """A node's state, such as ``IDLE+DRAIN``, and the reason that was given for it; empty for none.

        Raises:
            VerifyError: Slurm knows no such node.
        """
        told = self._ask("scontrol", "show", "node", node, "--oneliner")
        state, reason = (
            re.search(r"\bState=(\S+)", told),
            re.search(r"\bReason=(.*?)(?: \[\S+\])?\s*(?:Comment=|$)", told),
        )
        return (state[1] if state else ""), (reason[1] if reason else "")

    def drain(self, node: str, reason: str) -> None:
        """Let nothing more start on a node."""
        self._ask("scontrol", "update", f"nodename={node}", "state=drain", f"reason={reason}")

    def resume(self, node: str) -> None:
        """Let jobs start on a node again."""
        self._ask("scontrol", "update", f"nodename={node}", "state=resume")

    @property
    def here(self) -> bool:
        """Whether there are commands to ask it by."""
        return shutil.which("squeue", path=self.environ.get("PATH")) is not None

    def _ask(self, *words: str) -> str:
        if not self.here:
            raise AwayError("Slurm's commands are not on this machine's PATH", "run this where `squeue` is")
        ended = run(words, env=self.environ, cwd=Path.cwd())
        if ended.status:
            raise _refused(words[0], ended)
        return ended.out


def _refused(command: str, ended: Finished) -> VerifyError:
    lines = (ended.err or ended.out).strip().splitlines() or [f"exit {ended.status}"]
    said = f"{command}: {lines[-1][:300]}"
    if _AWAY.search(ended.err):
        return AwayError(f"Slurm's controller does not answer: {said}", "`scontrol ping` tells when it does again")
    return VerifyError(said, "mend what Slurm says, then run again")


def _node(line: str) -> tuple[str, str]:
    name, state, reason = line.split("|", 2)
    plain = state.rstrip(MARKS)
    if plain not in UNUSABLE and SILENT not in state:
        return name, ""
    told = reason.strip()
    why = f"Slurm has it as {state}" + (f": {told}" if told not in ("", "none") else "")
    return name, why


def _job(line: str) -> Job:
    number, node, state, status, reason = line.split("|", 4)
    # As wait(2) has it: the exit status above, the signal below.
    ended = int(status or 0)
    return Job(int(number), node, state, 128 + (ended & 0x7F) if ended & 0x7F else ended >> 8, reason.strip("|"))


def node_options(
    *, node: str, name: str, partition: str, minutes: int, until: int, output: Path, more: Iterable[str] = ()
) -> list[str]:
    """What `sbatch` is told for one node: that one, alone, once, and no longer.

    Args:
        node: Where.
        name: Of the job.
        partition: Which.
        minutes: After which Slurm ends it.
        until: Seconds from now, after which it is not started any more.
        output: Where Slurm's own messages go.
        more: What the user adds.
    """
    return [
        f"--job-name={name}",
        f"--partition={partition}",
        f"--nodelist={node}",
        "--nodes=1",
        "--ntasks=1",
        "--exclusive",
        "--no-requeue",
        "--open-mode=append",
        f"--time={minutes}",
        f"--deadline=now+{until}",
        f"--output={output}",
        *more,
    ]
