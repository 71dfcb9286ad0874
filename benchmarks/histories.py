"""What auditing and questioning a long history costs, of which `benchmarks.made_up` makes one."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.asking import tell
from benchmarks.made_up import PROJECT, files, template, write
from benchmarks.pairs import compare, row
from verify.report.index import FILE, refresh
from verify.report.place import sealed
from verify.report.query import asked
from verify.report.read import parse_report
from verify.report.spread import parts_of, processors, spread
from verify.report.validate import fits
from verify.report.versions import MODELS
from verify.report.wholeness import verify_history

ROUNDS = 5
# How many reports a round reads.
READ = 50
# How many a process is given at a time.
PART = 100
_RSS_BYTES = 1 if sys.platform == "darwin" else 1024
QUERY = """
SELECT percentile(value, 95) FROM measurements
WHERE (check_id, name) = (SELECT check_id, name FROM measurements WHERE value != round(value) LIMIT 1)
"""


def rows(root: Path, count: int) -> Iterator[str]:
    """Auditing and questioning a history of so many reports, made from the newest of the project."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        place = Path(folder)
        for part in PROJECT:
            shutil.copytree(root / part, place / part)
        made = _timed(lambda: write(place, template(root), count))
        size = sum(path.stat().st_size for path in files(place))
        tell(f"made {count:,} reports of {size / count / 1000:.1f} kB in {made:.0f} s")
        yield from _reading(place)
        yield from _audits(place, count)
        yield from _asking(place, count)


def _reading(root: Path) -> Iterator[str]:
    """Reading reports one by one, against the bare libraries that do a part of it."""
    documents = [path.read_bytes() for path in files(root)[:READ]]

    def each(of: Callable[[Any], object]) -> Callable[[], float]:
        return lambda: _timed(lambda: [of(one) for one in documents])

    proof, quick = each(lambda data: parse_report(data, "it")), each(lambda data: sealed(data, "it"))
    for name, ours in (("proving a report", proof), ("its digest", quick)):
        for other, theirs in BARE.items():
            pair = compare(ours, each(theirs), ROUNDS)
            yield row(f"{name}, {READ} times", other, pair, f"{READ / min(pair.ours):,.0f} a second")


def _pydantic(data: bytes) -> object:
    return MODELS["v3"].model_validate_json(data)


def _jsonschema(data: bytes) -> object:
    return fits(json.loads(data), "v3")


BARE: dict[str, Callable[[bytes], object]] = {"bare pydantic-core": _pydantic, "bare jsonschema-rs": _jsonschema}


def _audits(root: Path, count: int) -> Iterator[str]:
    """A first and a second audit of all, against the bare libraries on the same files, by as many processes.

    The ratios are those of processor time, of which others on the machine take less than of the clock's.
    """
    paths = files(root)
    bare = {name: _spent(partial(_all, read, paths)) for name, read in BARE.items()}
    for name in ("audited, the first time", "audited again, nothing new"):
        ours = _spent(partial(_audited, root))
        for other, theirs in bare.items():
            ratio = f"{theirs.processor / ours.processor:.2f} of its speed by processor time (aim: >= 0.5)"
            yield f"| {name} | {other} | {ours.told(count)} | {theirs.told(count)} | {ratio} | 1 |"
        yield f"| {name}: the largest process | | {ours.most_bytes / 1e6:,.0f} MB | | {processors()} processes | 1 |"


def _all(read: Callable[[bytes], object], paths: Sequence[Path]) -> int:
    for _ in spread(partial(_each, read), parts_of(paths, PART), processors()):
        pass
    return 0


def _each(read: Callable[[bytes], object], paths: Sequence[Path]) -> None:
    for path in paths:
        read(path.read_bytes())


@dataclass(frozen=True, slots=True)
class _Spent:
    """What work took: seconds by the clock and of processors, and the memory of the largest process."""

    seconds: float
    processor: float
    most_bytes: int

    def told(self, count: int) -> str:
        """``50.0 s, 80.0 s of processors: 2,000 reports a second``."""
        return f"{self.seconds:.1f} s, {self.processor:.1f} s of processors: {count / self.seconds:,.0f} a second"


def _spent(work: Callable[[], int]) -> _Spent:
    before, began = _processor(), time.perf_counter()
    most = work()
    return _Spent(time.perf_counter() - began, _processor() - before, most)


def _processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _audited(root: Path) -> int:
    """An audit as people have it, in a process of its own; the memory of the largest of its processes, in bytes."""
    words = [sys.executable, "-m", "verify", "--root", str(root), "audit"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or ": 0 wrong, 0 doubtful" not in said:
        raise RuntimeError(f"the made-up history is not sound: {said[-500:]}")
    return int(used.ru_maxrss * _RSS_BYTES)


def _asking(root: Path, count: int) -> Iterator[str]:
    """The whole history, in seconds; the query must be answered in one."""
    index = root / FILE
    began = time.perf_counter()
    for what, work in (
        ("every byte is proven", lambda: _whole(root)),
        ("the index is made", lambda: refresh(root, index, _progress(began))),
        ("the index is brought up to date, nothing new", lambda: refresh(root, index)),
        ("a percentile of one figure of all reports", lambda: _answer(index)),
    ):
        seconds = _timed(work)
        yield f"| {what} | | {seconds:.3f} s | | {count / seconds:,.0f} reports a second | 1 |"
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_BYTES
    yield f"| memory, at most | | {most / 1e6:,.0f} MB | | index {index.stat().st_size / 1e6:,.0f} MB | 1 |"


def _whole(root: Path) -> None:
    found = verify_history(root)
    if found:
        raise RuntimeError(f"{len(found)} findings, the first: {found[0].message}")


def _answer(index: Path) -> None:
    with asked(index, QUERY) as answers:
        tell(f"95th percentile: {next(answers.rows)[0]!r}")


def _progress(began: float) -> Callable[[str, int, int], None]:
    def told(what: str, done: int, count: int) -> None:
        if done % max(1, count // 10) == 0:
            tell(f"{what}: {done:,} of {count:,} reports after {time.perf_counter() - began:.0f} s")

    return told


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
