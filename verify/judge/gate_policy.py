"""What a gate holds an upgrade against: ``policy/gate.toml``."""

import math
import re
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from verify.judge.sequential import Limits
from verify.report.fields import Closed, Day, Listed, as_text

# What was accepted is looked at again at least once a year.
LONGEST = timedelta(days=366)


class Share(Closed):
    """A change relative to the current lock's figure.

    Attributes:
        floor_percent: A smaller one is no regression, however sure it is.
        tolerance_percent: A figure holds when it is surely worse by less.
    """

    floor_percent: float = Field(gt=0, lt=100)
    tolerance_percent: float = Field(gt=0, lt=100)

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.floor_percent >= self.tolerance_percent:
            raise ValueError("floor_percent must be below tolerance_percent")
        return self

    def limits(self) -> Limits:
        """In natural logarithms."""
        return Limits(math.log1p(self.floor_percent / 100), math.log1p(self.tolerance_percent / 100))


class Growth(Closed):
    """Memory that a process keeps, in bytes a round of all workloads.

    Attributes:
        floor_bytes: Less more is no leak, however sure it is.
        tolerance_bytes: A figure holds when it surely keeps less more.
    """

    floor_bytes: float = Field(gt=0)
    tolerance_bytes: float = Field(gt=0)

    def limits(self) -> Limits:
        """In bytes."""
        return Limits(self.floor_bytes, self.tolerance_bytes)


class Accepted(Closed):
    """A finding that somebody has looked at, and wants to live with until a day.

    Attributes:
        rule: Of the finding; that something could not be told is never accepted.
        subject: Of the finding; ``*`` stands for any text, but not at its start.
        reason: Why that is right.
        expires: The last day on which it counts; of no use when it is more than a year ahead.
    """

    rule: str = Field(pattern=r"^(checks|behaviour|figures|advisories|licences)\.[a-z_]+$")
    subject: str = Field(pattern=r"^[^*]{3}")
    reason: str = Field(min_length=10)
    expires: Annotated[Day, BeforeValidator(as_text)]

    def covers(self, rule: str, subject: str) -> bool:
        """Whether it is about a finding; only ``*`` has a meaning of its own, for subjects have brackets."""
        pattern = re.escape(self.subject).replace(r"\*", ".*")
        return rule == self.rule and re.fullmatch(pattern, subject) is not None

    def counts_on(self, day: str) -> bool:
        """Whether it counts on a day: until its own, which is no more than a year ahead."""
        left = date.fromisoformat(self.expires) - date.fromisoformat(day)
        return timedelta() <= left <= LONGEST


class GatePolicy(Closed):
    """policy/gate.toml.

    Attributes:
        false_alarms: How often at most an upgrade that changes nothing may be refused for its figures.
        looks: After how many groups of processes the figures are looked at; the last is the budget.
        speed: Of times.
        memory: Of the peak.
        growth: Of what is kept.
        accepted: Findings to live with.
    """

    false_alarms: float = Field(gt=0, le=0.2)
    looks: Listed[int] = Field(min_length=1)
    speed: Share
    memory: Share
    growth: Growth
    accepted: Listed[Accepted] = ()

    @model_validator(mode="after")
    def _looks_ahead(self) -> Self:
        if list(self.looks) != sorted(set(self.looks)) or self.looks[0] < 1:
            raise ValueError("looks are numbers of groups, each larger than the one before")
        return self

    def limits_of(self, scale: str, unit: str) -> Limits:
        """What matters of a figure of this scale and unit, in the unit of its differences."""
        if unit == "s":
            return self.speed.limits()
        return self.memory.limits() if scale == "ratio" else self.growth.limits()

    def looks_within(self, most: int) -> tuple[int, ...]:
        """The looks of a budget: those before it, and its end."""
        last = min(most, self.looks[-1])
        return (*(look for look in self.looks if look < last), last)
