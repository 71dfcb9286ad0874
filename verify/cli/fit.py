"""``verify fit``: what fits in memory, before it is tried."""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from verify.checks.fit import cases as known_cases
from verify.checks.fit.recipe import DTYPES, METHODS, OPTIMISERS
from verify.checks.models.configs import Config, config_named, is_of_the_hub, longest_sequence, shipped
from verify.cli.bench import bench_for, declare_environment, of_ones_own
from verify.cli.options import count, given
from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError, VerifyError
from verify.language.speech import later, reworded, say
from verify.probe.check import DEVICES, Check
from verify.render import fit as fit_text
from verify.render.words import visible
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.run.supervise import Bench, ask_all

SOURCE = Path(known_cases.__file__).with_name("fit.py")
# Memory is sold in powers of two, whatever its letters say.
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
# Predictions that are further off than this fail `--validate`.
LIMIT = 0.15
KEPT_BY_MALLOC = later(
    "on Linux: train with MALLOC_MMAP_THRESHOLD_=65536 set; by its defaults the C library keeps what is freed, and a "
    "step\ntakes up to 1.6 times as much: `verify fit --validate` measures both"
)
NOT_OF_MLX = later("with checkpointing it takes less, how much cannot be told: MLX exports no graph with that in it")


def memory(text: str) -> int:
    """Bytes of a size such as 64GB.

    Raises:
        ArgumentTypeError: It is none.
    """
    found = SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * UNITS[found[2].upper()]) if found else 0
    if not size:
        raise argparse.ArgumentTypeError(f"{text!a} is no size of memory, such as 64GB")
    return size


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--model", metavar="NAME", type=given, help="a shipped name, a path, or owner/name of the hub")
    parser.add_argument("--memory", metavar="SIZE", type=memory, help="of a machine that is not this one, such as 64GB")
    parser.add_argument("--device", choices=DEVICES, help="default: the best that the environment promises")
    parser.add_argument("--sequence-length", metavar="N", type=count, default=512, help="tokens of a text (512)")
    parser.add_argument("--batch", metavar="N", type=count, default=1, help="texts in a batch, for the peak (1)")
    parser.add_argument("--effective-batch", metavar="N", type=count, default=16, help="texts in a step (16)")
    parser.add_argument("--rank", metavar="N", type=count, default=8, help="of the adapters (8)")
    parser.add_argument("--target-modules", metavar="NAME", type=given, nargs="+", default=[], help="layers to adapt")
    parser.add_argument("--layers", metavar="N", type=count, help="adapters on the last N blocks only")
    parser.add_argument("--dtype", choices=DTYPES, default="bfloat16", help="of the weights (bfloat16)")
    parser.add_argument("--optimiser", choices=OPTIMISERS, default="adamw", help="default: adamw")
    parser.add_argument("--validate", action="store_true", help="take real steps, and hold predictions against them")
    parser.add_argument("--json", action="store_true", help="for machines")
    declare_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predict; with --validate, measure too."""
    root = project_root(arguments)
    models = [arguments.model] if arguments.model else shipped()
    configs = {model: _config(model) for model in models}
    with TemporaryDirectory(prefix="verify-") as folder:
        bench, interpreter = bench_for(root, arguments.environment, Path(folder))
        device = arguments.device or _best_device(root, interpreter.environment)
        if arguments.validate:
            return _validate(bench, device, arguments)
        for config in configs.values():
            _warn_of_length(config, arguments.sequence_length)
        fits = list(_fits(of_ones_own(bench), configs, device, arguments))
    if arguments.json:
        print(json.dumps([fit_text.plain(fit, arguments.effective_batch) for fit in fits], indent=2))
    else:
        print(_conditions(device, arguments))
        print(_shown(fits, configs, arguments))
        note = {"cpu": KEPT_BY_MALLOC, "mlx": NOT_OF_MLX}.get(device)
        if note:
            print(say(note))
    return Exit.HOLDS if any(way.fits for fit in fits for way in fit.ways) else Exit.REFUSED


def _config(model: str) -> Config | str:
    if is_of_the_hub(model):
        return model
    try:
        return config_named(model)
    except LookupError as error:
        hint = f"name a folder or a config.json, or one of {', '.join(shipped())}"
        raise UsageError(str(error), hint) from error
    except ValueError as error:
        raise UsageError(str(error), "give the config.json of a model as the Hugging Face hub has it") from error


def _best_device(root: Path, environment: str) -> str:
    from verify.spec.environment import load_environment

    promised = load_environment(root, environment).devices
    return next((device for device in ("cuda", "mps") if device in promised), "cpu")


def _warn_of_length(config: Config | str, tokens: int) -> None:
    longest = None if isinstance(config, str) else longest_sequence(config)
    if longest and tokens > longest:
        print(say("warning: {} tokens, but the model was made for {} at most", tokens, longest), file=sys.stderr)


def _fits(
    bench: Bench, configs: Mapping[str, Config | str], device: str, arguments: argparse.Namespace
) -> Iterator[fit_text.Fit]:
    shared = {"device": device, "memory": arguments.memory, "recipes": _recipes(device, arguments)}
    sizes = {"batch": arguments.batch, "tokens": arguments.sequence_length, "search": True}
    jobs = [
        job_of("what_fits", None, {"model": config, "search_length": len(configs) == 1, **shared, **sizes})
        for config in configs.values()
    ]
    answers = {id(answer.job): answer for answer in _asked(jobs, bench, list(configs))}
    for name, job in zip(configs, jobs, strict=True):
        yield fit_text.fit_of(name, passed(answers[id(job)], name).measured)


def _recipes(device: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    adapters = {"rank": arguments.rank, "targets": arguments.target_modules, "layers": arguments.layers}
    shared = {"dtype": arguments.dtype, "optimiser": arguments.optimiser, **adapters}
    return [
        {"method": method, "checkpointing": checkpointing, **shared}
        # MLX exports no graph with checkpointing in it, so that cannot be predicted.
        for method, checkpointing in product(METHODS, (False,) if device == "mlx" else (False, True))
    ]


def job_of(claim: str, device: Any, settings: Mapping[str, Any]) -> Job:
    """One question of those that this verb asks."""
    return Job(_check(claim), device, required=True, skip=None, settings=settings)


def _check(claim: str) -> Check:
    from verify.probe.discover import checks_of

    return next(check for check in checks_of(SOURCE, "functional") if check.id == f"fit.{claim}")


def _asked(jobs: Sequence[Job], bench: Bench, names: Sequence[str]) -> Iterator[Answer]:
    """The answers as they come, each told when its question is put."""
    titles = {id(job): name for job, name in zip(jobs, names, strict=True)}
    yield from ask_all(jobs, bench, lambda job: print(f"  {visible(titles[id(job)])}", file=sys.stderr))


def passed(answer: Answer, name: str) -> Answer:
    """The answer, if it is one.

    Raises:
        VerifyError: It did not pass; why, and what to do.
    """
    if answer.outcome == "passed":
        return answer
    reason = (answer.reason or answer.outcome).splitlines()[0]
    hint = "take the name of a shipped model, or a shorter text"
    if "local copy of the hub" in reason:
        hint = f"run `hf download {name} config.json` where there is a network, or give the path of the file"
    raise VerifyError(f"{name}: {reason}", hint)


def _conditions(device: str, arguments: argparse.Namespace) -> str:
    where = say("{}, {}, {}, batch {}", device, arguments.dtype, arguments.optimiser, arguments.batch)
    modules = ", ".join(arguments.target_modules) or say("the attention")
    blocks = say("the last {} blocks", arguments.layers) if arguments.layers else say("all blocks")
    adapters = say("adapters of rank {} on {} of {}", arguments.rank, modules, blocks)
    return say("{} x {} tokens; {}", where, arguments.sequence_length, adapters)


def _shown(fits: Sequence[fit_text.Fit], configs: Mapping[str, Config | str], arguments: argparse.Namespace) -> str:
    if not arguments.model:
        return fit_text.render_all(fits)
    config = configs[arguments.model]
    longest = None if isinstance(config, str) else longest_sequence(config)
    return fit_text.render(fits[0], arguments.effective_batch, longest)


def _validate(bench: Bench, device: str, arguments: argparse.Namespace) -> int:
    """Predictions first, then real steps, one at a time; 1 when one is further off than it may be."""
    cases = [dict(case, device=case["device"] or device) for case in known_cases.cases()]
    names = [case["name"] for case in cases]
    predicted = [_predicted(case) for case in cases]
    alone = replace(bench, together=1)
    told = {
        id(answer.job): answer for answer in _asked(predicted, bench, [say("{}: predicted", name) for name in names])
    }
    held, failed = list[fit_text.Held](), 0
    for case, job in zip(cases, predicted, strict=True):
        try:
            fit = fit_text.fit_of(case["name"], passed(told[id(job)], case["name"]).measured)
            held.append(_held(case, fit, alone))
        except VerifyError as error:
            # One step that cannot be taken here says nothing of the others.
            failed += 1
            print(say("not held against a measurement: {}", visible(reworded(error.message))), file=sys.stderr)
        else:
            last = held[-1]
            print(
                "  " + say("predicted {} B, measured {} B", f"{last.predicted:,}", f"{last.measured:,}"),
                file=sys.stderr,
            )
    within = not failed and all(abs(one.error) <= LIMIT for one in held)
    if arguments.json:
        from dataclasses import asdict

        print(json.dumps({"limit": LIMIT, "cases": [{**asdict(one), "error": one.error} for one in held]}, indent=2))
    else:
        print(fit_text.render_validation(held, LIMIT))
    return Exit.HOLDS if within else Exit.REFUSED


def _predicted(case: Mapping[str, Any]) -> Job:
    known = {name: case[name] for name in ("model", "device", "batch", "tokens")}
    searched = {"memory": None, "search": False, "search_length": False}
    return job_of("what_fits", None, {**known, **searched, "recipes": [case["recipe"]]})


def _held(case: Mapping[str, Any], fit: fit_text.Fit, bench: Bench) -> fit_text.Held:
    [way] = fit.ways
    floor = way.weights + way.adapters + way.optimiser
    known = {name: case[name] for name in ("model", "recipe", "batch", "tokens")}
    # Only the C library's heap keeps what is freed; the devices' own peaks count what is in use.
    ways = (True, False) if case["device"] == "cpu" else (True,)
    jobs = [job_of("a_step_is_measured", case["device"], {**known, "floor": floor, "give_back": each}) for each in ways]
    answers = {
        id(answer.job): answer for answer in _asked(jobs, bench, [say("{}: measured", case["name"])] * len(jobs))
    }
    peaks = [_peak(passed(answers[id(job)], case["name"])) for job in jobs]
    words = [way.title, case["recipe"]["dtype"], case["recipe"].get("optimiser", "adamw")]
    # MLX and CUDA tell the peak of their arrays alone.
    runtime = fit.runtime if case["device"] == "cpu" else 0
    return fit_text.Held(
        name=case["name"],
        device=case["device"],
        recipe=", ".join(words),
        batch=case["batch"],
        tokens=case["tokens"],
        predicted=way.peak - fit.runtime + runtime,
        measured=peaks[0],
        kept=peaks[1] if len(peaks) > 1 else None,
    )


def _peak(answer: Answer) -> int:
    found: float = next(item["value"] for item in answer.measured["measurements"] if item["name"] == "peak")
    return round(found)
