"""Which datasheets a document's machine may have."""

import re
from functools import lru_cache

from verify.claims.claim import Claim, Document
from verify.judge.hardware import Hardware, Part

# What tells variants of one chip apart, in the names of the datasheets.
_VARIANT = re.compile(r"(?: (?:pcie|sxm\d?|\d+ gb))+")
_MAKERS = ("nvidia ", "apple ", "geforce ", "amd ", "mac ")


def own_chip(document: Document) -> str:
    """The chip or GPU that a document is about: the first that it names; nothing where it names none."""
    told = (machine.gpu or machine.chip for machine in document.machines)
    return next((name for name in told if name), "")


def own_parts(document: Document, hardware: Hardware) -> list[Part]:
    """The datasheets that fit the machine: one for each variant where the document does not say which it is.

    A document that names several machines has no machine of its own.
    """
    named = {_short(name) for machine in document.machines if (name := machine.gpu or machine.chip)}
    if len(named) > 1:
        return []
    parts = parts_named(own_chip(document), hardware)
    cores = next((machine.gpu_cores for machine in document.machines if machine.gpu_cores), None)
    return [part for part in parts if part.cores is None or cores in {None, part.cores}]


def is_own(claim: Claim, document: Document) -> bool:
    """Whether a figure is of the document's own machine."""
    told = claim.settings.get("chip")
    return told is None or same_chip(str(told), own_chip(document))


def same_chip(one: str, other: str) -> bool:
    """Whether two names, of which one may be shorter, are of one chip."""
    return _short(one) == _short(other)


def parts_named(chip: str, hardware: Hardware) -> list[Part]:
    """The datasheets of all variants of a chip, by a name that need not be complete."""
    asked = _short(chip)
    exact = [part for part in hardware.parts if asked and asked in {_short(part.name), *map(_short, part.titles)}]
    # "A100" is any of them, "RTX 4060" is no RTX 4060 Ti.
    return exact or [part for part in hardware.parts if asked and _is_variant(_short(part.name), asked)]


def _is_variant(name: str, asked: str) -> bool:
    return name.startswith(asked) and _VARIANT.fullmatch(name[len(asked) :]) is not None


@lru_cache(maxsize=4096)
def _short(name: str) -> str:
    name = name.casefold().strip()
    for maker in _MAKERS:
        name = name.replace(maker, "")
    return " ".join(name.split())
