"""``verify fleet``: one certification a node, through Slurm, and all of them on one page."""

import argparse
import os
import secrets as randomness
import sys
from pathlib import Path

from verify.cli.bench import declare_environment
from verify.cli.fleet_follow import told, until_over, watch_of
from verify.cli.options import count, given, place
from verify.cli.surroundings import now, project_root
from verify.errors import Exit, UsageError
from verify.fleet.plan import Kept, Plan
from verify.fleet.slurm import Slurm
from verify.fleet.watch import runs
from verify.language.speech import each, say
from verify.probe.check import LEVELS
from verify.report.fleet import OPEN
from verify.run.exclusive import alone

PATIENCE_MINUTES = 30
MINUTES = {"quick": 10, "full": 60, "certify": 120}


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(
        dest="action", required=True, metavar="run|gather|report|list|cancel|collectives|manifest"
    )
    run_ = verbs.add_parser("run", help="certify every node of a partition, each in a job of its own")
    _declare_run(run_)
    run_.set_defaults(act=_run)
    gather = verbs.add_parser("gather", help="go on with a run that was left, detached or killed")
    gather.add_argument("--no-wait", action="store_true", help="look once, keep what came, and hand nothing over")
    gather.set_defaults(act=_gather)
    report = verbs.add_parser("report", help="the fleet on one page")
    report.add_argument("--format", choices=("text", "markdown", "json"), default="text", help="default: text")
    report.set_defaults(act=_report)
    cancel = verbs.add_parser("cancel", help="end the jobs of a run")
    cancel.set_defaults(act=_cancel)
    listed = verbs.add_parser("list", help="the runs that are kept, the newest first")
    listed.set_defaults(act=_list)
    for verb in (gather, report, cancel):
        verb.add_argument("run_id", nargs="?", metavar="RUN", help="default: the latest")
    for verb in (run_, gather, report):
        verb.add_argument("--strict", action="store_true", help="exit 3 when a node is conditional or stands out")
        verb.add_argument("--json", action="store_const", const="json", dest="format", help="the page as JSON")
    for verb in (run_, gather):
        verb.add_argument(
            "--patience",
            type=count,
            default=PATIENCE_MINUTES,
            metavar="MIN",
            help=f"how long Slurm's controller may be away (default: {PATIENCE_MINUTES})",
        )
    for verb in (run_, gather, report, cancel, listed):
        verb.add_argument("--folder", type=place, metavar="DIR", help="where runs are kept: all nodes must reach it")
    _declare_others(verbs)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--partition", required=True, type=given, metavar="P", help="Slurm's partition")
    parser.add_argument("--nodes", type=given, metavar="LIST", help="of it these: n[1-4],n7 (default: all)")
    declare_environment(parser)
    parser.add_argument("--level", choices=LEVELS, default="certify", help="how much to ask (default: certify)")
    parser.add_argument("--time", type=count, metavar="MIN", help="after which Slurm ends a node's job")
    parser.add_argument("--wait", type=count, default=60, metavar="MIN", help="for a node to be free (default: 60)")
    parser.add_argument(
        "--detach", action="store_true", help="hand the jobs over and end: `verify fleet gather` goes on"
    )
    parser.add_argument(
        "--sbatch", action="append", default=[], metavar="OPTION", help="for sbatch: --sbatch=--account=X; repeatable"
    )
    parser.add_argument(
        "command", nargs="*", metavar="-- COMMAND", help="what a node runs (default: verify fleet answer)"
    )


def _declare_others(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Verbs with modules of their own."""
    from verify.cli import fleet_answer, fleet_collectives, fleet_manifest

    for name, module in (
        ("answer", fleet_answer),
        ("collectives", fleet_collectives),
        ("manifest", fleet_manifest),
    ):
        verb = verbs.add_parser(name, help=module.SUMMARY)
        module.declare(verb)
        verb.set_defaults(act=module.act)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(arguments.act(arguments, project_root(arguments)))


def folder_of(arguments: argparse.Namespace, root: Path) -> Path:
    """Where runs are kept."""
    from verify.spec.builds import state_directory

    return Path(arguments.folder).absolute() if arguments.folder else state_directory(root) / "fleets"


def _run(arguments: argparse.Namespace, root: Path) -> int:
    from verify.fleet.script import write_script
    from verify.report.history import preflight

    slurm = Slurm(os.environ)
    plan = _plan(arguments, root, slurm)
    preflight(root, plan.environment)
    kept = Kept(folder_of(arguments, root) / plan.run)
    kept.begin(plan)
    write_script(kept.folder)
    usable = len(plan.nodes) - len(plan.absent)
    print(
        say("run {}: {} nodes, {} of them to ask, in {}", plan.run, len(plan.nodes), usable, kept.folder),
        file=sys.stderr,
    )
    watch = watch_of(kept, plan, root, keeping=True)
    if arguments.detach:
        nodes = watch.look()
        handed = sum(node.state in OPEN for node in nodes)
        print(say("{} jobs go on by themselves; then: verify fleet gather {}", handed, plan.run))
        return Exit.HOLDS
    return until_over(watch, arguments)


def _plan(arguments: argparse.Namespace, root: Path, slurm: Slurm) -> Plan:
    from verify.spec.environment import load_environment
    from verify.spec.lock import read_lock

    environment = load_environment(root, arguments.environment or _current(root))
    nodes = slurm.nodes(arguments.partition, arguments.nodes)
    created = now()
    return Plan(
        run=f"{created.replace('-', '').replace(':', '').lower()}-{randomness.token_hex(3)}",
        created=created,
        partition=arguments.partition,
        environment=environment.name,
        level=arguments.level,
        lock=read_lock(root, environment.platform).digest,
        minutes=arguments.time or MINUTES[arguments.level],
        wait_minutes=arguments.wait,
        nodes=tuple(node.name for node in nodes),
        absent={node.name: node.why for node in nodes if node.why},
        command=tuple(arguments.command or _own_command(root, environment.name, arguments.level)),
        options=tuple(arguments.sbatch),
    )


def _current(root: Path) -> str:
    from verify.spec.builds import current_environment

    name = current_environment(root)
    if name is None:
        raise UsageError("no environment is set up", "name one: --environment NAME, or run ./noxw -s setup")
    return name


def _own_command(root: Path, environment: str, level: str) -> list[str]:
    """This very verify, from the shared project; in English, for what it says is kept."""
    words = ["--lang", "en", "--root", str(root), "fleet", "answer", "--environment", environment, "--level", level]
    return [sys.executable, "-P", "-m", "verify", *words]


def _gather(arguments: argparse.Namespace, root: Path) -> int:
    kept = _chosen(arguments, root)
    watch = watch_of(kept, kept.plan(), root, keeping=True)
    if not arguments.no_wait and watch.slurm.here:
        return until_over(watch, arguments)
    with alone(kept.folder / "lock"):
        return told(watch.look(hand_over=False), watch, arguments)


def _report(arguments: argparse.Namespace, root: Path) -> int:
    """Look, and change nothing: neither the history nor what Slurm has to do."""
    kept = _chosen(arguments, root)
    watch = watch_of(kept, kept.plan(), root, keeping=False)
    return told(watch.look(hand_over=False), watch, arguments)


def _cancel(arguments: argparse.Namespace, root: Path) -> int:
    plan = _chosen(arguments, root).plan()
    Slurm(os.environ).cancel(plan.job_name)
    print(say("the jobs of {} were ended; what their nodes had answered stays", plan.run))
    return Exit.HOLDS


def _list(arguments: argparse.Namespace, root: Path) -> int:
    from verify.render.text import aligned

    plans = [Kept(folder).plan() for folder in runs(folder_of(arguments, root))]
    rows = [(plan.run, plan.partition, plan.environment, plan.level, str(len(plan.nodes))) for plan in plans]
    print(
        aligned([each("run", "partition", "environment", "level", "nodes"), *rows]) if rows else say("no run is kept")
    )
    return Exit.HOLDS


def _chosen(arguments: argparse.Namespace, root: Path) -> Kept:
    folder = folder_of(arguments, root)
    if arguments.run_id is not None and arguments.run_id != "latest":
        return Kept(folder / Path(arguments.run_id).name)
    newest = next(runs(folder), None)
    if newest is None:
        raise UsageError(f"{folder} holds no run of a fleet", "start one: verify fleet run --partition P")
    return Kept(newest)
