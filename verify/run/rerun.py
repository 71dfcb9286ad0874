"""What a report leaves to be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass

from verify.report import v1
from verify.report.versions import AnyReport
from verify.run.plan import Job


@dataclass(frozen=True, slots=True)
class Rerun:
    """A plan, parted by what a report knows of its jobs.

    Attributes:
        not_passed: They did not pass there, or were skipped although a certificate needs them.
        unknown: The report has no result of them.
        passed: They passed there.
    """

    not_passed: list[Job]
    unknown: list[Job]
    passed: list[Job]

    @property
    def jobs(self) -> list[Job]:
        """What is to be asked again, in running order."""
        return sorted([*self.not_passed, *self.unknown], key=lambda job: job.alone)


def rerun(jobs: Sequence[Job], report: AnyReport) -> Rerun:
    """Part a plan; jobs that do not apply here are left out altogether.

    A report holds one digest over all sources of the suite, and none of a user's own checks. So it can tell that the
    suite changed, never which check did: a check that passed there is left out even if its source changed since.
    """
    known = {result.id: result for result in report.results}
    parted = Rerun([], [], [])
    for job in jobs:
        if job.skip and not job.required:
            continue
        _part(job, known.get(job.id), parted).append(job)
    return parted


def _part(job: Job, result: v1.Result | None, parted: Rerun) -> list[Job]:
    if result is None:
        return parted.unknown
    # A skip that cost nothing there is no answer for one that a certificate needs now.
    may_skip = result.outcome == "skipped" and not result.required and not job.required
    return parted.passed if result.outcome == "passed" or may_skip else parted.not_passed
