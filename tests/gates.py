"""A gate, made up by hand, in which everything was asked and holds; tests change one thing of it."""

import copy
import json
import tomllib
from typing import Any

from tests.examples import ROOT, Data, facts
from verify.judge.gate import verdict
from verify.judge.gate_policy import GatePolicy
from verify.report.gate import Report

GROUPS = 6


def gate_policy(**changes: Any) -> GatePolicy:
    """The project's own policy."""
    held = tomllib.loads((ROOT / "policy/gate.toml").read_text(encoding="utf-8"))
    return GatePolicy.model_validate({**held, **changes})


def figure(name: str = "training_step", **changes: Any) -> Data:
    """A time that holds."""
    return {
        "name": name,
        "device": "mps",
        "scale": "ratio",
        "unit": "s",
        "current": 0.0312,
        "candidate": 0.0314,
        "differences": [0.004, 0.006, 0.001, 0.009, -0.002, 0.007],
        "copies": [0.003, -0.004, 0.002, 0.001, -0.006, 0.004],
        "decision": "held",
        "estimate": 0.0045,
        "low": -0.002,
        "high": 0.009,
        "detectable": 0.0247,
        **changes,
    }


def behaviour(reader: str, **changes: Any) -> Data:
    """Logits that agree."""
    gap = {
        "name": "logit_gap",
        "unit": "1",
        "direction": "lower",
        "samples": [0.000002],
        "value": 0.000002,
        "limits": {"at_most": 0.00005},
        "conditions": {"model": "Llama"},
        "provenance": "measured",
    }
    return {
        "id": "logits.the_same_weights_give_the_same_logits[mps]",
        "reader": reader,
        "outcome": "passed",
        "reason": None,
        "measurements": [gap],
        **changes,
    }


def check(**changes: Any) -> Data:
    """A check that passed, and fails with the candidate, alone too."""
    return {
        "id": "lora.merging_keeps_the_logits[mps]",
        "current": "passed",
        "candidate": "failed",
        "alone": "failed",
        "reason": "logit_gap is 0.3 1, must be at most 0.0001",
        "required": True,
        "known_issue": None,
        "known_issue_now": None,
        **changes,
    }


def gate(policy: GatePolicy | None = None, **changes: Any) -> Report:
    """The gate with other fields, judged by the policy."""
    data = {**copy.deepcopy(EXAMPLE), **changes}
    draft = Report.model_validate_json(json.dumps(data))
    return draft.model_copy(update={"verdict": verdict(draft, policy or gate_policy())})


EXAMPLE: Data = {
    "version": "gate-v1",
    "id": "0123456789ab",
    "created": "2026-10-02T03:04:05Z",
    "finished": "2026-10-02T03:24:05Z",
    "environment": {"name": "m2", "digest": "e" * 64},
    "platform": "macos-arm64",
    "suite": {"version": "0.1.0", "digest": "5" * 64},
    "policy": "9" * 64,
    "machine": "f" * 32,
    "facts": facts(packages=[]),
    "current": {"digest": "a" * 64, "packages": 54, "frameworks": [{"name": "peft", "version": "0.18.1"}]},
    "candidate": {"digest": "b" * 64, "packages": 54, "frameworks": [{"name": "peft", "version": "0.21.2"}]},
    "changes": [{"name": "peft", "before": "0.18.1", "after": "0.21.2", "kind": "upgraded"}],
    "advisories": [],
    "licences": [],
    "asked": 93,
    "passed": 93,
    "checks": [],
    "behaviours": [behaviour(reader) for reader in ("control", "candidate", "current")],
    "lost": [],
    "figures": [
        figure(),
        figure("generation", current=0.0131, candidate=0.0128, estimate=-0.031, low=-0.039, high=-0.027),
        figure(
            "memory_growth",
            scale="difference",
            unit="B/round",
            current=2048,
            candidate=1024,
            estimate=-900,
            low=-4000,
            high=2500,
            detectable=16384,
        ),
    ],
    "groups": GROUPS,
    "budget": 25,
    "stopped": "every figure holds",
    "conditions": {"load_before": 0.3, "load_after": 1.9},
    "bisections": [],
    "interrupted": False,
    "verdict": None,
    "digest": "0" * 64,
}
