"""What equals an earlier report's to the last digit was carried over, not measured again."""

from collections.abc import Iterator

from verify.claims.claim import Claim, Document, Topic
from verify.judge.audit.arithmetic import same
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import by_section, claims_of
from verify.report.v2 import Grade

# Two figures may agree by chance, a whole table of them does not.
FEWEST = 3
# What varies from run to run. What a model is, or was told to do, is the same each time.
MEASURED: tuple[tuple[Topic, ...], ...] = (
    ("memory_peak", "memory_used"), ("duration", "load_time"), ("load_rate",), ("bandwidth",), ("matmul_rate",),
    ("matmul_time",), ("forward_time",), ("activation_time",), ("training_rate",), ("token_rate",),
    ("iteration_rate",), ("step_time",), ("loss_final",),
)  # fmt: skip


def carried(document: Document, known: Known) -> Iterator[AuditFinding]:
    """A table of figures is not an earlier report's."""
    for topics in MEASURED:
        for table in by_section(_measured(document, topics)):
            for earlier in known.earlier:
                before = list(_measured(earlier, topics))
                matched = [(claim, _match(claim, before)) for claim in table]
                if len({claim.quantity.text for claim in table}) >= FEWEST and all(match for _, match in matched):
                    first = matched[0][1]
                    where = f"line {first.place.line} and on" if first else ""
                    figures = ", ".join(claim.quantity.text for claim in table)
                    message = f"all {len(table)} figures ({figures}) are those of {earlier.file}, {where}"
                    # What a program takes of the memory may be the same each time, what it takes of the time is not.
                    grade: Grade = "likely" if "memory_peak" in topics else "certain"
                    yield found("carried.identical", topics[0], table[0], message, grade=grade)
                    break


def _measured(document: Document, topics: tuple[Topic, ...]) -> Iterator[Claim]:
    return (claim for claim in claims_of(document, *topics) if claim.stated_as == "measured")


def _match(claim: Claim, before: list[Claim]) -> Claim | None:
    return next((other for other in before if same(claim.quantity, other.quantity)), None)
