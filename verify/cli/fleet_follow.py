"""Following a run of a fleet: until all nodes are over, then on one page."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from verify.cli.fleet_progress import FleetProgress
from verify.cli.surroundings import now
from verify.errors import Exit
from verify.fleet.page import page
from verify.fleet.plan import Kept, Plan
from verify.fleet.slurm import AwayError, Slurm
from verify.fleet.watch import Watch, closed
from verify.language.speech import say
from verify.render import fleet as rendering
from verify.render import markdown
from verify.render.html import page as html
from verify.report import history
from verify.report.canonical import stored_text
from verify.report.disk import LOCAL
from verify.report.fleet import HOLD, OPEN, Fleet, Node
from verify.report.keep import replace
from verify.report.versions import AnyReport
from verify.run.exclusive import alone
from verify.run.judging import Standards, doubts, standards_of

# Between two looks; a large fleet is asked less often, for every look reads what changed of every node.
LOOK_SECONDS = 2.0
NODES_A_SECOND = 500
# Of a large fleet so many jobs are handed over between two looks, some seconds' worth.
MOST_A_LOOK = 200


def watch_of(kept: Kept, plan: Plan, root: Path, *, keeping: bool) -> Watch:
    """A watch of a run.

    Args:
        kept: Its folder.
        plan: What was asked.
        root: The project.
        keeping: Whether reports go into the history.
    """
    standards = standards_of(root)
    keep = _keeper(root, standards) if keeping else _leave
    return Watch(kept, plan, Slurm(os.environ), time.time, lambda report: doubts(report, standards), keep)


def _leave(_report: AnyReport) -> None:
    """What is only looked at changes nothing."""


def _keeper(root: Path, standards: Standards) -> Callable[[AnyReport], None]:
    """What puts a report at the end of its machine's chain, once: one host alone writes the history."""

    def keep(report: AnyReport) -> None:
        path = root / history.FOLDER / report.environment.name / history.file_name(report)
        if not path.exists():
            history.append(
                root,
                report,
                render=markdown.render,
                beside=html.BESIDE,
                audit=lambda sealed: doubts(sealed, standards),
            )

    return keep


def until_over(watch: Watch, arguments: argparse.Namespace) -> int:
    """Look until all nodes are over, and print the page; an interrupt leaves the jobs to themselves."""
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    progress = FleetProgress(sys.stderr, live, 60.0 * watch.plan.minutes)
    with alone(watch.kept.folder / "lock"):
        try:
            nodes = _followed(watch, progress, 60.0 * arguments.patience)
        except KeyboardInterrupt:
            progress.close()
            print(say("error: interrupted; the jobs go on by themselves, nothing is lost"), file=sys.stderr)
            run_ = watch.plan.run
            print(
                say("hint: verify fleet gather {} goes on; verify fleet cancel {} ends them", run_, run_),
                file=sys.stderr,
            )
            return Exit.INTERRUPTED
        except AwayError:
            progress.close()
            raise
    progress.close()
    return told(nodes, watch, arguments)


def _followed(watch: Watch, progress: FleetProgress, patience: float) -> list[Node]:
    """Every node once all are over.

    Raises:
        AwayError: Slurm's controller was away for longer than the patience.
    """
    pause, said = max(LOOK_SECONDS, len(watch.plan.nodes) / NODES_A_SECOND), False
    while True:
        nodes = watch.look(most=MOST_A_LOOK)
        away = None if watch.away_since is None else time.time() - watch.away_since
        progress.tell(nodes, away)
        if not any(node.state in OPEN for node in nodes):
            return nodes
        if away is not None and away > patience:
            what = f"Slurm's controller was away for {patience / 60:.0f} min; the jobs go on by themselves"
            raise AwayError(what, f"when `scontrol ping` says UP: verify fleet gather {watch.plan.run}")
        if away is not None and not said:
            progress.away(away, patience)
        said = away is not None
        time.sleep(pause)


def told(nodes: list[Node], watch: Watch, arguments: argparse.Namespace) -> int:
    """Print the page, and keep it beside the run."""
    running = watch.away_since is not None or any(node.state == "running" for node in nodes)
    fleet = page(watch.plan, nodes if running else closed(nodes), watch.columns, now())
    texts = {"json": stored_text(fleet), "markdown": rendering.markdown(fleet)}
    for name, text in (("fleet.json", texts["json"]), ("fleet.md", texts["markdown"])):
        replace(LOCAL, watch.kept.folder / name, text.encode())
    chosen = getattr(arguments, "format", None) or "text"
    sys.stdout.write(texts[chosen] if chosen in texts else rendering.text(fleet, colour=sys.stdout.isatty()))
    return exit_of(fleet, strict=arguments.strict)


def exit_of(fleet: Fleet, *, strict: bool) -> int:
    """0: all of the fleet holds; 1: some of it does not; 3: nothing of it can be told yet, or strictly not all."""
    states = [node.state for node in fleet.nodes]
    if any(state not in (*HOLD, *OPEN) for state in states):
        nobody = all(state == "not_run" for state in states)
        return Exit.COULD_NOT_RUN if nobody else Exit.REFUSED
    if any(state in OPEN for state in states):
        return Exit.COULD_NOT_RUN
    doubtful = bool(fleet.outliers) or "conditional" in states
    return Exit.COULD_NOT_RUN if strict and doubtful else Exit.HOLDS
