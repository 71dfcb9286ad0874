"""An old report that somebody wrote, kept as a report of ours whose every value is *carried*.

It can be stored, shown and compared, and it never certifies: each check is required and was skipped, because nothing
ran. What the old text does not tell has a placeholder that no machine has: a digest of zeros, no memory, no cores.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping

from verify import __version__
from verify.claims.claim import Claim, Document, Enumeration, Listed, Machine
from verify.errors import IntegrityError
from verify.report.fields import OUTCOMES
from verify.report.hygiene import scrub
from verify.report.v1 import UNSEALED
from verify.report.versions import AnyReport, Version, build

Data = dict[str, object]

UNTOLD = "not told"
NO_MACHINE = "0" * 32
NO_DIGEST = "0" * 64
ADVICE = "Run the suite on this machine to measure it."

_DEVICES = ("cpu", "cuda", "mps", "mlx")
_TESTS = ("test", "functional", "benchmark", "core")
# A decimal gigabyte or a binary one, as its author wrote.
_BYTES = {"GB": 10**9, "GiB": 2**30}
_RISING = ("matmul_rate", "bandwidth", "training_rate", "token_rate", "iteration_rate", "load_rate", "speedup")
_ONLY_V3: Mapping[str, object] = {"conditions": {"inconclusive": "carried from an older report: nothing was measured"}}
_FROM_V2: Mapping[str, object] = {"frameworks": [], "known_issues": [], "verdict": None, "upgraded_from": None}


def carried(document: Document, version: Version, environment: str, platform: str, created: str) -> AnyReport:
    """A hand-written report as a draft of ours.

    Version 1 holds what passed and failed by its own account, version 2 also the memory that each test is said to have
    taken, version 3 every figure with its file and line.

    Args:
        document: What the old report says.
        version: Which version to make of it.
        environment: Whose history it shall stand in.
        platform: That of the environment.
        created: When it is carried over, UTC, as reports write moments.

    Raises:
        IntegrityError: It has no test and no figure that could be carried.
    """
    results = [*_tests(document, version), *(_figures(document) if version == "v3" else ())]
    if not results:
        raise IntegrityError(f"{document.file}: nothing in it could be carried into {version}", "carry it into v3")
    text = "\n".join(document.lines).encode()
    return build(
        {
            "version": version,
            "id": hashlib.sha256(text).hexdigest()[:12],
            "level": {"v1": "quick", "v2": "full", "v3": "certify"}[version],
            "created": created,
            "finished": created,
            "environment": {"name": environment, "digest": NO_DIGEST},
            "platform": platform,
            "lock": {"name": "not-told", "digest": NO_DIGEST, "packages": 0},
            "suite": {"version": __version__, "digest": NO_DIGEST},
            "machine": NO_MACHINE,
            "sequence": 1,
            "predecessor": None,
            "facts": _facts(document),
            "planned": [result["id"] for result in results],
            "results": results,
            "counts": _counts(len(results)),
            "interrupted": False,
            "digest": UNSEALED,
            **(_FROM_V2 if version != "v1" else {}),
            **(_ONLY_V3 if version == "v3" else {}),
        },
        document.file,
    )


def _tests(document: Document, version: Version) -> Iterator[Data]:
    told = [item for enumeration in document.enumerations for item in _of_tests(enumeration)]
    for item in {item.place.line: item for item in told}.values():
        said = {True: "passed", False: "failed", None: "listed"}[item.passed]
        reason = f"{said} by the account of {document.file}:{item.place.line}; nothing ran"
        result = _result(f"carried.test_in_line_{item.place.line}", item.name, "functional", None, reason)
        yield (
            result
            if version == "v1"
            else {**result, **_of_version(version), "peak_memory_bytes": _peak(document, item)}
        )


def _figures(document: Document) -> Iterator[Data]:
    lines: dict[tuple[int, str | None], list[Claim]] = {}
    for claim in document.claims:
        device = claim.settings.get("device")
        on = str(device) if device in _DEVICES else None
        lines.setdefault((claim.place.line, on), []).append(claim)
    for (line, device), claims in lines.items():
        name = f"carried.figures_in_line_{line}" + (f"[{device}]" if device else "")
        reason = f"carried from {document.file}:{line}; nothing ran"
        figures = [figure for claim in claims for figure in _measurements(claim)]
        result = _result(name, claims[0].text, "benchmark", device, reason)
        yield {**result, **_of_version("v3"), "measurements": figures}


def _measurements(claim: Claim) -> Iterator[Data]:
    """The figures of a claim: one, or the ends of a range that it has."""
    quantity = claim.quantity
    ends = {"": quantity.low} if quantity.low == quantity.high else {"_low": quantity.low, "_high": quantity.high}
    for end, value in ends.items():
        if math.isfinite(value):
            yield {
                "name": f"{claim.topic}{end}",
                "unit": quantity.unit,
                "direction": "higher" if claim.topic in _RISING else "lower",
                "samples": [],
                "value": value,
                "limits": {},
                "conditions": {**_scrubbed(claim.settings), "written": quantity.text, "stated_as": claim.stated_as},
                "provenance": "carried",
                "source": f"{claim.place.file}:{claim.place.line}",
            }


def _counts(results: int) -> Data:
    none: Data = {str(outcome): 0 for outcome in OUTCOMES}
    return {**none, "planned": results, "skipped": results}


def _result(name: str, title: str, kind: str, device: str | None, reason: str) -> Data:
    return {
        "id": name,
        # Old reports tell of home folders; ours may not.
        "title": scrub(title, {}),
        "kind": kind,
        "device": device,
        "outcome": "skipped",
        "required": True,
        "reason": scrub(reason, {}),
        "advice": ADVICE,
        "seconds": 0,
    }


def _scrubbed(settings: Mapping[str, float | str]) -> Data:
    return {name: scrub(value, {}) if isinstance(value, str) else value for name, value in settings.items()}


def _of_version(version: Version) -> Data:
    of_v2: Data = {"peak_memory_bytes": None, "device_peak_memory_bytes": None, "known_issue": None, "log": None}
    return {**of_v2, "measurements": [], "notes": {}} if version == "v3" else of_v2


def _of_tests(enumeration: Enumeration) -> tuple[Listed, ...]:
    return enumeration.items if enumeration.what in _TESTS else ()


def _peak(document: Document, item: Listed) -> int | None:
    """The memory that a test is said to have taken: in its own section, or in its own row."""
    for claim in document.claims:
        of_it = claim.settings.get("run") == item.name or claim.place.line == item.place.line
        if of_it and claim.topic in ("memory_peak", "memory_used") and math.isfinite(claim.quantity.high):
            return round(claim.quantity.high * _BYTES[claim.quantity.unit])
    return None


def _facts(document: Document) -> Data:
    told = document.machines
    chip = _first(told, "chip")
    memory = next((machine.memory_gb for machine in told if machine.memory_gb is not None), 0)
    python = _first(told, "python")
    return {
        "system": _first(told, "system"),
        "system_version": UNTOLD,
        "system_build": None,
        "kernel": _first(told, "kernel"),
        "architecture": UNTOLD,
        "libc": None,
        "python": {"version": python, "implementation": UNTOLD, "compiler": UNTOLD},
        "processor": {"name": chip, "physical_cores": 0, "logical_cores": 0, "instruction_sets": []},
        "memory_bytes": round(memory * 10**9),
        "memory_limit_bytes": None,
        "container": None,
        "power_mode": None,
        "devices": [],
        "packages": [{"name": pinned.package, "version": pinned.version or UNTOLD} for pinned in document.pinned],
    }


def _first(machines: tuple[Machine, ...], name: str) -> str:
    return next((str(value) for machine in machines if (value := getattr(machine, name)) is not None), UNTOLD)
