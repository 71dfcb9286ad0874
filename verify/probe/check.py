"""A check: one falsifiable question, asked by one function."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from verify.probe.context import Context

Level = Literal["quick", "full", "certify"]
Device = Literal["cpu", "cuda", "mps", "mlx"]
Kind = Literal["functional", "benchmark", "lora"]

LEVELS: tuple[Level, ...] = get_args(Level)
DEVICES: tuple[Device, ...] = get_args(Device)
KINDS: tuple[Kind, ...] = get_args(Kind)

MARK = "__check__"
LONGEST_SECONDS = 86_400.0

Question = Callable[["Context"], None]
Q = TypeVar("Q", bound=Question)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the `check` decorator was told."""

    level: Level
    needs: tuple[str, ...]
    devices: tuple[Device, ...]
    timeout_seconds: float
    optional: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One question, found in a module of the suite.

    Attributes:
        id: ``topic.claim``, for example ``lora.merging_keeps_the_logits``.
        kind: The folder it lives in; benchmarks run alone.
        title: The claim in words: the docstring's first line.
        advice: What to do when it fails: the rest of the docstring.
        source: File that holds the function.
        terms: What the decorator was told.
    """

    id: str
    kind: Kind
    title: str
    advice: str
    source: str
    terms: Terms


def check(
    *,
    level: Level = "full",
    needs: Sequence[str] = (),
    devices: Sequence[Device] = (),
    timeout_seconds: float = 120,
    optional: bool = False,
) -> Callable[[Q], Q]:
    """Mark a function as a check. Its name is the claim, its docstring the title and the advice.

    Args:
        level: The lowest level that asks this question.
        needs: Distributions that must be locked for the question to make sense.
        devices: Devices that it is asked of, one process each; none for a question about no device.
        timeout_seconds: Wall time after which its process group is killed.
        optional: Whether the check itself may skip (with a reason) without costing the certificate.

    Raises:
        ValueError: An unknown level or device, a need that is not spelled as locks spell it, or a time-out that is
            not positive or longer than a day.
    """
    unknown = [device for device in devices if device not in DEVICES]
    if unknown or level not in LEVELS or not 0 < timeout_seconds <= LONGEST_SECONDS:
        raise ValueError(f"level={level!r} devices={unknown or devices!r} timeout_seconds={timeout_seconds!r}")
    misspelled = [need for need in needs if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", need)]
    if misspelled:
        raise ValueError(f"needs={misspelled!r}: locks spell names in small letters, digits and hyphens")
    terms = Terms(level, tuple(needs), tuple(devices), float(timeout_seconds), optional)

    def mark(question: Q) -> Q:
        setattr(question, MARK, terms)
        return question

    return mark


def described(question: Question, topic: str, kind: Kind, source: str) -> Check:
    """The check that a marked function is.

    Raises:
        ValueError: The function has no docstring, or its docstring gives no advice.
    """
    title, _, advice = (question.__doc__ or "").strip().partition("\n")
    advice = " ".join(advice.split())
    if not title or not advice:
        raise ValueError(f"{source}: {question.__name__} needs a docstring: a title, a blank line, advice on failure")
    return Check(
        id=f"{topic}.{question.__name__}",
        kind=kind,
        title=title.rstrip("."),
        advice=advice,
        source=source,
        terms=getattr(question, MARK),
    )
