"""Versions that are known to go wrong together, on this machine."""

import re
from collections.abc import Iterator

from verify.claims.claim import Document
from verify.judge.audit.chips import own_chip
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Advisory, Known
from verify.probe.package_name import normalised
from verify.report.releases import all_within, within
from verify.report.v2 import Severity

_RELEASE = re.compile(r"^v?\d+(\.\d+)*")
_WILDCARD = re.compile(r"[xX*]")
_CHIP = re.compile(r"^M\d+", re.IGNORECASE)


def advisories(document: Document, known: Known) -> Iterator[AuditFinding]:
    """No advisory applies to the versions that are told together."""
    versions = {
        normalised(pin.package): pin.version
        for pin in document.pinned
        if _RELEASE.match(pin.version) and not _WILDCARD.search(pin.version)
    }
    for advisory in known.advisories:
        if _applies(advisory, document, versions):
            first = next(
                pin for pin in document.pinned if normalised(pin.package) in map(normalised, advisory.packages)
            )
            severity: Severity = "error" if advisory.severity == "refuse" else "warning"
            packages = ", ".join(advisory.packages)
            message = f"{advisory.reason}: {advisory.advice} ({advisory.link})"
            at = line_at(document, first.place.line)
            yield found(f"combination.{advisory.id}", packages, at, message, severity=severity)


def _applies(advisory: Advisory, document: Document, versions: dict[str, str]) -> bool:
    python = next((machine.python for machine in document.machines if machine.python), None)
    macos = _macos(document)
    devices = _devices(document)
    return (
        all_within(versions, advisory.packages)
        and not {normalised(name) for name in advisory.without} & set(versions)
        and (advisory.python is None or (python is not None and within(python, advisory.python)))
        and (advisory.macos is None or (macos is not None and within(macos, advisory.macos)))
        and advisory.system in {None, _system(document)}
        and (not advisory.devices or bool(devices & set(advisory.devices)))
        and (not advisory.environments or _family(document) in advisory.environments)
    )


def _devices(document: Document) -> set[str]:
    """What is computed on: what figures and statements name, but for what the machine cannot have."""
    named = {str(claim.settings["device"]) for claim in document.claims if "device" in claim.settings}
    about = {statement.about for statement in document.statements} & {"mps", "mlx", "cuda"}
    chip = own_chip(document)
    other = {"cuda"} if _CHIP.match(chip) else {"mps", "mlx"} if chip else set()
    return (named | about) - other


def _system(document: Document) -> str | None:
    told = " ".join(f"{machine.system} {machine.kernel}" for machine in document.machines)
    if _CHIP.match(own_chip(document)) or "macOS" in told or "Darwin" in told:
        return "Darwin"
    return "Linux" if "Linux" in told else None


def _macos(document: Document) -> str | None:
    found_versions = (re.search(r"macOS\s+(\d+(?:\.\d+)*)", machine.system or "") for machine in document.machines)
    return next((version[1] for version in found_versions if version), None)


def _family(document: Document) -> str | None:
    family = _CHIP.match(own_chip(document))
    return family[0].lower() if family else None
