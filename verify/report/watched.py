"""What sensors said in the course of a run."""

from typing import Self

from pydantic import Field, model_validator

from verify.report.fields import Amount, Closed, Notes, Number, Text


class Sensor(Closed):
    """One sensor's course.

    Attributes:
        subject: What it is of: ``processor``, ``memory``, ``gpu 0 NVIDIA H200``.
        name: What it tells: ``utilisation``, ``used``, ``temperature``, ``power``, ``clock``.
        unit: Of the values.
        values: One for each look, in order; null where it could not be read then.
    """

    subject: Text
    name: Text
    unit: Text
    values: tuple[Number | None, ...]


class Watched(Closed):
    """Looks at the machine's sensors while the run went on, by its supervisor.

    Attributes:
        seconds: When each look was taken, since the first.
        sensors: What they said.
        unread: What could not be read, and why; nothing that is missing here was zero.
    """

    seconds: tuple[Amount, ...] = Field(min_length=1)
    sensors: tuple[Sensor, ...]
    unread: Notes

    @model_validator(mode="after")
    def _every_look_has_its_values(self) -> Self:
        if list(self.seconds) != sorted(self.seconds):
            raise ValueError("the looks are not in order")
        wrong = [one for one in self.sensors if len(one.values) != len(self.seconds)]
        if wrong:
            raise ValueError(
                f"{wrong[0].subject} {wrong[0].name} has {len(wrong[0].values)} values of {len(self.seconds)} looks"
            )
        return self
