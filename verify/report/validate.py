"""A second opinion on the shape of a report: jsonschema against the committed schemas.

What is about to be written is looked at by Python's jsonschema, and so is what is refused, which it says best; what was
written is looked at by the one in Rust, which agrees, in a two-hundredth of the time. To load the former takes as long
as to read many reports, so it is loaded where it is needed.
"""

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from verify.errors import IntegrityError, StorageError
from verify.report.fields import moment

if TYPE_CHECKING:
    import jsonschema
    import jsonschema.exceptions
    import jsonschema_rs

# Beside the package in a checkout, inside it in a wheel.
FOLDERS = (Path(__file__).parents[2] / "schemas", Path(__file__).parent / "json_schemas")
SHOWN = 200


def against_schema(value: object, version: str, where: str) -> None:
    """Hold plain data against the committed schema of a version.

    Raises:
        IntegrityError: It does not fit.
        StorageError: The schema is missing.
    """
    error: jsonschema.exceptions.ValidationError | None = next(_validator(version).iter_errors(value), None)
    if error is not None:
        raise IntegrityError(
            f"{where}: {error.json_path!a}: {error.message[:SHOWN]!a}",
            f"compare it with schemas/report.{version}.json",
        )


def fits(value: object, version: str) -> bool:
    """Whether plain data fits the committed schema of a version, by the quicker of the two validators.

    Raises:
        ValueError: It holds what JSON has no form for.
        StorageError: The schema is missing.
    """
    return _quick_validator(version).is_valid(value)


@cache
def _validator(version: str) -> "jsonschema.Draft202012Validator":
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry resolves nothing outside the schema itself.
    return Draft202012Validator(_schema(version), format_checker=formats(), registry=Registry())


@cache
def _quick_validator(version: str) -> "jsonschema_rs.Draft202012Validator":
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        _schema(version), formats=_FORMATS, validate_formats=True, retriever=_nothing
    )


def _schema(version: str) -> Any:
    name = f"report.{version}.json"
    for folder in FOLDERS:
        if (folder / name).is_file():
            return json.loads((folder / name).read_text(encoding="utf-8"))
    raise StorageError(f"schemas/{name} is missing", "restore it from version control")


def _nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} lies outside of the schema")


def formats() -> "jsonschema.FormatChecker":
    """The two formats that the schemas name, and no others."""
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=())
    for name, is_one in _FORMATS.items():
        checker.checks(name)(is_one)
    return checker


def _is_moment(text: object) -> bool:
    return _is(moment, text)


def _is_day(text: object) -> bool:
    return _is(date.fromisoformat, text)


def _is(read: Callable[[str], object], text: object) -> bool:
    try:
        read(str(text))
    except ValueError:
        return False
    return True


_FORMATS: dict[str, Callable[[object], bool]] = {"date-time": _is_moment, "date": _is_day}
