"""Documents made up by hand, as a reader of reports would give them."""

import dataclasses
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests import examples
from verify.claims.claim import (
    Claim,
    Document,
    Enumeration,
    Listed,
    Logged,
    Machine,
    Moment,
    Pinned,
    Place,
    Quantity,
    Says,
    Snippet,
    StatedAs,
    Statement,
    Topic,
    Unit,
)
from verify.judge.audit.audit import audit_document
from verify.judge.audit.finding import AuditFinding
from verify.judge.audit.known import Known
from verify.spec.advisories import Advisories

FILE = "old.md"
SECTION = ("Report", "Results")


def place(line: int = 1) -> Place:
    """A line of the document."""
    return Place(FILE, line)


def quantity(stated: str, unit: Unit = "1", high: str = "", *, about: bool = False) -> Quantity:
    """A number as written; its last digit tells how it was rounded."""
    ends = [float(text.replace(",", "")) for text in (stated, high or stated)]
    decimals = min(len(text.partition(".")[2]) for text in (stated, high or stated))
    return Quantity(ends[0], ends[1], unit, f"{stated}-{high}" if high else stated, about, 10.0**-decimals)


def claim(
    topic: Topic,
    stated: str,
    unit: Unit = "1",
    *,
    line: int = 1,
    high: str = "",
    about: bool = False,
    section: tuple[str, ...] = SECTION,
    stated_as: StatedAs = "measured",
    **settings: float | str,
) -> Claim:
    """A figure of the document."""
    figure = quantity(stated, unit, high, about=about)
    return Claim(place(line), section, topic, figure, settings, topic, f"{topic}: {figure.text}", stated_as)


def statement(
    says: Says,
    about: str = "",
    *,
    line: int = 1,
    section: tuple[str, ...] = SECTION,
    mark: bool | None = None,
    denied: bool = False,
    every: bool = False,
    **settings: float | str,
) -> Statement:
    """Something that the document says in words."""
    return Statement(place(line), section, says, about, mark, f"{about} {says}", denied, every, settings)


def listed(what: str, *names: str, stated: int | None = None, line: int = 1, **more: Any) -> Enumeration:
    """An enumeration; a name that ends with ``-`` is of what failed, ``name:about`` tells a capability."""
    items = []
    for number, name in enumerate(names, 1):
        words, _, about = name.rstrip("-").partition(":")
        items.append(Listed(place(line + number), words, not name.endswith("-"), number, about))
    return Enumeration(place(line), more.pop("section", SECTION), what, stated, tuple(items), **more)


def log(
    run: str, *rows: Mapping[str, float], line: int = 1, rounding: Mapping[str, float] | None = None
) -> tuple[Logged, ...]:
    """The log of a run: one line a row, from ``line`` on."""
    return tuple(
        Logged(
            place(line + number),
            run,
            int(row["step"]),
            None,
            row.get("loss"),
            row.get("validation_loss"),
            row.get("token_rate"),
            row.get("iteration_rate"),
            row.get("tokens"),
            row.get("seconds"),
            rounding or {},
        )
        for number, row in enumerate(rows)
    )


def losses(*values: float, run: str = "run", step: int = 10, line: int = 1) -> tuple[Logged, ...]:
    """The log of a run of which only losses are told."""
    rows = [{"step": step * number, "loss": value} for number, value in enumerate(values, 1)]
    return log(run, *rows, line=line, rounding={"loss": 0.001})


def machine(line: int = 1, **told: Any) -> Machine:
    """What one line tells of the machine."""
    return Machine(place(line), **told)


def snippet(language: str, code: str, *, line: int = 1, section: tuple[str, ...] = SECTION) -> Snippet:
    """Code in a fence."""
    return Snippet(place(line), section, language, code)


def pinned(**versions: str) -> tuple[Pinned, ...]:
    """Packages with their versions, a line each."""
    return tuple(Pinned(place(line), name, version) for line, (name, version) in enumerate(versions.items(), 1))


def document(*claims: Claim, **parts: Any) -> Document:
    """A document with these claims and parts."""
    return dataclasses.replace(Document(FILE, "Report", "en"), claims=claims, **parts)


def moment(iso: str) -> Moment:
    """When a document was written."""
    return Moment(place(), iso, iso)


@cache
def policies() -> Known:
    """The project's datasheets and advisories."""
    policy = tomllib.loads((examples.ROOT / "policy/advisories.toml").read_text(encoding="utf-8"))
    return Known(examples.hardware(), Advisories.model_validate(policy).advisories)


def known(*earlier: Document) -> Known:
    """The project's policies, and earlier documents."""
    return dataclasses.replace(policies(), earlier=earlier)


def audited(written: Document, *earlier: Document, but: tuple[str, ...] = ("hygiene",)) -> list[AuditFinding]:
    """What the rules find in a document, without the families that the test is not about."""
    findings = audit_document(written, known(*earlier))
    return [finding for finding in findings if finding.rule.partition(".")[0] not in but]


def rules(written: Document, *earlier: Document, but: tuple[str, ...] = ("hygiene",)) -> list[str]:
    """The rules that find something, without those families."""
    return [finding.rule for finding in audited(written, *earlier, but=but)]
