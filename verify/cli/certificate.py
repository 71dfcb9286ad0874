"""The last certificate of this machine, and what it is held against: the machine as it is now."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from verify.cli.bench import bench_for
from verify.errors import UsageError
from verify.judge.status import Present
from verify.report import history, v1, v3
from verify.report.upgrade import newest
from verify.run.identity import machine_id
from verify.run.policies import terms
from verify.run.supervise import collect_facts
from verify.spec.builds import state_directory
from verify.spec.lock import read_lock


class UncertifiedError(UsageError):
    """This machine has no certificate."""


def certificate_here(root: Path, environment: str | None, *, all_proven: bool) -> tuple[v3.Report, Present]:
    """The machine's last report that has a verdict, upgraded, and what it is held against.

    Args:
        root: The project.
        environment: Its name; None for the one that was set up last.
        all_proven: Whether every report of the environment is proven; else only those that must be read.

    Raises:
        UncertifiedError: There is none.
        UsageError: The environment is not set up.
        IntegrityError: A report is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        bench, interpreter = bench_for(root, environment, Path(folder))
        machine = machine_id(state_directory(root) / "machine")
        last = _last_judged(root, interpreter.environment, machine, all_proven=all_proven)
        if last is None:
            what = f"reports/{interpreter.environment}/ holds no certificate of this machine"
            raise UncertifiedError(what, "make one: ./noxw -s verify")
        facts = v1.Facts.model_validate_json(json.dumps(collect_facts(bench)))
    digest = read_lock(root, interpreter.platform).digest
    return last, Present(lock_digest=digest, facts=facts, moment=datetime.now(UTC), terms=terms(root))


def _last_judged(root: Path, environment: str, machine: str, *, all_proven: bool) -> v3.Report | None:
    """A quick look in between voids no certificate; the newest is looked at first: most often it is the one."""
    if not all_proven:
        last = history.latest(root, environment, machine)
        if last is None or newest(last).verdict:
            return newest(last) if last else None
    judged = [report for report in map(newest, history.chain_of(root, environment, machine)) if report.verdict]
    return judged[-1] if judged else None
