"""What sensors say at one moment, and what could not be read, with the reason."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """What one sensor says.

    Attributes:
        subject: What it is of: ``processor``, ``memory``, ``gpu 0 NVIDIA H200``.
        name: What it tells: ``utilisation``, ``used``, ``temperature``, ``power``, ``clock``.
        unit: ``%``, ``B``, ``°C``, ``W`` or ``MHz``.
        value: In that unit.
    """

    subject: str
    name: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True)
class Unread:
    """What cannot be read here: it is told once, with its reason, and never shown as zero."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at some sensors."""

    values: tuple[Value, ...] = ()
    unread: tuple[Unread, ...] = ()


Source = Callable[[], Reading]


def together(sources: Iterable[Source]) -> Reading:
    """One look at all of them."""
    found = [read() for read in sources]
    return Reading(
        tuple(value for reading in found for value in reading.values),
        tuple(unread for reading in found for unread in reading.unread),
    )
