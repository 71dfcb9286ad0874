"""``verify lora``: fine-tunes a model on a user's own data, and reports how it went."""

import argparse
import dataclasses
import os
import secrets as randomness
import sys
import tomllib
from pathlib import Path
from typing import Any

from verify.checks.finetune import log, question
from verify.checks.finetune.examples import read_data
from verify.checks.finetune.recipe import DTYPES, ENGINES, Recipe, Unusable, recipe_from
from verify.cli.bench import bench_for, declare_environment, of_ones_own, scratch_folder
from verify.cli.interrupts import first_interrupt_is_gentle
from verify.cli.options import given, place
from verify.cli.printed import printed
from verify.cli.run import exit_of
from verify.cli.stream import Stream, declare_progress, stream_of
from verify.cli.surroundings import now, project_root, secrets
from verify.cli.training import Training
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
from verify.spec.files import read_bytes
from verify.spec.lock import read_lock
from verify.spec.platform import load_platform, package_of
from verify.spec.toml import MAX_BYTES

FASTEST_FIRST: tuple[Device, ...] = ("cuda", "mps", "cpu")
# What may change when a run goes on: how long, and how often it tells, judges and saves.
MAY_CHANGE = frozenset({"iterations", "epochs", "report_every", "validate_every", "save_every"})
PLACES = ("data", "valid")
_HELP = {
    "model": "smollm2-135m (packaged), a folder, or a name on the hub",
    "data": "JSONL file or folder: chat, prompt/completion or text",
    "valid": "held-out examples (default: some of the data)",
    "engine": "what trains (default: torch)",
    "target_modules": "layers that get adapters, such as q_proj v_proj (default: PEFT's choice)",
    "layers": "only the last N blocks (default: all)",
    "scale": "default: alpha / rank",
    "mask_prompt": "only the answer counts in the loss",
    "qlora": "base model in four bits",
    "checkpointing": "compute activations again instead of keeping them",
    "trust_remote_code": "run code that comes with the model",
    "prompts": "what to have continued before and after",
}


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options: those of a recipe, and where it runs."""
    declare_environment(parser)
    parser.add_argument("file", metavar="RECIPE.toml", nargs="?", type=place, help="the same options as TOML")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=None, **_option(field))
    parser.add_argument("--device", choices=FASTEST_FIRST, help="of torch (default: the fastest that is promised)")
    parser.add_argument("--output", metavar="DIR", type=place, help="log, checkpoints, adapter and report")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --output")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    declare_progress(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, and keep a report beside the adapter."""
    root = project_root(arguments)
    output = _output(arguments)
    recipe = _recipe(arguments, output)
    _read_early(recipe)
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


def _option(field: "dataclasses.Field[Any]") -> dict[str, Any]:
    """How argparse reads a field."""
    told: dict[str, Any] = {"help": _HELP.get(field.name)}
    kind = str(field.type)
    if field.type is bool:
        return {**told, "action": "store_true"}
    if kind.startswith("tuple"):
        return {**told, "nargs": "+", "metavar": "TEXT" if field.name == "prompts" else "NAME"}
    if field.name in ("engine", "dtype"):
        return {**told, "choices": ENGINES if field.name == "engine" else DTYPES}
    if "float" in kind:
        return {**told, "type": float, "metavar": "X"}
    if "int" in kind:
        return {**told, "type": int, "metavar": "N"}
    return {**told, "type": given, "metavar": "NAME" if field.name == "model" else "PATH"}


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


def _recipe(arguments: argparse.Namespace, output: Path) -> Recipe:
    """What the earlier run, the file and the command line say, the later over the earlier.

    Raises:
        UsageError: It is no recipe, or another one than that of the run that is to be resumed.
    """
    told = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Recipe)}
    settings = _with_places({name: value for name, value in told.items() if value is not None}, Path())
    if arguments.file:
        settings = _from_file(arguments.file) | settings
    before = _resumed(output) if arguments.resume else {}
    if "epochs" in settings:
        before.pop("iterations", None)
    if "iterations" in settings:
        before.pop("epochs", None)
    try:
        recipe = recipe_from(before | settings)
        earlier = recipe_from(before) if before else recipe
    except Unusable as error:
        raise UsageError(str(error), "`verify lora --help` lists the options") from error
    names = {field.name for field in dataclasses.fields(Recipe)} - MAY_CHANGE
    wrong = sorted(name for name in names if getattr(earlier, name) != getattr(recipe, name))
    if wrong:
        raise UsageError(
            f"the run to resume had another {', '.join(wrong)}", "leave them out, or begin anew in another --output"
        )
    return recipe


def _from_file(path: Path) -> dict[str, Any]:
    """The options of a TOML file; the places that it names are seen from the folder that it lies in."""
    raw = read_bytes(path, str(path), MAX_BYTES)
    try:
        return _with_places(tomllib.loads(raw.decode("utf-8")), path.parent)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}", "write options as in: rank = 8") from error


def _resumed(output: Path) -> dict[str, Any]:
    start = next((event for event in log.events_in(output / log.NAME) if event["event"] == "started"), None)
    if start is None:
        raise UsageError(f"the run in {output.name} ended before it began", "leave --resume out, in another --output")
    return dict(start["recipe"])


def _with_places(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths as seen from anywhere: the training runs in a folder of its own."""
    texts: dict[str, str] = {name: value for name, value in settings.items() if isinstance(value, str) and value}
    if any("\0" in text for text in texts.values()):
        raise UsageError("a text of the recipe holds a NUL", "leave it out: no file has such a name")
    # Path.resolve has an error of its own for links that lead back to themselves.
    named = {name: os.path.realpath(folder / texts[name]) for name in PLACES if name in texts}
    if "model" in texts and (folder / texts["model"]).is_dir():
        named["model"] = os.path.realpath(folder / texts["model"])
    return settings | named


def _read_early(recipe: Recipe) -> None:
    """Find a bad line before anything is loaded; what ``datasets`` saved is read by the environment's own."""
    if not Path(recipe.data).is_dir() or (Path(recipe.data) / "train.jsonl").exists():
        try:
            read_data(Path(recipe.data), Path(recipe.valid) if recipe.valid else None, recipe.seed)
        except Unusable as error:
            raise UsageError(str(error), "mend the data, then run again; nothing was trained") from error


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
    shown = Training(sys.stderr, output / log.NAME, live, stream.training if stream else None)
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
