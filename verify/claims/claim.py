"""What a report says, in types: figures, statements, lists, logs and machines, each with its line.

A claim is what an author wrote, not what is true. Rules compare claims with one another; they never search the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from verify.claims.vocabulary import Says, StatedAs, Topic, Unit

__all__ = [
    "Arm", "Claim", "Document", "Enumeration", "Heading", "Listed", "Logged", "Machine", "Moment", "Named",
    "Pinned", "Place", "Quantity", "Says", "Snippet", "StatedAs", "Statement", "Topic", "Unit", "Unread",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written; a report that is no text has line 0."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a range, in a canonical unit.

    Times are in seconds, memory in GB or GiB as the author chose, compute in GFLOPS, counts plain: ``124M`` is
    124,000,000 of unit ``1``.

    Attributes:
        low: Lower end; equal to ``high`` for a single number. ``< 1 s`` begins at 0.
        high: Upper end; infinite for ``500+`` and ``> 3 GB``.
        unit: Canonical unit; ``1`` where none is written.
        text: As it was written.
        approximate: Marked as such: ``~``, 约, about.
        step: Worth of one unit in the last written digit, in the same unit: the coarser one of a range. A value
            rounded to this quantity lies within half a step of it.
    """

    low: float
    high: float
    unit: Unit
    text: str
    approximate: bool
    step: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure, and what it is about.

    Attributes:
        section: Headings above it, outermost first.
        settings: What narrows it, as far as the text says: numbers ``size`` (n of an n by n matrix), ``batch``,
            ``layers``, ``hidden``, ``step``; and words ``device`` ("cpu", "mps", "cuda", "mlx"), ``model``,
            ``chip``, ``run`` (a named arm or test), ``baseline``, ``split``, ``dtype``, ``function`` ("relu"),
            ``kind``, ``part``, ``whole``, ``of``, ``bound`` ("peak", "mean", "total"), ``formula``, ``technique``.
        label: What stood before the figure: the key of its line, or its row and column.
        text: The line, or the cell, without markup and with narrow punctuation.
        stated_as: How the author marks its source; ``measured`` is a figure given as a fact.
    """

    place: Place
    section: tuple[str, ...]
    topic: Topic
    quantity: Quantity
    settings: Mapping[str, float | str]
    label: str
    text: str
    stated_as: StatedAs = "measured"


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said in words.

    Attributes:
        says: What is said.
        about: The capability it is said of: "mps", "qlora", "flash_attention", ..., or the subject: "loss", "speed",
            "training"; "" where none is named. A line that names several becomes several statements.
        mark: Ticked (✅ ✓ [x] PASSED 通过), crossed or warned of (❌ ⚠️ 🚧 FAILED 失败), or neither.
        text: As that of a claim.
        denied: The text says the opposite: "not supported", 未达预期, "tests failed".
        every: Said of all there are: "all modules", 所有, 完全.
        settings: As those of a claim: ``run`` and ``device`` above all.
    """

    place: Place
    section: tuple[str, ...]
    says: Says
    about: str
    mark: bool | None
    text: str
    denied: bool = False
    every: bool = False
    settings: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """One item of an enumeration: a test, a layer of a network, a module.

    Attributes:
        passed: What its mark says; None where it has none.
        number: The number it was given: 4 of "Test 4: ...".
        about: The capability that its name tells of, as in statements; "" where it tells of none.
        shape: Numbers on both sides of an arrow: (128, 256) of "Layer 1: 128 → 256".
    """

    place: Place
    name: str
    passed: bool | None
    number: int | None
    about: str = ""
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Items that a count can be held against.

    Attributes:
        what: "test", "functional", "benchmark", "layers", "modules", "features", ...: the ``kind`` of the claims
            ``tests_total`` and ``tests_passed``, or a topic such as ``layers``.
        stated: How many its author says there are, where the list itself says so: "a network of 3 layers:".
        every: Said to be all there are.
    """

    place: Place
    section: tuple[str, ...]
    what: str
    stated: int | None
    items: tuple[Listed, ...]
    every: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of a training log, or one row of a table of it; what it does not say is None.

    Attributes:
        run: The arm or section that it belongs to.
        loss: Of the training data.
        token_rate: Tokens a second; whether a mean since the start or of the last interval, rules find out.
        iteration_rate: Iterations a second.
        tokens: Trained on since the start.
        seconds: Since the start.
        rounding: Step of each figure, by its field's name: the worth of one unit in its last written digit.
    """

    place: Place
    run: str
    step: int
    steps: int | None
    loss: float | None
    validation_loss: float | None
    token_rate: float | None
    iteration_rate: float | None
    tokens: float | None
    seconds: float | None
    rounding: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package and its version as written: "2.10.0", "2.x", "" where none is stated."""

    place: Place
    package: str
    version: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What one line tells of the machine; what it does not tell is None.

    Attributes:
        chip: "M2 Ultra", "M4", or the processor's name.
        system: "macOS", "Linux", "macOS 26.2" as far as it is written.
        kernel: "Darwin 25.2.0", "6.14.0-32-generic".
        cuda: Version, and ``cuda_is`` which: of the driver ("runtime"), of what torch was built for ("build"), or
            unsaid ("").
    """

    place: Place
    chip: str | None = None
    gpu: str | None = None
    gpu_cores: int | None = None
    memory_gb: float | None = None
    gpu_memory_gb: float | None = None
    system: str | None = None
    kernel: str | None = None
    driver: str | None = None
    cuda: str | None = None
    cuda_is: Literal["runtime", "build", ""] = ""
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code or output in a fence; ``place`` is its first line, inside the fence.

    Attributes:
        language: "python", "bash", ...; "" for text that was printed or written down.
    """

    place: Place
    section: tuple[str, ...]
    language: str
    code: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time; ``iso`` without a zone where the text has none: "2026-02-15T09:30:00-08:00"."""

    place: Place
    text: str
    iso: str


@dataclass(frozen=True, slots=True)
class Arm:
    """A configuration that is compared with others.

    Attributes:
        factors: What it sets: {"precision": "bf16", "optimizer": "muon", "flash_attention": "FlashAttn-FA2"}. Keys are
            capabilities as in statements, but those that exclude one another are values, of the key "precision",
            "optimizer" or "device"; what is no known capability is its own key, in lower case.
    """

    place: Place
    name: str
    factors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """Something told in words, without a figure.

    Attributes:
        what: "model", "dataset", "optimizer", "modules", "device", "path", "problem", "version", "author", ...
    """

    place: Place
    section: tuple[str, ...]
    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, with the mark it bears."""

    place: Place
    section: tuple[str, ...]
    level: int
    text: str
    mark: bool | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that says something that was not understood."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A report as its claims.

    Attributes:
        file: Its name as errors and findings give it.
        language: "zh" where Chinese characters are many, else "en".
        structure: Lines that say nothing by themselves: rules, fences, heads of tables, labels of what follows.
        lines: The text.
    """

    file: str
    title: str
    language: Literal["zh", "en"]
    claims: tuple[Claim, ...] = ()
    statements: tuple[Statement, ...] = ()
    enumerations: tuple[Enumeration, ...] = ()
    logged: tuple[Logged, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    machines: tuple[Machine, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    moments: tuple[Moment, ...] = ()
    arms: tuple[Arm, ...] = ()
    headings: tuple[Heading, ...] = ()
    named: tuple[Named, ...] = ()
    unread: tuple[Unread, ...] = ()
    structure: tuple[int, ...] = ()
    lines: tuple[str, ...] = ()
