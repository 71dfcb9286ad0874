"""Sound files, which fuzzing begins with, and what it found before."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tests import examples, gates
from tests.report.attest.signing import attestation, key, signer
from tests.spec.conftest import ENVIRONMENT, PACKAGES, PLATFORM
from tests.written import SOUND
from verify.report.canonical import digest, stored_text
from verify.report.gate import Report
from verify.report.keys import entry
from verify.report.versions import VERSIONS
from verify.spec.lock import format_lock

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / "tests/bad/found"
HEAD = {"environment": "m2", "machine": "a" * 32, "count": 1, "root": "0" * 64, "last": "x.json", "version": "v1"}
ROWS = (
    {"text": "one"},
    {"prompt": "a", "completion": "b"},
    {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
)


def seeds(target: str) -> Iterator[bytes]:
    """What a target begins with."""
    yield from (text.encode() for text in sound()[target])
    if target == "markdown":
        yield from (part.encode() for text in sound()[target] for part in _sections(text))
    yield from (path.read_bytes() for path in found(target))


def found(target: str) -> list[Path]:
    """The inputs that fuzzing found for a target, each of which was a fault once."""
    return sorted(path for path in (FOUND / target).glob("*") if path.suffix != ".txt")


@cache
def sound() -> Mapping[str, tuple[str, ...]]:
    """What each target is meant to read."""
    small = [stored_text(examples.report(version, results=examples.results()[:3])) for version in VERSIONS]
    policies = [path.read_text() for path in sorted((ROOT / "policy").glob("*.toml")) if path.stat().st_size < 8000]
    return {
        "report": tuple(small),
        "sealed-report": tuple(small),
        "gate": (stored_text(_sealed()),),
        "head": (json.dumps(HEAD, indent=2) + "\n",),
        "signed": (attestation(key()).decode(),),
        "lock": (format_lock("box", "0" * 64, PACKAGES).decode(),),
        "toml": (ENVIRONMENT, PLATFORM, entry(signer(key())), *policies),
        "markdown": (SOUND, *(path.read_text() for path in sorted((ROOT / "tests/golden").glob("*.md")))),
        "examples": ("\n".join(map(json.dumps, ROWS)),),
    }


def _sections(text: str) -> list[str]:
    """The sections of a report, each below its title."""
    title, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return [f"{title.splitlines()[0]}\n\n{part}" for part in parts]


def _sealed() -> Report:
    gate = gates.gate()
    return gate.model_copy(update={"digest": digest(gate)})
