"""Runs, audits and appends in parallel; kills, full disks, limits and wrong clocks at random; then the proof.

Every epoch begins with an empty project. At its end, when all is at rest, every report that was acknowledged must be
there, whole and chained, and every corruption of a copy must be found: ./noxw -s chaos -- --minutes 20
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.corruptions import SPOIL
from tests.chaos.proof import Count, acknowledged, prove, spoil

ROOT = Path(__file__).resolve().parents[2]
EPOCH_SECONDS = 40
TOGETHER = 4
# No process of an epoch takes as long by far; one that does hangs, which is a fault like a traceback.
LONGEST_SECONDS = 120
DISK = "size=48m"
MACHINES = ("a" * 32, "b" * 32)
NO_LIMIT = 2**40
YEAR_SECONDS = 365 * 86400
READERS = (
    ("history", "list"),
    ("history", "prove"),
    ("report", "validate"),
    ("audit",),
    ("report", "show"),
    ("history", "html"),
)
# How a process may end: with one of our exit codes, or killed by us.
EXITS = {0, 1, 2, 3, 4, 5, 130, -9}


@dataclass(slots=True)
class Running:
    """A process of the epoch.

    Attributes:
        what: What it does.
        process: The process.
        out: What it says.
        err: Where its errors go.
        dies: When it is killed, on the monotonic clock; never where that is infinite.
        started: When it was started.
    """

    what: str
    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path
    dies: float
    started: float


@dataclass(slots=True)
class Epoch:
    """One project, from its beginning to its proof."""

    root: Path
    logs: Path
    chance: random.Random
    count: Count
    running: list[Running] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def live(self, until: float) -> None:
        """Start, kill, fill and reap until the time is up; then wait for what is left."""
        filler = self.root / "filler"
        empty_at = 0.0
        while time.monotonic() < until or self.running:
            if time.monotonic() < until and len(self.running) < TOGETHER:
                self.start()
            if not filler.exists() and time.monotonic() < until and self.chance.random() < 0.01:
                self.count.faults["disk filled"] += _filled(filler, self.root)
                empty_at = time.monotonic() + self.chance.uniform(0.5, 3)
            if filler.exists() and time.monotonic() > min(empty_at, until):
                filler.unlink()
            self.reap()
            time.sleep(0.02)
        filler.unlink(missing_ok=True)

    def start(self) -> None:
        """Start something."""
        self.number += 1
        what = self.chance.choices(("append", "run", "read"), (6, 1, 3))[0]
        out, err = (self.logs / f"{self.number}.{name}" for name in ("out", "err"))
        with out.open("wb") as told, err.open("wb") as wrong:
            process = subprocess.Popen(
                [sys.executable, *self._words(what)],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=wrong,
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.logs)},
                start_new_session=True,
            )
        self.count.started[what] += 1
        now = time.monotonic()
        dies = now + self.chance.uniform(0.3, 3) if self.chance.random() < 0.4 else float("inf")
        self.running.append(Running(what, process, out, err, dies, now))

    def _words(self, what: str) -> Sequence[str]:
        wrong = self._clock() if what != "read" else 0
        most = self._limit() if what != "read" else NO_LIMIT
        if what == "append":
            many, machine = str(self.chance.randint(1, 6)), self.chance.choice(MACHINES)
            return (
                "-m",
                "tests.chaos.writer",
                str(self.root),
                many,
                str(self.number * 10),
                machine,
                str(wrong),
                str(most),
            )
        if what == "run":
            return "-m", "tests.chaos.runner", str(self.root), str(wrong), str(most)
        return "-m", "verify", "--root", str(self.root), *self.chance.choice(READERS)

    def _clock(self) -> int:
        """Seconds by which a clock is wrong."""
        if self.chance.random() < 0.7:
            return 0
        self.count.faults["clock skewed"] += 1
        return self.chance.choice((-1, 1)) * self.chance.choice((1, 60, 86400, YEAR_SECONDS))

    def _limit(self) -> int:
        """The most bytes that a file may have."""
        if self.chance.random() < 0.85:
            return NO_LIMIT
        self.count.faults["file size limited"] += 1
        return self.chance.choice((0, 100, 4096, 20_000))

    def reap(self) -> None:
        """Kill what is due, and read what has ended."""
        for each in list(self.running):
            now = time.monotonic()
            if each.process.poll() is None:
                if now > each.dies:
                    self.count.faults["killed"] += 1
                    each.process.kill()
                elif now > each.started + LONGEST_SECONDS:
                    self.count.tracebacks.append(f"{each.what}: hangs")
                    each.process.kill()
                continue
            self.running.remove(each)
            self._ended(each)

    def _ended(self, each: Running) -> None:
        code = each.process.returncode
        self.count.ended[f"{each.what}: {code}"] += 1
        self.kept |= acknowledged(each.out.read_text(errors="replace"))
        said = each.err.read_text(errors="replace")
        if "Traceback" in said or code not in EXITS:
            self.count.tracebacks.append(f"{each.what}: {code}: {said[-600:]}")
        # Nobody spoilt anything yet: who finds a history damaged is wrong.
        if code == 4:
            self.count.corrupted.append(f"{each.what}: {said[-300:] or each.out.read_text(errors='replace')[-300:]}")
        each.out.unlink()
        each.err.unlink()

    def rest(self) -> None:
        """Let one writer and one run go through undisturbed: what was left half-made goes with them."""
        for machine in MACHINES:
            self.number += 1
            words = (
                "-m",
                "tests.chaos.writer",
                str(self.root),
                "1",
                str(self.number * 10),
                machine,
                "0",
                str(NO_LIMIT),
            )
            self._undisturbed("append", words)
        self._undisturbed("run", ("-m", "tests.chaos.runner", str(self.root), "0", str(NO_LIMIT)))

    def _undisturbed(self, what: str, words: Sequence[str]) -> None:
        self.count.started[what] += 1
        out, err = self.logs / "last.out", self.logs / "last.err"
        with out.open("wb") as told, err.open("wb") as wrong:
            env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.logs)}
            process = subprocess.Popen([sys.executable, *words], stdout=told, stderr=wrong, cwd=ROOT, env=env)
            process.wait(LONGEST_SECONDS)
        before = len(self.kept)
        self._ended(Running(what, process, out, err, 0, 0))
        if len(self.kept) == before:
            self.count.lost.append(f"after the epoch nothing more could be kept: {what}: {process.returncode}")


def _filled(filler: Path, root: Path) -> bool:
    """Fill the disk, where it is one of our own."""
    if not root.is_mount():
        return False
    with filler.open("wb") as file, contextlib.suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(root).free)
    return True


@contextlib.contextmanager
def project(folder: Path) -> Iterator[Path]:
    """An empty project, on a small disk of its own where one may be mounted."""
    root = folder / "project"
    root.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(root)]
    mounted = sys.platform == "linux" and subprocess.run(words, capture_output=True, check=False).returncode == 0
    try:
        furnish(root)
        yield root
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(root)], check=False)


def furnish(root: Path) -> None:
    """What a set-up leaves behind, with this very Python as its interpreter."""
    for part in ("envs", "lockfiles", "policy", "schemas"):
        shutil.copytree(ROOT / part, root / part)
    build = root / ".environments/builds/cpu-1"
    (build / "bin").mkdir(parents=True)
    (build / "bin/python").symlink_to(sys.executable)
    lock = hashlib.sha256((root / "lockfiles/linux-x86_64-cpu.txt").read_bytes()).hexdigest()
    stamp = {"platform": "linux-x86_64-cpu", "lock_digest": lock, "platform_digest": "0" * 64, "python": "3.11"}
    (build / "verify-stamp.json").write_text(json.dumps(stamp))
    (root / ".environments/cpu").symlink_to("builds/cpu-1")
    (root / ".environments/current").write_text("cpu\n")


def lived(seed: int, seconds: float, count: Count) -> None:
    """One epoch, and its proof."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, project(Path(folder)) as root:
        logs = Path(folder) / "logs"
        logs.mkdir()
        epoch = Epoch(root, logs, chance, count)
        epoch.live(time.monotonic() + seconds)
        epoch.rest()
        prove(root, epoch.kept, count)
        spoil(root, SPOIL, chance, count)


def main(words: Sequence[str] | None = None) -> int:
    """Live for some minutes; 1 where something was lost, or somebody fooled."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="of what is done at random (default: drawn, and printed)")
    arguments = parser.parse_args(words)
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    ends, count, number = time.monotonic() + 60 * arguments.minutes, Count(), 0
    while (left := ends - time.monotonic()) > 0:
        lived(seed + number, min(EPOCH_SECONDS, left), count)
        number += 1
        print(f"epoch {number}: {count.acknowledged:,} acknowledged, {sum(count.faults.values()):,} faults", flush=True)
    print(count.text())
    return 0 if count.holds else 1


if __name__ == "__main__":
    sys.exit(main())
