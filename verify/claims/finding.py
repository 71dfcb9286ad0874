"""What an audit finds: a finding of a report, with its place and the sum that anybody can redo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from verify.claims.claim import Place
from verify.report.fields import Inputs, Number, Text
from verify.report.v2 import Finding

Kind = Literal["report", "document", "history", "gate"]


class AuditFinding(Finding):
    """A finding about a line of a document.

    Attributes:
        place: Where the claim stands.
        claim: What it says, as written but for home folders, which no finding repeats.
        formula: The sum that was redone, as `verify.probe.formula` evaluates it; None where there was nothing to sum.
        inputs: Its numbers, taken from the document or the datasheet.
        recomputed: What it comes to.
        unit: Of ``recomputed``.
    """

    place: Place
    claim: Text
    formula: Text | None = None
    inputs: Inputs = Field(default_factory=dict)
    recomputed: Number | None = None
    unit: Text = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit came to.

    Attributes:
        looked_at: The files of each kind, by their names as they were given.
        findings: In the order in which one reads the files.
        unread: Lines of a document that were not understood, by file.
    """

    looked_at: Mapping[Kind, Sequence[str]]
    findings: Sequence[AuditFinding]
    unread: Mapping[str, Sequence[int]] = field(default_factory=dict)
