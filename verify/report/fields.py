"""Kinds of field that every version of the report is made of."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Level = Literal["quick", "full", "certify"]
# A fine-tune is no level of the suite: its report says so.
Asked = Literal["quick", "full", "certify", "lora"]
Kind = Literal["functional", "benchmark", "lora"]
Device = Literal["cpu", "cuda", "mps", "mlx"]
Outcome = Literal["passed", "failed", "errored", "crashed", "timed_out", "out_of_memory", "skipped"]

LEVELS: tuple[Level, ...] = get_args(Level)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

V = TypeVar("V")

# Larger integers lose digits in most readers of JSON, so RFC 8785 has no form for them.
LARGEST = 2**53 - 1

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ID = r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+(\[(cpu|cuda|mps|mlx)\])?$"
_NAME = r"^[a-z0-9][a-z0-9._-]*$"


def plain(number: float) -> float:
    """The one form of a number: whole numbers as integers, no negative zero.

    ``1`` and ``1.0`` have the same digest, so a report may hold only one of them, or a stored file could be
    changed without anybody noticing.

    Raises:
        ValueError: A whole number beyond 2^53.
    """
    if isinstance(number, int) and abs(number) > LARGEST:
        raise ValueError("whole numbers end at 2^53 - 1")
    return int(number) if float(number).is_integer() and abs(number) <= LARGEST else number


def moment(text: str) -> datetime:
    """The UTC time that ``2026-01-02T03:04:05Z`` means.

    Raises:
        ValueError: No such time exists.
    """
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def ending(begin: str, lasting: timedelta) -> str:
    """When what lasts so long from a time on is over; at the latest the last second that calendars know.

    Args:
        begin: A UTC time as `moment` reads it.
        lasting: How long.
    """
    try:
        end = moment(begin) + lasting
    except OverflowError:
        end = datetime.max.replace(tzinfo=UTC)
    return f"{end.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _plain_note(note: str | float) -> str | float:
    return note if isinstance(note, str | bool) else plain(note)


def _a_moment(text: str) -> str:
    moment(text)
    return text


def _a_date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a lone surrogate is no character") from error
    return text


def _spelt(text: object) -> object:
    """A file's name need not be text: what of it is none is spelt."""
    if not isinstance(text, str):
        return text
    return "".join(f"⟨U+{ord(sign):04X}⟩" if "\ud800" <= sign <= "\udfff" else sign for sign in text)


def told_apart(ids: Sequence[str], what: str) -> None:
    """Refuse entries of which two have the same id.

    Raises:
        ValueError: The id, and that two of what they are have it.
    """
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice:
        raise ValueError(f"{twice} is the id of two {what}")


def as_tuple(value: object) -> object:
    """TOML has lists where frozen data wants tuples."""
    return tuple(value) if isinstance(value, list) else value


def as_text(day: object) -> object:
    """TOML has dates where a report wants their text."""
    return day.isoformat() if type(day) is date else day


def _sorted(named: dict[str, V]) -> dict[str, V]:
    return dict(sorted(named.items()))


Number = Annotated[int | float, AfterValidator(plain)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Amount = Annotated[Number, Field(ge=0)]
Text = Annotated[str, AfterValidator(_encodable)]
# What is said of files, by their names.
Said = Annotated[Text, BeforeValidator(_spelt)]
Name = Annotated[str, Field(pattern=_NAME, max_length=100)]
CheckId = Annotated[str, Field(pattern=_ID, max_length=200)]
ReportId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Machine = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ImageDigest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Moment = Annotated[str, Field(pattern=_TIME, json_schema_extra={"format": "date-time"}), AfterValidator(_a_moment)]
Listed = Annotated[tuple[V, ...], BeforeValidator(as_tuple)]
Day = Annotated[str, Field(pattern=_DATE, json_schema_extra={"format": "date"}), AfterValidator(_a_date)]
Note = Annotated[Text | int | float | bool, AfterValidator(_plain_note)]
Notes = Annotated[dict[Text, Note], AfterValidator(_sorted)]
Inputs = Annotated[dict[Text, Number], AfterValidator(_sorted)]


class Closed(BaseModel):
    """Nothing unknown, nothing coerced, nothing changed afterwards."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
