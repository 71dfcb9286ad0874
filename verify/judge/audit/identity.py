"""Chip, cores, system and driver can exist together, and are each called what they are."""

import re
from collections.abc import Iterator

from verify.claims.claim import Document, Machine
from verify.judge.audit.chips import own_chip, parts_named, same_chip
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import word

# A GPU reports a few percent less, or (counting in binary) more memory than its datasheet.
_TOLERANCE = 0.15
_KERNEL = re.compile(r"^(?:Darwin\s+\d|\d+\.\d+\.\d+-)", re.IGNORECASE)
_APPLE = re.compile(r"\bM\d+\b(?:\s+(?:Pro|Max|Ultra))?", re.IGNORECASE)


def cores(document: Document, known: Known) -> Iterator[AuditFinding]:
    """The chip is sold with so many GPU cores."""
    for machine in document.machines:
        chip, count = machine.chip or own_chip(document), machine.gpu_cores
        parts = parts_named(chip, known.hardware)
        sold = sorted({part.cores for part in parts if part.cores})
        if count and sold and count not in sold:
            family = _APPLE.match(chip)
            others = [
                part.name
                for part in known.hardware.parts
                if part.cores == count and family and part.name.startswith(f"Apple {family[0].split()[0]} ")
            ]
            perhaps = f"; perhaps {' or '.join(others)}" if others else ""
            message = f"{chip} has {' or '.join(map(str, sold))} GPU cores, not {count}{perhaps}"
            yield found("identity.cores", "chip", line_at(document, machine.place.line), message)


def gpu_memory(document: Document, known: Known) -> Iterator[AuditFinding]:
    """The GPU is sold with so much memory."""
    for machine in document.machines:
        gpu, told = machine.gpu, machine.gpu_memory_gb
        sold = sorted({part.memory_gb for part in parts_named(gpu or "", known.hardware) if part.memory_gb})
        if gpu and told and sold and all(abs(told - size) > _TOLERANCE * size for size in sold):
            message = f"{gpu} has {' or '.join(f'{size:g}' for size in sold)} GB, not {told:g}"
            yield found("identity.memory", "gpu", line_at(document, machine.place.line), message, grade="likely")


def chips(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """One machine has one chip: an M1 is no M1 Pro."""
    own, told = own_chip(document), [(machine.chip, machine.place.line) for machine in document.machines]
    compared = {claim.section for claim in document.claims if same_chip(word(claim, "chip"), own)}
    told += [(word(claim, "chip"), claim.place.line) for claim in document.claims if claim.section not in compared]
    others = {chip: line for chip, line in reversed(told) if chip and not same_chip(chip, own)}
    for chip, line in others.items():
        if _generation(own) and _generation(chip) == _generation(own):
            message = f"the machine is an {own} elsewhere, and {chip} here: these are two chips"
            yield found("identity.chips", "chip", line_at(document, line), message, severity="warning", grade="likely")


def system(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """The version of a kernel is not that of the system."""
    for machine in document.machines:
        versioned = machine.system and re.search(r"\d", machine.system.replace(machine.kernel or "", ""))
        if machine.kernel and _KERNEL.match(machine.kernel) and not versioned:
            message = f"{machine.kernel} is the version of the kernel; which {_system(machine)} it is, is not told"
            yield found("identity.kernel", "system", line_at(document, machine.place.line), message, severity="warning")


def cuda(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What torch was built for and what the driver runs are told apart."""
    told = [machine for machine in document.machines if machine.cuda]
    for machine in told:
        others = [other for other in told if other.cuda != machine.cuda and other.cuda_is != machine.cuda_is]
        if others and not machine.cuda_is:
            kinds = ", ".join(f"{other.cuda} in line {other.place.line}" for other in others)
            message = f"CUDA {machine.cuda}, but {kinds}: which is the driver's and which torch was built for?"
            yield found("identity.cuda", "cuda", line_at(document, machine.place.line), message, severity="warning")


def _generation(chip: str) -> str:
    family = _APPLE.search(chip)
    return family[0].split()[0].upper() if family else ""


def _system(machine: Machine) -> str:
    return "macOS" if (machine.kernel or "").startswith("Darwin") else "distribution"
