"""What is known of a fleet, on one page: every node that was asked for, and what stands out within a hardware class."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from verify.report.fields import LARGEST, Amount, Closed, Count, Listed, Moment, Name, Number, ReportId, Text
from verify.report.v3 import Direction

# How it stands with a node. Only the first three answered as they should; a node that never answered is not run.
State = Literal[
    "certified",
    "conditional",
    "passed",
    "refused",
    "crashed",
    "timed_out",
    "damaged",
    "not_run",
    "running",
    "waiting",
]
HOLD: tuple[State, ...] = ("certified", "conditional", "passed")
OPEN: tuple[State, ...] = ("running", "waiting")
STATES: tuple[State, ...] = (*HOLD, "refused", "crashed", "timed_out", "damaged", "not_run", *OPEN)


class Node(Closed):
    """A node that was asked for.

    Attributes:
        name: As Slurm calls it.
        state: ``passed`` is a level that certifies nothing, whose checks all passed.
        reason: Why, for all that do not simply hold.
        seconds: From its beginning to its end by its own clock, or to now; null before it began.
        report: The id of its report.
        machine: Who answered, as its report says; only as many digits as tell machines apart.
    """

    name: Text
    state: State
    reason: Text | None = None
    seconds: Amount | None = None
    report: ReportId | None = None
    machine: Text | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.reason is None and self.state not in (*HOLD, *OPEN):
            raise ValueError(f"{self.name} is {self.state} without a reason")
        return self


class HardwareClass(Closed):
    """Nodes that should be alike: what they are, how many there are, and whether they are enough to compare."""

    title: Text
    nodes: Count
    compared: bool


class Figure(Closed):
    """A figure of a class.

    Attributes:
        group: Title of the hardware class.
        check: Id of the check; empty for what is not of one check.
        name: Of the figure, with its conditions.
        unit: Its unit; ``1`` for a ratio to what is typical.
        direction: Which way is better.
        nodes: How many have it.
        typical: The median over the class.
        spread: Robust standard deviation, as a share of what is typical.
        shape: How many nodes lie in each of equal steps from `low` to `high`.
        low: The lowest value, as a share of what is typical less one.
        high: The highest.
    """

    group: Text
    check: Text
    name: Text
    unit: Text
    direction: Direction
    nodes: Count
    typical: Number
    spread: Amount
    shape: Listed[Count]
    low: Number
    high: Number


class Outlier(Closed):
    """A figure of a node that is worse than its class has it.

    Attributes:
        node: Its name.
        figure: Which of the page's figures.
        value: The node's.
        worse: By which share of what is typical.
        scales: How many robust standard deviations that is.
        chance: Of a node like the others to be as far off; before all the others were taken into account.
        disturbed: What its own report says against the figure.
    """

    node: Text
    figure: int = Field(ge=0, le=LARGEST)
    value: Number
    worse: Amount
    scales: Amount
    chance: Amount
    disturbed: Text | None = None


class Fleet(Closed):
    """The page.

    Attributes:
        run: Which run of the fleet.
        created: When it began, UTC.
        told: When this was told, UTC.
        partition: Slurm's.
        environment: The machine class.
        level: How much was asked.
        nodes: Every node that was asked for, by name: the denominator.
        classes: The hardware classes, the largest first.
        figures: What was compared.
        outliers: The furthest off first.
        compared: How many nodes were compared with others in something.
        false_share: The share of the named nodes that may be named by chance.
        notes: What else a reader must know.
    """

    version: Literal["fleet.v1"] = "fleet.v1"
    run: Name
    created: Moment
    told: Moment
    partition: Text
    environment: Name
    level: Text
    nodes: Listed[Node]
    classes: Listed[HardwareClass] = ()
    figures: Listed[Figure] = ()
    outliers: Listed[Outlier] = ()
    compared: Count = 0
    false_share: Amount = 0
    notes: Listed[Text] = ()

    @property
    def counts(self) -> Mapping[State, int]:
        """How many nodes are in each state, in the order of `STATES`; together they are all."""
        found = Counter(node.state for node in self.nodes)
        return {state: found[state] for state in STATES if found[state]}
