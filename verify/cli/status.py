"""``verify status``: does the last certificate still hold?"""

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from verify.cli.bench import bench_for, declare_environment
from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.judge.status import lapses
from verify.language.speech import say
from verify.render import words
from verify.render.kept import word
from verify.report import history, v1, v3
from verify.report.upgrade import newest
from verify.run.identity import machine_id
from verify.run.policies import terms
from verify.run.supervise import collect_facts
from verify.spec.builds import state_directory
from verify.spec.lock import read_lock


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Hold the last report of this machine against the machine as it is; 1 when it lapsed."""
    root = project_root(arguments)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        bench, interpreter = bench_for(root, arguments.environment, Path(folder))
        machine = machine_id(state_directory(root) / "machine")
        last = _last_judged(root, interpreter.environment, machine)
        if last is None:
            what = f"reports/{interpreter.environment}/ holds no certificate of this machine"
            raise UsageError(what, "make one: ./noxw -s verify")
        facts = v1.Facts.model_validate_json(json.dumps(collect_facts(bench)))
    reasons = lapses(
        last,
        lock_digest=read_lock(root, interpreter.platform).digest,
        facts=facts,
        now=datetime.now(UTC),
        terms=terms(root),
    )
    if arguments.json:
        told = {"report": last.id, "finished": last.finished, "holds": not reasons, "reasons": reasons}
        print(json.dumps(told, indent=2))
    else:
        verdict = word(last.verdict.value) if last.verdict else say("not judged")
        print(say("report {} of {}: {}", last.id, last.finished, verdict))
        print("\n".join(say("does not hold: {}", words.told(reason)) for reason in reasons) or say("it still holds"))
    return Exit.REFUSED if reasons else Exit.HOLDS


def _last_judged(root: Path, environment: str, machine: str) -> v3.Report | None:
    """The machine's last report that has a verdict: a quick look in between voids no certificate."""
    judged = [report for report in map(newest, history.chain_of(root, environment, machine)) if report.verdict]
    return judged[-1] if judged else None
