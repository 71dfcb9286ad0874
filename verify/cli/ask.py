"""Asking jobs while somebody watches: the one place where a plan, its bench and the progress meet."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verify.cli.progress import Progress
from verify.cli.stream import JobStream, Stream
from verify.language.speech import say
from verify.report.versions import AnyReport
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.run.supervise import Bench, ask_all


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking.

    Attributes:
        answers: As they came.
        wanted: How many there should be.
        interrupted: Whether it was ended from outside.
    """

    answers: Sequence[Answer]
    wanted: int
    interrupted: bool


def ask(
    jobs: Sequence[Job],
    bench: Bench,
    expected: Mapping[str, float],
    *,
    verbose: bool,
    times: int = 1,
    stream: Stream | None = None,
) -> Asked:
    """Ask all jobs, showing progress.

    Args:
        jobs: The plan; a job that is not to be asked is answered once.
        bench: Where to ask.
        expected: Seconds that a job took before, by id.
        verbose: Whether to show the log of a check that does not pass.
        times: How often each is asked. The rounds follow each other, so that an interrupt leaves all alike.
        stream: Where a program is told of progress, instead of a person.
    """
    asked, idle = [job for job in jobs if not job.skip], [job for job in jobs if job.skip]
    often = say(", {} times each", times) if times > 1 else ""
    print(say("{} checks to ask{}; {} do not apply here", len(asked), often, len(idle)), file=sys.stderr)
    rounds, answers = asked * times, list[Answer]()
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    people = Progress(sys.stderr, rounds, expected, bench.together, live, verbose)
    with JobStream(stream, rounds) if stream else people as progress:
        try:
            for answer in ask_all([*idle, *rounds], bench, progress.started):
                answers.append(answer)
                if not answer.job.skip:
                    progress.finished(answer)
        except KeyboardInterrupt:
            return Asked(answers, len(idle) + len(rounds), interrupted=True)
    return Asked(answers, len(idle) + len(rounds), interrupted=False)


def seconds_known(report: AnyReport | None) -> dict[str, float]:
    """How long each job took that passed."""
    return {result.id: result.seconds for result in report.results if result.outcome == "passed"} if report else {}
