"""A user's own fine-tune as a job, and its log as the section of a report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from verify.checks.finetune import question
from verify.checks.finetune.recipe import Recipe, settings_of
from verify.probe.check import Device
from verify.probe.discover import find_checks
from verify.report.finetune import HeldOut, Trained
from verify.run.plan import Job

ID = "lora.the_adapter_learns_from_the_data"
# A job is given the time it takes; whoever started it may end it.
LONGEST_SECONDS = 365 * 86_400.0
# What the log's first line says that a report says under the same name.
_KEPT = (
    *("model", "device_title", "dtype", "parameters", "trainable", "scale", "target_modules", "layers", "iterations"),
    *("data_digest", "split", "training_examples", "held_out_examples", "cut_examples", "longest_tokens"),
    "chat_template",
)


def job_of(recipe: Recipe, device: Device, output: Path, *, resume: bool) -> Job:
    """The question whether a recipe's adapter learns, to be asked of a device."""
    (asked,) = find_checks([Path(question.__file__)], suite=False)
    terms = replace(asked.terms, timeout_seconds=LONGEST_SECONDS)
    settings = {"recipe": settings_of(recipe), "output": str(output), "resume": resume}
    return Job(replace(asked, id=ID, kind="lora", terms=terms), device, required=True, skip=None, settings=settings)


def section_of(events: Sequence[Mapping[str, Any]], recipe: Recipe) -> dict[str, Any] | None:
    """The fine-tune that a log tells of, as plain data; None where it never began."""
    start = next((event for event in events if event["event"] == "started"), None)
    if start is None:
        return None
    return {
        "recipe": {name: _joined(value) for name, value in settings_of(recipe).items()},
        **{name: start[name] for name in _KEPT},
        "resumed_after": [event["iteration"] for event in events if event["event"] == "resumed"],
        "trained": _rows(events, "trained", tuple(Trained.model_fields)),
        "held_out": _rows(events, "validation", tuple(HeldOut.model_fields)),
        "written": _written(events),
        "wall_seconds": max(0.0, events[-1]["at"] - start["at"]),
    }


def _rows(events: Sequence[Mapping[str, Any]], kind: str, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: event[name] for name in names} for event in events if event["event"] == kind]


def _written(events: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    texts = {
        when: {event["prompt"]: event for event in events if event["event"] == "written" and event["when"] == when}
        for when in ("before", "after")
    }
    return [
        {
            "prompt": prompt,
            "before": before["text"],
            "after": texts["after"].get(prompt, {"text": ""})["text"],
            "expected": before["expected"],
        }
        for prompt, before in texts["before"].items()
    ]


def _joined(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
