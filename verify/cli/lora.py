"""``verify lora``: fine-tunes a model on a user's own data, and reports how it went."""

import argparse
import os
import secrets as randomness
import sys
from pathlib import Path

from verify.checks.finetune import log, question
from verify.checks.finetune.recipe import Recipe
from verify.cli.bench import bench_for, declare_environment, of_ones_own, scratch_folder
from verify.cli.interrupts import first_interrupt_is_gentle
from verify.cli.options import place
from verify.cli.printed import printed
from verify.cli.recipe import declare_recipe, read_early, recipe_of
from verify.cli.run import exit_of
from verify.cli.stream import Stream, declare_progress, stream_of
from verify.cli.surroundings import now, project_root, secrets
from verify.cli.training import following
from verify.cli.watching import watching
from verify.errors import Exit, StorageError, UsageError
from verify.judge.verdict import audit
from verify.language.speech import say
from verify.probe.check import Device
from verify.render import markdown, text
from verify.render.html import page as html
from verify.report import history
from verify.report.read import read_report
from verify.run.answer import Answer
from verify.run.assemble import Run, judged
from verify.run.exclusive import alone
from verify.run.finetune import job_of, section_of
from verify.run.identity import machine_id
from verify.run.plan import Job
from verify.run.policies import policy_for
from verify.run.supervise import Bench, ask_all, collect_facts
from verify.spec.builds import state_directory
from verify.spec.environment import Environment, load_environment
from verify.spec.lock import read_lock
from verify.spec.platform import load_platform, package_of

FASTEST_FIRST: tuple[Device, ...] = ("cuda", "mps", "cpu")


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options: those of a recipe, and where it runs."""
    declare_environment(parser)
    declare_recipe(parser)
    parser.add_argument("--device", choices=FASTEST_FIRST, help="of torch (default: the fastest that is promised)")
    parser.add_argument("--output", metavar="DIR", type=place, help="log, checkpoints, adapter and report")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --output")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    declare_progress(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, and keep a report beside the adapter."""
    root = project_root(arguments)
    output = _output(arguments)
    recipe = recipe_of(arguments, output if arguments.resume else None)
    read_early(recipe)
    state = state_directory(root)
    stream = stream_of(arguments)
    with alone(state / "run"), scratch_folder(state / "scratch") as scratch:
        bench, interpreter = bench_for(root, arguments.environment, scratch, 1)
        environment = load_environment(root, interpreter.environment)
        device = _device(arguments, recipe, environment)
        output.mkdir(parents=True, exist_ok=True)
        job = job_of(recipe, device, output, resume=arguments.resume)
        created, facts = now(), collect_facts(bench)
        with watching(stream) as watched:
            answer, interrupted = _train(job, of_ones_own(bench), output, stream)
        _refuse_unkept(answer, output)
        if interrupted and not _ended(output):
            return _tell_how_to_go_on(output)
        if answer.outcome == "skipped":
            raise UsageError(answer.reason or "it cannot be trained here", "nothing was trained")
        hidden = secrets(root) | _token()
        lock = read_lock(root, interpreter.platform)
        whole = Run(
            id=randomness.token_hex(6),
            level="lora",
            created=created,
            finished=now(),
            environment=environment,
            lock=lock,
            requirements=frozenset(package_of(word) for word in load_platform(root, interpreter.platform).requirements),
            machine=machine_id(state / "machine"),
            facts=facts,
            jobs=[job],
            answers=[answer],
            interrupted=False,
            conditions={"other": {}},
            secrets=hidden,
            finetune=section_of(log.events_in(output / log.NAME), recipe),
            watched=watched.data(),
        )
        policy = policy_for(root, environment, lock_digest=lock.digest, expected={job.id}, secrets=hidden)
        report = judged(whole, policy, [])
        path = history.append(
            output, report, render=markdown.render, beside=html.BESIDE, audit=lambda sealed: audit(sealed, policy)
        )
    if stream:
        stream.tell("report", {"file": str(path)})
    _tell(path, output, as_json=arguments.json)
    return exit_of(report, strict=False)


def _output(arguments: argparse.Namespace) -> Path:
    """Where the run goes; a folder that holds one already must be meant.

    Raises:
        UsageError: It holds a run that is not to be resumed, or none that could be.
    """
    if arguments.resume and arguments.output is None:
        raise UsageError("--resume needs to know which run", "name its folder: --resume --output DIR")
    named = arguments.output or Path("adapters") / now().replace(":", "").replace("-", "")
    output = Path(os.path.realpath(named))
    if output.exists() and not output.is_dir():
        raise UsageError(f"{named} is a file", "name a folder for the run: --output DIR")
    holds = (output / log.NAME).exists()
    if holds and not arguments.resume:
        raise UsageError(f"{named} holds a run already", "go on with it by --resume, or name another --output")
    if not holds and (output / question.ADAPTER).exists():
        raise UsageError(f"{named} holds the adapter of another run", "name another --output: none is written over")
    if arguments.resume and not holds:
        raise UsageError(f"{named} holds no run to resume", "leave --resume out to begin one there")
    return output


def _device(arguments: argparse.Namespace, recipe: Recipe, environment: Environment) -> Device:
    fastest: Device = next((one for one in FASTEST_FIRST if one in environment.devices), "cpu")
    wanted: Device = "mlx" if recipe.engine == "mlx" else arguments.device or fastest
    if wanted not in environment.devices:
        raise UsageError(
            f"{environment.name} promises no {wanted}, only {', '.join(environment.devices)}",
            "choose another --device or --engine, or set another environment up",
        )
    return wanted


def _train(job: Job, bench: Bench, output: Path, stream: Stream | None) -> tuple[Answer, bool]:
    """What came of it, and whether somebody asked it to end early."""
    live = stream is None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if stream:
        # Who watches a run that goes on has not seen how it began.
        for event in log.events_in(output / log.NAME):
            stream.training(event, ())
    shown = following(sys.stderr, output / log.NAME, live=live, worded=stream.training if stream else None)
    with shown, first_interrupt_is_gentle(bench.children) as interrupted:
        (answer,) = ask_all([job], bench, lambda _: None)
    return answer, interrupted.is_set()


def _refuse_unkept(answer: Answer, output: Path) -> None:
    """Tell of a disk that did not take what was trained: that says nothing of the machine, and is no report's.

    Raises:
        StorageError: It did not.
    """
    said = answer.measured.get("notes", {}).get(question.UNKEPT)
    if said is None:
        return
    if _happened(output, "started"):
        hint = f"make room or repair permissions, then go on with: verify lora --resume --output {output}"
    else:
        hint = "make room or repair permissions, then begin again in another --output"
    raise StorageError(str(said), hint)


def _ended(output: Path) -> bool:
    """Whether the training came to its end, by its log."""
    return _happened(output, "finished")


def _happened(output: Path, event: str) -> bool:
    return any(each["event"] == event for each in log.events_in(output / log.NAME))


def _tell_how_to_go_on(output: Path) -> int:
    made = [event["iteration"] for event in log.events_in(output / log.NAME) if event["event"] == "checkpoint"]
    if made:
        print(say("interrupted after iteration {}", made[-1]), file=sys.stderr)
        print(say("go on with: verify lora --resume --output {}", output), file=sys.stderr)
    else:
        print(say("interrupted before there was anything to save; begin again when you like"), file=sys.stderr)
    return Exit.INTERRUPTED


def _token() -> dict[str, str]:
    """What opens the hub for the user, which no log that is kept may hold."""
    return {os.environ["HF_TOKEN"]: "<token>"} if os.environ.get("HF_TOKEN") else {}


def _tell(path: Path, output: Path, *, as_json: bool) -> None:
    report = read_report(path, output)
    if as_json:
        sys.stdout.write(printed(report))
        return
    print(text.brief(report, colour=sys.stdout.isatty()))
    print(say("{}, .md and .html beside it", path))
    if _ended(output):
        print(say("the adapter is in {}", output / question.ADAPTER))
    elif _happened(output, "checkpoint"):
        print(say("it did not come to its end; go on with: verify lora --resume --output {}", output))
