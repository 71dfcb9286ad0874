"""Proves of a history at rest that nothing that was acknowledged is lost, and that whatever is spoilt is found."""

import hashlib
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.corruptions import SPOIL
from tests.hostile.ended import ended
from verify.errors import Exit, VerifyError
from verify.report.history import environments, read_stored, stored
from verify.report.wholeness import verify_history

ACKNOWLEDGED = re.compile(r"^kept (\S+) ([0-9a-f]{64})$", re.MULTILINE)
# What has to find that a history is spoilt, any one of them.
DETECTORS = (("history", "prove"), ("report", "validate"))


@dataclass(slots=True)
class Count:
    """What came of it all.

    Attributes:
        started: Processes, by what they do.
        faults: By kind.
        ended: Processes, by what they do and how they ended.
        acknowledged: Reports that somebody was told are kept.
        unacknowledged: Reports that are there, whole, although nobody lived to tell.
        lost: Acknowledged reports that are not there.
        corrupted: Acknowledged reports that are there and not what was kept, and chains that are not whole.
        undetected: Corruptions that nobody found.
        tracebacks: What processes of ours wrote that no user should see.
    """

    started: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    unacknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    corrupted: list[str] = field(default_factory=list)
    undetected: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, and nobody fooled."""
        return not (self.lost or self.corrupted or self.undetected or self.tracebacks)

    def text(self) -> str:
        """For people to read, and for machines."""
        lists = {name: getattr(self, name) for name in ("lost", "corrupted", "undetected", "tracebacks")}
        told = {
            "started": dict(self.started),
            "ended": dict(sorted(self.ended.items())),
            "faults": dict(self.faults),
            "acknowledged": self.acknowledged,
            "kept and never acknowledged": self.unacknowledged,
            **{name: len(found) for name, found in lists.items()},
            "which": {name: found[:5] for name, found in lists.items() if found},
        }
        return json.dumps(told, indent=2)


def acknowledged(said: str) -> dict[str, str]:
    """The reports that a process said were kept, each with its digest; a line that a kill cut off says nothing."""
    return dict(ACKNOWLEDGED.findall(said))


def prove(root: Path, kept: dict[str, str], count: Count) -> None:
    """Hold a history at rest against what was acknowledged."""
    count.acknowledged += len(kept)
    for name, digest in kept.items():
        path = root / name
        if not path.exists():
            count.lost.append(name)
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            count.corrupted.append(name)
    count.corrupted += [f"{path.name}: {what}" for path in reports_of(root) if (what := _damage(path, root))]
    count.corrupted += [
        f"{found.rule}: {found.subject}: {found.message}" for found in verify_history(root) if found.severity == "error"
    ]
    count.unacknowledged += len({str(path.relative_to(root)) for path in reports_of(root)} - set(kept))
    left = [str(path.relative_to(root)) for path in (root / "reports").rglob(".*") if path.suffix in (".part", ".new")]
    count.corrupted += [f"{name} was left behind" for name in left]


def reports_of(root: Path) -> list[Path]:
    """Every report of a project."""
    return [path for name in environments(root) for path in stored(root, name)]


def _damage(path: Path, root: Path) -> str:
    try:
        read_stored(path, root)
    except VerifyError as error:
        return error.message
    return ""


def spoil(root: Path, kinds: Iterable[str], chance: random.Random, count: Count) -> None:
    """Spoil copies of a history at rest, each in one way, and count what nobody finds."""
    for kind in kinds:
        copy = root.with_name("spoilt")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(".environments"))
        chains = [found for name in environments(copy) if len(found := stored(copy, name)) > 2]
        if not chains:
            continue
        SPOIL[kind](chance, chance.choice(chains))
        count.faults[f"spoilt: {kind}"] += 1
        codes = [ended("--root", str(copy), *words).code for words in DETECTORS]
        if Exit.INTEGRITY not in codes:
            count.undetected.append(f"{kind}: {codes}")
