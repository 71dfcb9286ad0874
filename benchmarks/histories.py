"""A long history that is made up, yet valid in every report and link; and what proving and questioning it costs."""

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.asking import tell
from benchmarks.pairs import compare, row
from verify.report.canonical import seal, stored_text
from verify.report.head import SUFFIX, head_bytes, head_of
from verify.report.history import FOLDER, environments, file_name, read_stored, stored
from verify.report.index import FILE, refresh
from verify.report.place import Place, placed, sealed
from verify.report.query import asked
from verify.report.read import parse_report
from verify.report.upgrade import newest
from verify.report.v1 import Counts
from verify.report.v2 import Verdict
from verify.report.v3 import Measurement, Report, Result
from verify.report.validate import against_schema
from verify.report.versions import MODELS
from verify.report.wholeness import verify_history

# What a report of the suite's quick level has, about.
BYTES = 20_000
MACHINES = 10
# How much a figure varies from report to report.
NOISE = 0.02
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=5)
ROUNDS = 5
# How many reports a round reads.
READ = 50
QUERY = """
SELECT percentile(value, 95) FROM measurements
WHERE (check_id, name) = (SELECT check_id, name FROM measurements WHERE value != round(value) LIMIT 1)
"""


def rows(root: Path, count: int) -> Iterator[str]:
    """Proving and questioning a history of so many reports, made from the newest of the project."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        place = Path(folder)
        made = _timed(lambda: write(place, template(root), count))
        size = sum(path.stat().st_size for path in _files(place))
        tell(f"made {count:,} reports of {size / count / 1000:.1f} kB in {made:.0f} s")
        yield from _reading(place)
        yield from _asking(place, count)


def _reading(root: Path) -> Iterator[str]:
    """Reading reports one by one, against the bare libraries that do a part of it."""
    documents = [path.read_bytes() for path in _files(root)[:READ]]
    values = [json.loads(document) for document in documents]

    def each(of: Callable[[Any], object], all_: Sequence[object]) -> Callable[[], float]:
        return lambda: _timed(lambda: [of(one) for one in all_])

    proof = each(lambda data: parse_report(data, "it"), documents)
    quick = each(lambda data: sealed(data, "it"), documents)
    bare = each(MODELS["v3"].model_validate_json, documents)
    schema = each(lambda value: against_schema(value, "v3", "it"), values)
    for name, ours in (("proving a report", proof), ("its digest", quick)):
        for other, theirs in (("bare pydantic", bare), ("bare jsonschema", schema)):
            pair = compare(ours, theirs, ROUNDS)
            yield row(f"{name}, {READ} times", other, pair, f"{READ / min(pair.ours):,.0f} a second")


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
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
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


def _files(root: Path) -> list[Path]:
    return [path for name in environments(root) for path in stored(root, name)]


def template(root: Path) -> Report:
    """The newest report of the project, with as many of its results as make `BYTES`.

    Raises:
        SystemExit: There is none of version 3.
    """
    reports = [newest(read_stored(path, root)) for path in _files(root)[-1:]]
    if not reports or reports[0].upgraded_from:
        raise SystemExit("reports/ holds no certificate to make a history from: ./noxw -s verify")
    results: list[Result] = []
    for result in reports[0].results:
        fits = len(stored_text(_with(reports[0], [*results, result]))) <= BYTES
        results += [result] if fits and result.outcome == "passed" else []
    return _with(reports[0], results)


def _with(report: Report, results: Sequence[Result]) -> Report:
    counts = dict.fromkeys(report.counts.model_dump(), 0) | {"planned": len(results), "passed": len(results)}
    changes = {
        "results": tuple(results),
        "planned": tuple(result.id for result in results),
        "counts": Counts(**counts),
        "verdict": Verdict(value="certified", findings=()),
    }
    return report.model_copy(update=changes)


@dataclass(slots=True)
class _Chain:
    """The end of a machine's chain, as it is being made."""

    machine: str
    places: list[Place]


def write(root: Path, like: Report, count: int) -> None:
    """A history of so many reports, of some machines, with their heads; without pages.

    Args:
        root: Where, and nothing is there.
        like: What every report is like, but for its figures.
        count: How many.
    """
    rng = random.Random(count)  # noqa: S311 - noise needs no cryptography
    folder = root / FOLDER / like.environment.name
    folder.mkdir(parents=True)
    chains = [_Chain(f"{number:032x}", []) for number in range(MACHINES)]
    for number in range(count):
        chain = chains[number % MACHINES]
        report = _next(like, chain, number, rng)
        data = stored_text(report).encode()
        path = folder / file_name(report)
        path.write_bytes(data)
        chain.places.append(placed(path, root, data))
    for chain in chains:
        if chain.places:
            (folder / f"{chain.machine}{SUFFIX}").write_bytes(head_bytes(head_of(chain.places)))


def _next(like: Report, chain: _Chain, number: int, rng: random.Random) -> Report:
    created = BEGIN + number * EVERY
    last = chain.places[-1] if chain.places else None
    changes = {
        "id": f"{number:012x}",
        "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "finished": f"{created + EVERY:%Y-%m-%dT%H:%M:%SZ}",
        "machine": chain.machine,
        "results": tuple(_varied(result, rng) for result in like.results),
    }
    return seal(like.model_copy(update=changes), len(chain.places) + 1, last.digest if last else None)


def _varied(result: Result, rng: random.Random) -> Result:
    return result.model_copy(update={"measurements": tuple(_noisy(figure, rng) for figure in result.measurements)})


def _noisy(figure: Measurement, rng: random.Random) -> Measurement:
    """The figure as another run measures it: all of its samples by one factor, of which the median is its value."""
    if figure.provenance != "measured" or figure.percent_of_peak or any(map(_whole_number, figure.samples)):
        return figure
    factor = rng.gauss(1, NOISE)
    samples = tuple(sample * factor for sample in figure.samples)
    return figure.model_copy(update={"samples": samples, "value": figure.value * factor})


def _whole_number(sample: float) -> bool:
    return float(sample).is_integer()
