"""A second opinion on the shape of a report: jsonschema against the committed schemas."""

import json
from datetime import date
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry

from verify.errors import IntegrityError, StorageError
from verify.report.fields import moment

# Beside the package in a checkout, inside it in a wheel.
FOLDERS = (Path(__file__).parents[2] / "schemas", Path(__file__).parent / "json_schemas")
SHOWN = 200


def against_schema(value: object, version: str, where: str) -> None:
    """Hold plain data against the committed schema of a version.

    Raises:
        IntegrityError: It does not fit.
        StorageError: The schema is missing.
    """
    error: ValidationError | None = next(_validator(version).iter_errors(value), None)
    if error is not None:
        raise IntegrityError(
            f"{where}: {error.json_path!a}: {error.message[:SHOWN]!a}",
            f"compare it with schemas/report.{version}.json",
        )


@cache
def _validator(version: str) -> Draft202012Validator:
    name = f"report.{version}.json"
    for folder in FOLDERS:
        if (folder / name).is_file():
            schema = json.loads((folder / name).read_text(encoding="utf-8"))
            # An empty registry resolves nothing outside the schema itself.
            return Draft202012Validator(schema, format_checker=formats(), registry=Registry())
    raise StorageError(f"schemas/{name} is missing", "restore it from version control")


def formats() -> FormatChecker:
    """The two formats that the schemas name, and no others."""
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(lambda text: bool(moment(str(text))))
    checker.checks("date", raises=ValueError)(lambda text: bool(date.fromisoformat(str(text))))
    return checker
