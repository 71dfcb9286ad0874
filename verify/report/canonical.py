"""The one text of a report, and its digest.

Every report has exactly one stored text: fields in the order of the model, two spaces of indentation, whole numbers
without a point, a final line feed. A file that is not byte for byte that text is not the report that was written.
"""

import hashlib
import json
from typing import TypeVar

import rfc8785

from verify.report import v1
from verify.report.fields import Closed
from verify.report.v1 import UNSEALED

R = TypeVar("R", bound=v1.Fields)


def stored_text(report: Closed) -> str:
    """The text that the history keeps."""
    return json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"


def digest(report: Closed) -> str:
    """SHA-256, in hexadecimal, of the RFC 8785 form of the report without its ``digest``."""
    return hashlib.sha256(rfc8785.dumps(report.model_dump(mode="json", exclude={"digest"}))).hexdigest()


def seal(report: R, sequence: int, predecessor: str | None) -> R:
    """The report at its place in the chain, with the digest that belongs to it there."""
    placed = report.model_copy(update={"sequence": sequence, "predecessor": predecessor, "digest": UNSEALED})
    return placed.model_copy(update={"digest": digest(placed)})
