"""From what the stages gave to a gate's report: without secrets, with typical values, judged."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import verify
from verify.gate.arms import Arm
from verify.gate.duel import Measured, Sample
from verify.gate.outcomes import Outcomes
from verify.gate.timed import Timed
from verify.judge.gate import verdict
from verify.judge.gate_policy import GatePolicy
from verify.judge.sequential import Judgement
from verify.report.canonical import digest
from verify.report.gate import Report
from verify.report.v1 import UNSEALED
from verify.run.assemble import sources_digest, struck
from verify.spec.difference import AdvisoryChange, PackageChange
from verify.spec.licences import licence_changes


@dataclass(slots=True)
class Gathered:
    """What is known so far: filled stage by stage, so that an interrupt loses only the stage it comes in.

    Attributes:
        outcomes: Of the suite.
        behaviours: Rows, as plain data.
        lost: Workloads that one of the sides cannot do, or neither, as plain data.
        timed: Of the duels.
        stopped: Why nothing was timed, where nothing was.
        bisections: Rows, as plain data.
    """

    outcomes: Outcomes = field(default_factory=lambda: Outcomes(0, 0, []))
    behaviours: Sequence[Mapping[str, Any]] = ()
    lost: Sequence[Mapping[str, Any]] = ()
    timed: Timed | None = None
    stopped: str = "it did not come to that"
    bisections: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """All else that a gate's report is made from.

    Attributes:
        id: Twelve hexadecimal digits.
        created: When it began, UTC.
        finished: When it ended, UTC.
        machine: Salted digest of the machine's identity.
        current: The side in use.
        candidate: The side in question.
        changes: Packages that differ.
        advisories: Those that apply to either side.
        budget: The largest number of groups.
        conditions: What else the machine was doing.
        interrupted: Whether it was ended from outside.
        secrets: Texts to strike out, and what stands for each.
    """

    id: str
    created: str
    finished: str
    machine: str
    current: Arm
    candidate: Arm
    changes: Sequence[PackageChange]
    advisories: Sequence[AdvisoryChange]
    budget: int
    conditions: Mapping[str, Any]
    interrupted: bool
    secrets: Mapping[str, str]


def judged(gate: Gate, gathered: Gathered, policy: GatePolicy) -> Report:
    """The report of a gate, with the verdict of the policy; it has no digest yet."""
    data = {**_draft(gate, gathered), "policy": digest(policy)}
    draft = Report.model_validate_json(json.dumps(data, allow_nan=False))
    return draft.model_copy(update={"verdict": verdict(draft, policy)})


def _draft(gate: Gate, gathered: Gathered) -> dict[str, Any]:
    environment, timed = gate.current.environment, gathered.timed
    return {
        "version": "gate-v1",
        "id": gate.id,
        "created": gate.created,
        "finished": gate.finished,
        "environment": {"name": environment.name, "digest": environment.digest},
        "platform": gate.current.lock.platform,
        "suite": {"version": verify.__version__, "digest": sources_digest(Path(verify.__file__).parent)},
        "machine": gate.machine,
        "facts": struck({**gate.current.facts, "packages": []}, gate.secrets),
        "current": _side(gate.current),
        "candidate": _side(gate.candidate),
        "changes": [asdict(change) for change in gate.changes],
        "advisories": [_advisory(each) for each in gate.advisories],
        "licences": [asdict(each) for each in licence_changes(gate.current.licences, gate.candidate.licences)],
        "asked": gathered.outcomes.asked,
        "passed": gathered.outcomes.passed,
        "checks": struck(list(gathered.outcomes.rows), gate.secrets),
        "behaviours": struck(list(gathered.behaviours), gate.secrets),
        "lost": struck(list(gathered.lost), gate.secrets),
        "figures": _figures(timed) if timed else [],
        "groups": timed.groups if timed else 0,
        "budget": gate.budget,
        "stopped": struck(timed.stopped if timed else gathered.stopped, gate.secrets),
        "conditions": struck(gate.conditions, gate.secrets),
        "bisections": struck(list(gathered.bisections), gate.secrets),
        "interrupted": gate.interrupted,
        "verdict": None,
        "digest": UNSEALED,
    }


def _side(arm: Arm) -> dict[str, Any]:
    return {"digest": arm.lock.digest, "packages": len(arm.lock.packages), "frameworks": list(arm.frameworks)}


def _advisory(each: AdvisoryChange) -> dict[str, Any]:
    known = each.advisory
    return {"id": known.id, "severity": known.severity, "heard": each.kind, "reason": known.reason}


def _figures(timed: Timed) -> list[dict[str, Any]]:
    return [_figure(figure, samples, timed.judgements[figure]) for figure, samples in timed.samples.items()]


def _figure(figure: Measured, samples: Sequence[Sample], known: Judgement) -> dict[str, Any]:
    return {
        "name": figure.name,
        "device": figure.device,
        "scale": figure.scale,
        "unit": figure.unit,
        "current": statistics.median(sample.current for sample in samples),
        "candidate": statistics.median(sample.candidate for sample in samples),
        "differences": [sample.difference for sample in samples],
        "copies": [sample.copies for sample in samples],
        "decision": known.decision,
        "estimate": known.estimate,
        "low": known.low if math.isfinite(known.low) else None,
        "high": known.high if math.isfinite(known.high) else None,
        "detectable": known.detectable,
    }
