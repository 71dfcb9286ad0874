"""Trying a part of the suite, or asking it again and again: that certifies nothing, so nothing is kept."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import verify
from verify.cli.ask import Asked, ask, seconds_known
from verify.cli.options import count, given
from verify.cli.stream import stream_of
from verify.errors import Exit, UsageError
from verify.language.speech import later, reworded, say
from verify.probe.check import DEVICES
from verify.render import repeats as repeats_text
from verify.report.repeats import Repeats, repeats_of
from verify.report.versions import AnyReport
from verify.run.answer import Answer
from verify.run.assemble import result_of, sources_digest
from verify.run.plan import Job, select
from verify.run.rerun import Rerun, rerun
from verify.run.supervise import Bench
from verify.spec.lock import Lock

NOTHING_KEPT = later("certifies nothing, so no report was written")


def declare(parser: argparse.ArgumentParser) -> None:
    """The options that make a run a trial."""
    parser.add_argument(
        "--select", metavar="PATTERN", type=given, action="append", default=[], help="only these checks; no report"
    )
    parser.add_argument("--device", choices=DEVICES, action="append", default=[], help="only this device; no report")
    parser.add_argument(
        "--changed-since",
        metavar="REPORT",
        type=given,
        help="only what did not pass in that report (file, id or number), or is not in it; no report",
    )
    parser.add_argument("--repeat", type=count, metavar="N", help="each check N times, to find flaky ones; no report")


def is_trial(arguments: argparse.Namespace) -> bool:
    """Whether less, or more, is asked than a report holds."""
    return bool(arguments.select or arguments.device or arguments.changed_since is not None or arguments.repeat)


def attempt(
    jobs: Sequence[Job], bench: Bench, lock: Lock, since: AnyReport | None, arguments: argparse.Namespace
) -> int:
    """Ask what the options choose; 0 when all of it passed, or may skip.

    Args:
        jobs: The plan.
        bench: Where to ask.
        lock: What is installed there.
        since: The report that says what to ask again; None to ask everything.
        arguments: The options.

    Raises:
        UsageError: Nothing of it can be asked here.
    """
    chosen = select(jobs, arguments.select, arguments.device) if arguments.select or arguments.device else list(jobs)
    _refuse_idle(chosen)
    if since:
        chosen = _again(chosen, since, lock, verbose=arguments.verbose)
        _refuse_idle(chosen)
        if not chosen and not arguments.json:
            print(say("nothing to ask again: what applies here passed in report {}", since.id))
            return Exit.HOLDS
    asked = ask(
        chosen,
        bench,
        seconds_known(since),
        verbose=arguments.verbose,
        times=arguments.repeat or 1,
        stream=stream_of(arguments),
    )
    holds = _tell_repeats(asked, chosen, arguments) if arguments.repeat else _tell(asked, arguments)
    if asked.interrupted:
        print(say("error: interrupted after {} of {} answers", len(asked.answers), asked.wanted), file=sys.stderr)
        print(say("hint: what they say is printed; nothing was left running"), file=sys.stderr)
        return Exit.INTERRUPTED
    return Exit.HOLDS if holds else Exit.REFUSED


def _refuse_idle(jobs: Sequence[Job]) -> None:
    """A trial that asks nothing has shown nothing, least of all that something holds."""
    reasons = Counter(job.skip for job in jobs)
    if jobs and None not in reasons:
        told = "; ".join(
            say("{} ({} of {})", reworded(reason or ""), number, len(jobs)) for reason, number in reasons.most_common()
        )
        raise UsageError(f"nothing is left to ask: {told}", "choose a device or an environment that can answer")


def _again(jobs: Sequence[Job], since: AnyReport, lock: Lock, *, verbose: bool) -> list[Job]:
    parted = rerun(jobs, since)
    for line in _left_out(parted, since, lock, verbose):
        print(line, file=sys.stderr)
    return parted.jobs


def _left_out(parted: Rerun, since: AnyReport, lock: Lock, verbose: bool) -> Iterator[str]:
    """What will be asked again and what will not, and how far that can be believed."""
    yield (
        say(
            "report {} of {}: not passed {}, not in it {}, passed and left out {}",
            since.id,
            since.finished,
            len(parted.not_passed),
            len(parted.unknown),
            len(parted.passed),
        )
    )
    if verbose:
        yield from ("  " + say("left out: {}", job.id) for job in parted.passed)
    elif parted.passed:
        topics = Counter(job.check.id.partition(".")[0] for job in parted.passed)
        yield "  " + say("left out: {}", ", ".join(f"{topic} {number}" for topic, number in sorted(topics.items())))
    if since.lock.digest != lock.digest:
        yield "  " + say("its lock was another one: what passed with that may fail with this")
    if since.suite.digest != sources_digest(Path(verify.__file__).parent):
        yield "  " + say(
            "the suite has changed since; the report does not tell which checks, so those that passed are left out"
        )


def _tell(asked: Asked, arguments: argparse.Namespace) -> bool:
    if arguments.json:
        print(json.dumps([_as_json(answer) for answer in asked.answers], indent=2))
    else:
        for answer in asked.answers:
            if answer.job.skip and answer.job.required:
                print(
                    say(
                        "not asked, though a certificate needs it: {}: {}", answer.job.id, reworded(answer.reason or "")
                    )
                )
        tried = sum(not answer.job.skip for answer in asked.answers)
        print(say("{} checks tried; a selection {}", tried, say(NOTHING_KEPT)))
    return all(map(_holds, asked.answers))


def _holds(answer: Answer) -> bool:
    return answer.outcome == "passed" or (answer.outcome == "skipped" and not answer.job.required)


def _tell_repeats(asked: Asked, jobs: Sequence[Job], arguments: argparse.Namespace) -> bool:
    found = _repeats(asked.answers, jobs)
    if arguments.json:
        told = {
            "repeat": arguments.repeat,
            "interrupted": asked.interrupted,
            "flaky": [item.id for item in found if item.flaky],
            "checks": [repeats_text.plain(item) for item in found],
        }
        print(json.dumps(told, indent=2))
    else:
        print(repeats_text.render(found, colour=sys.stdout.isatty()))
        print(say("a repetition {}", say(NOTHING_KEPT)))
    return all(item.holds for item in found)


def _repeats(answers: Sequence[Answer], jobs: Sequence[Job]) -> list[Repeats]:
    """The answers of each job that was asked, or should have been, in the order of the plan."""
    order = {job.id: place for place, job in enumerate(jobs)}
    counting = (answer for answer in answers if answer.job.required or not answer.job.skip)
    return repeats_of(result_of(answer, {}) for answer in sorted(counting, key=lambda answer: order[answer.job.id]))


def _as_json(answer: Answer) -> dict[str, Any]:
    kept = {"id": answer.job.id, "outcome": answer.outcome, "reason": answer.reason, "seconds": answer.seconds}
    return {**kept, **answer.measured, "log": answer.log}
