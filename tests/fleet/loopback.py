"""A Slurm of the tests' own on loopback: a controller, and as many nodes as are wanted, all of them this machine."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "sinfo", "squeue", "scontrol")
INSTALL = "apt-get install slurmctld slurmd slurm-client munge"
# Daemons lie where the PATH of some users does not reach.
SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
PATIENCE_SECONDS = 60.0
CONF = """
ClusterName=verify
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/linear
SchedulerParameters=bf_interval=2,sched_interval=2
ReturnToService=2
KillWait=2
SlurmdTimeout=30
MessageTimeout=5
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
{more}
{nodes}
PartitionName=loop Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Why there can be no Slurm here; None where there can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=SEARCHED) is None]
    if absent:
        return f"{', '.join(absent)} not installed: {INSTALL}"
    return None if os.geteuid() == 0 else "Slurm's daemons want root"


@dataclass(slots=True)
class Loopback:
    """The cluster; its nodes are ``n1``, ``n2`` and so on.

    Attributes:
        count: How many nodes.
        down: Nodes whose daemon is never started.
        more: Lines for slurm.conf.
    """

    count: int
    down: Sequence[str] = ()
    more: str = ""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp")))

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to talk to this Slurm."""
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": SEARCHED}

    def start(self) -> None:
        """Start all of it, and wait until the nodes that run can take jobs."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        ports = free_ports(self.count + 1)
        nodes = [
            f"NodeName=n{number} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=1"
            for number, port in enumerate(ports[1:], 1)
        ]
        more = self.more.replace("{folder}", str(self.folder))
        conf = CONF.format(folder=self.folder, controller=ports[0], nodes="\n".join(nodes), more=more)
        (self.folder / "slurm.conf").write_text(conf)
        self._start_munge()
        self.start_controller()
        for number in range(1, self.count + 1):
            if f"n{number}" not in self.down:
                self._run("slurmd", "-N", f"n{number}")
        self.wait_for(lambda: self._up() == self.count - len(self.down), "the nodes did not come up")

    def start_controller(self) -> None:
        """Start the controller, or start it again."""
        self._run("slurmctld")

    def kill_controller(self) -> None:
        """Kill the controller so that it can save nothing."""
        pid = int((self.folder / "slurmctld.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        self.wait_for(lambda: not _alive(pid), "the controller outlived its kill")

    def stop(self) -> None:
        """End every process that was started here, and forget all."""
        subprocess.run(["scancel", "--state=RUNNING"], env=self.environment, check=False, capture_output=True)
        time.sleep(1)
        daemons = [int(path.read_text()) for path in self.folder.glob("*.pid")]
        for pid in [*daemons, *_heirs(str(self.folder))]:
            if _alive(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def node(self, name: str) -> str:
        """What Slurm says of a node."""
        return self._run("scontrol", "show", "node", name, "--oneliner")

    def wait_for(self, happened: Callable[[], bool], otherwise: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something happened.

        Raises:
            TimeoutError: It did not.
        """
        until = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > until:
                raise TimeoutError(otherwise)
            time.sleep(0.5)

    def run(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """A command that talks to this Slurm."""
        return subprocess.run(words, env=self.environment, check=check, capture_output=True, text=True)

    def _run(self, *words: str) -> str:
        return self.run(*words).stdout

    def _up(self) -> int:
        """How many nodes answer; a health check may have drained some before anybody looks."""
        states = self._run("sinfo", "--noheader", "--Node", "--format=%T").split()
        return sum(state in ("idle", "drained") for state in states)

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {"socket": "munge.socket", "pid-file": "munge.pid", "log-file": "munge.log", "seed-file": "munge.seed"}
        words = [f"--{option}={self.folder / name}" for option, name in files.items()]
        self._run("munged", "--force", f"--key-file={key}", *words)


def free_ports(count: int) -> list[int]:
    """Ports of loopback on which nobody listens now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _heirs(folder: str) -> list[int]:
    """Processes that know of a cluster by their environment: its jobs, and what looks after them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"SLURM_CONF={folder}/".encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


def _alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
