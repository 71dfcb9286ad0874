"""A long history that is made up, yet valid in every report and link: what benchmarks and tests audit and question."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from verify.judge.verdict import judge
from verify.render import markdown
from verify.report.canonical import seal, stored_text
from verify.report.head import SUFFIX, head_bytes, head_of
from verify.report.history import FOLDER, environments, file_name, read_stored, stored
from verify.report.place import Place, placed
from verify.report.spread import processors, spread
from verify.report.upgrade import newest
from verify.report.v1 import Counts
from verify.report.v2 import Verdict
from verify.report.v3 import Measurement, Report, Result
from verify.run.judging import Standards, policy_of_then, standards_of

# What a report of the suite's quick level has, about.
BYTES = 20_000
MACHINES = 10
# How much a figure varies from report to report.
NOISE = 0.02
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=5)
# Below, a second process takes longer to start than it saves.
MANY = 500
# What makes a folder a project, and what its history is judged by.
PROJECT = ("envs", "lockfiles", "policy")


def files(root: Path) -> list[Path]:
    """The reports of a project's history."""
    return [path for name in environments(root) for path in stored(root, name)]


def template(root: Path) -> Report:
    """The newest report of the project, with as many of its results as make `BYTES`.

    Raises:
        SystemExit: There is none of version 3.
    """
    reports = [newest(read_stored(path, root)) for path in files(root)[-1:]]
    if not reports or reports[0].upgraded_from:
        raise SystemExit("reports/ holds no certificate to make a history from: ./noxw -s verify")
    results: list[Result] = []
    for result in reports[0].results:
        fits = len(stored_text(with_results(reports[0], [*results, result]))) <= BYTES
        results += [result] if fits and result.outcome == "passed" else []
    return with_results(reports[0], results)


def with_results(report: Report, results: Sequence[Result]) -> Report:
    """The report with these results instead of its own."""
    counts = dict.fromkeys(report.counts.model_dump(), 0) | {"planned": len(results), "passed": len(results)}
    changes = {
        "results": tuple(results),
        "planned": tuple(result.id for result in results),
        "counts": Counts(**counts),
        "verdict": Verdict(value="certified", findings=()),
    }
    return report.model_copy(update=changes)


def write(root: Path, like: Report, count: int) -> None:
    """A history of so many reports, of some machines, with pages and heads, as the suite at hand would write it.

    Args:
        root: A project with environments and policies, and without reports.
        like: What every report is like, but for its figures.
        count: How many.
    """
    standards = standards_of(root)
    environment = standards.environment(like.environment.name)
    if environment is None:
        raise SystemExit(f"there is no environment {like.environment.name}")
    changes = {
        "suite": like.suite.model_copy(update={"digest": standards.suite}),
        "environment": like.environment.model_copy(update={"digest": environment.digest}),
    }
    (root / FOLDER / environment.name).mkdir(parents=True)
    chain = partial(_write_chain, standards, like.model_copy(update=changes), count)
    for _ in spread(chain, range(MACHINES), processors() if count > MANY else 1):
        pass


def _write_chain(standards: Standards, like: Report, count: int, machine: int) -> None:
    """The reports of one machine: every so-and-so-manieth, so that the machines take turns."""
    rng = random.Random(f"{machine} of {count}")  # noqa: S311 - noise needs no cryptography
    folder = standards.root / FOLDER / like.environment.name
    like = like.model_copy(update={"machine": f"{machine:032x}"})
    places: list[Place] = []
    for number in range(machine, count, MACHINES):
        last = places[-1].digest if places else None
        report = seal(_judged(_next(like, number, rng), standards), len(places) + 1, last)
        data, path = stored_text(report).encode(), folder / file_name(report)
        path.write_bytes(data)
        path.with_suffix(".md").write_text(markdown.render(report), encoding="utf-8")
        places.append(placed(path, standards.root, data))
    if places:
        (folder / f"{like.machine}{SUFFIX}").write_bytes(head_bytes(head_of(places)))


def _next(like: Report, number: int, rng: random.Random) -> Report:
    created = BEGIN + number * EVERY
    changes = {
        "id": f"{number:012x}",
        "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "finished": f"{created + EVERY:%Y-%m-%dT%H:%M:%SZ}",
        "results": tuple(_varied(result, rng) for result in like.results),
    }
    return like.model_copy(update=changes)


def _judged(report: Report, standards: Standards) -> Report:
    policy = policy_of_then(report, standards)
    return report.model_copy(update={"verdict": judge(report, policy or standards.policy)})


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
