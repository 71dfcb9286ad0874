"""A realistic report, made up by hand, that tests change to their liking.

A Mac Studio whose accelerator works, with one failure that is known, one figure that was disturbed, and checks that
do not apply: conditional.
"""

import copy
import statistics
import tomllib
from pathlib import Path
from typing import Any

from verify.judge.hardware import Hardware, percent_of_peak
from verify.judge.policy import Policy, Requirements
from verify.judge.verdict import judge
from verify.report import v1, v2, v3
from verify.report.canonical import seal
from verify.report.fields import OUTCOMES
from verify.report.upgrade import newest
from verify.report.v1 import UNSEALED
from verify.report.versions import MODELS, AnyReport, Version, build

ROOT = Path(__file__).parents[1]
Data = dict[str, Any]

KNOWN_ISSUE: Data = {
    "id": "mps-quantize-per-tensor",
    "reason": "aten::quantize_per_tensor is not implemented for MPS",
    "link": "https://github.com/pytorch/pytorch/issues/77764",
    "expires": "2026-12-31",
}
PACKAGES = {"mlx": "0.30.6", "peft": "0.18.1", "torch": "2.10.0", "transformers": "5.1.0"}
_ABSENT: Data = dict.fromkeys(("title", "cores", "memory_bytes", "driver", "runtime", "built_for", "problem"))


def hardware() -> Hardware:
    """The datasheets of the project."""
    return Hardware.model_validate(tomllib.loads((ROOT / "policy/hardware.toml").read_text(encoding="utf-8")))


def policy(**changes: Any) -> Policy:
    """What the example is judged by."""
    requirements = Requirements("Darwin", "arm64", 64e9, ("Apple M2 Ultra",), ("cpu", "mps", "mlx"))
    return Policy(**{"hardware": hardware(), "requirements": requirements, **changes})


def device(name: str, **known: Any) -> Data:
    """A device as the probe tells of it."""
    return {"name": name, "built": False, "available": False, "computes": False, **_ABSENT, **known}


def facts(**changes: Any) -> Data:
    """The machine of the example."""
    works = {"built": True, "available": True, "computes": True}
    gpu = {"title": "Apple M2 Ultra", "cores": 60, "memory_bytes": 51539607552}
    return {
        "system": "Darwin",
        "system_version": "macOS 26.2",
        "system_build": "25C56",
        "kernel": "25.2.0",
        "architecture": "arm64",
        "libc": None,
        "python": {"version": "3.14.2", "implementation": "CPython", "compiler": "Clang 21.1.4"},
        "processor": {
            "name": "Apple M2 Ultra",
            "physical_cores": 24,
            "logical_cores": 24,
            "instruction_sets": ["asimd"],
        },
        "memory_bytes": 68719476736,
        "memory_limit_bytes": None,
        "container": None,
        "power_mode": None,
        "devices": [
            device("cpu", **works, cores=16, runtime="2.10.0"),
            device("cuda", problem="this torch is built without CUDA"),
            device("mps", **works, **gpu),
            device("mlx", **works, title="Device(gpu, 0)", runtime="0.30.6"),
        ],
        "packages": [{"name": name, "version": version} for name, version in PACKAGES.items()],
        **changes,
    }


def measured(name: str, samples: list[float], unit: str, **more: Any) -> Data:
    """A measurement as a check records it."""
    return {
        "name": name,
        "unit": unit,
        "direction": "higher",
        "samples": samples,
        "value": statistics.median(samples),
        "limits": {},
        "conditions": {},
        "provenance": "measured",
        **more,
    }


def derived(name: str, formula: str, value: float, unit: str, inputs: dict[str, float], **more: Any) -> Data:
    """A derived figure as a check records it."""
    return measured(name, [value], unit, provenance="derived", formula=formula, inputs=inputs, **more) | {"samples": []}


def result(check: str, device: str | None = None, **changes: Any) -> Data:
    """A result of version 3 that passed, unless told otherwise."""
    return {
        "id": f"{check}[{device}]" if device else check,
        "title": check.partition(".")[2].replace("_", " ").capitalize(),
        "kind": "functional",
        "device": device,
        "outcome": "passed",
        "required": True,
        "reason": None,
        "advice": None,
        "seconds": 1.5,
        "peak_memory_bytes": 412_000_000,
        "device_peak_memory_bytes": None,
        "known_issue": None,
        "log": None,
        "measurements": [],
        "notes": {},
        **changes,
    }


def not_passed(outcome: str, reason: str, **more: Any) -> Data:
    """What to change of a result that did not pass."""
    return {"outcome": outcome, "reason": reason, "advice": "Compare the pins with the last certified lock.", **more}


def results() -> list[Data]:
    """The results of the example."""
    exact = measured("parameters", [124439808], "1", direction="equal", limits={"equals": 124439808})
    losses = [
        measured("final_loss", [0.0114], "nat", direction="lower", limits={"at_most": 0.05}),
        derived("chance_loss", "ln(classes)", 2.302585092994046, "nat", {"classes": 10}, direction="lower"),
    ]
    share = derived("trainable_percent", "100 * trainable / total", 100 * 1179648 / 125619456, "%", _LORA)
    times = [0.00141, 0.00137, 0.00136, 0.00139, 0.00136]
    rates = [2 * 2048**3 / seconds / 1e9 for seconds in times]
    conditions = {"dtype": "float32", "shape": "2048x2048", "threads": 16}
    busy = "other processes used 31% of the processors"
    benchmark = {"kind": "benchmark", "seconds": 21.25, "device_peak_memory_bytes": 201_326_592}
    return [
        result("installed.is_the_lock", seconds=3.75),
        result("transformers.gpt2_has_its_parameters", measurements=[exact], notes={"weights": "random"}),
        result("training.tinynet_learns", "cpu", measurements=losses),
        result("training.tinynet_learns", "mps", measurements=losses, device_peak_memory_bytes=88_000_000),
        result(
            "training.tinynet_learns",
            "cuda",
            **not_passed("skipped", "m2 promises no cuda", required=False, advice=None, seconds=0),
            peak_memory_bytes=None,
        ),
        result(
            "quantization.int8_keeps_the_outputs",
            "mps",
            **not_passed("failed", "NotImplementedError: aten::quantize_per_tensor", known_issue=KNOWN_ISSUE),
            log="NotImplementedError: The operator 'aten::quantize_per_tensor' is not implemented\n",
        ),
        result("lora.gpt2_has_its_adapters", kind="lora", measurements=[share], notes={"rank": 8, "alpha": 16}),
        result(
            "matmul.rate", "mps", **benchmark, measurements=[measured("rate", rates, "GFLOPS", conditions=conditions)]
        ),
        result(
            "bandwidth.copy",
            "mps",
            **benchmark,
            measurements=[
                measured("copy", [352.5, 357, 349.25], "GB/s", conditions={"bytes": 2**30}, inconclusive=busy)
            ],
        ),
    ]


_LORA: dict[str, float] = {"trainable": 1179648, "total": 125619456}


def draft(version: Version = "v3", **changes: Any) -> AnyReport:
    """The example before it is judged and sealed; of an older version what that one holds of it."""
    data = {
        "version": version,
        "id": "0123456789ab",
        "level": {"v1": "quick", "v2": "full", "v3": "certify"}[version],
        "created": "2026-02-15T16:30:05Z",
        "finished": "2026-02-15T16:41:37Z",
        "environment": {"name": "m2", "digest": "e" * 64},
        "platform": "macos-arm64",
        "lock": {"name": "macos-arm64.txt", "digest": "1" * 64, "packages": 61},
        "suite": {"version": "0.1.0", "digest": "5" * 64},
        "machine": "a" * 32,
        "sequence": 1,
        "predecessor": None,
        "facts": facts(),
        "results": results(),
        "interrupted": False,
        "frameworks": [{"name": name, "version": PACKAGES[name]} for name in ("peft", "torch", "transformers")],
        "known_issues": [KNOWN_ISSUE],
        "verdict": None,
        "upgraded_from": None,
        "conditions": {"load_before": 1.25, "load_after": 9.5, "others_busy_percent": 31, "other": {"threads": 16}},
        "digest": UNSEALED,
        **copy.deepcopy(changes),
    }
    data = {"planned": [item["id"] for item in data["results"]], "counts": _counts(data["results"]), **data}
    return build(_only(data, version), "the example")


def draft_judged(version: Version = "v3", **changes: Any) -> AnyReport:
    """The example, judged but not sealed: what a history is given."""
    return with_verdict(with_percentages(draft(version, **changes)))


def report(version: Version = "v3", **changes: Any) -> AnyReport:
    """The example, judged and sealed."""
    judged = draft_judged(version, **changes)
    return seal(judged, judged.sequence, judged.predecessor)


def certify(**changes: Any) -> v3.Report:
    """The example of version 3, judged and sealed."""
    return newest(report("v3", **changes))


def with_verdict(report: AnyReport) -> AnyReport:
    """The report with what the rules make of it, if its version holds that."""
    if isinstance(report, v1.Report):
        return report
    return report.model_copy(update={"verdict": judge(report, policy())})


def with_percentages(report: AnyReport) -> AnyReport:
    """The report with each figure's share of the datasheet peak."""
    if not isinstance(report, v3.Report):
        return report
    return report.model_copy(update={"results": tuple(_shared(item, report.facts) for item in report.results)})


def _shared(item: v3.Result, of: v1.Facts) -> v3.Result:
    shares = [percent_of_peak(figure, item.device, of, hardware()) for figure in item.measurements]
    pairs = zip(item.measurements, shares, strict=True)
    return item.model_copy(
        update={"measurements": tuple(figure.model_copy(update={"percent_of_peak": share}) for figure, share in pairs)}
    )


def _counts(items: list[Data]) -> dict[str, int]:
    outcomes = [item["outcome"] for item in items]
    return {"planned": len(items), **{outcome: outcomes.count(outcome) for outcome in OUTCOMES}}


def _only(data: Data, version: Version) -> Data:
    result_models: dict[Version, type[v1.Result]] = {"v1": v1.Result, "v2": v2.Result, "v3": v3.Result}
    of_result = result_models[version].model_fields
    kept = {name: data[name] for name in MODELS[version].model_fields if name in data}
    kept["results"] = [{name: item[name] for name in item if name in of_result} for item in data["results"]]
    return kept
