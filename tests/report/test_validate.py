"""jsonschema looks at reports with its own eyes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import examples
from verify import schemas
from verify.errors import IntegrityError
from verify.report.canonical import stored_text
from verify.report.validate import against_schema
from verify.report.versions import VERSIONS, Version


def content(version: Version = "v3") -> Any:
    """The example as plain data."""
    return json.loads(stored_text(examples.report(version)))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_example_fits_its_own_schema_and_no_other(version: Version) -> None:
    against_schema(content(version), version, "it")
    for other in set(VERSIONS) - {version}:
        with pytest.raises(IntegrityError):
            against_schema(content(version), other, "it")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "x"),
        ("created", "2026-02-30T00:00:00Z"),
        ("sequence", 0),
        ("surprise", 1),
        ("interrupted", 0),
        ("planned", ["a.b", "a.b"]),
        ("counts", {}),
        ("level", "some"),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: object) -> None:
    with pytest.raises(IntegrityError, match=r"^it: "):
        against_schema(content() | {name: value}, "v3", "it")


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert schemas.write_schemas(examples.ROOT, check=True) == []


def test_schemas_are_written_once(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/orphan.json").write_text("{}")
    names = sorted(schemas.all_schemas())
    assert schemas.write_schemas(tmp_path, check=True) == [*names, "orphan.json"]
    assert schemas.write_schemas(tmp_path) == [*names, "orphan.json"]
    assert schemas.write_schemas(tmp_path) == []


def test_schemas_refer_to_nothing_outside_of_themselves() -> None:
    for text in schemas.all_schemas().values():
        references = [line for line in text.splitlines() if '"$ref"' in line]
        assert all('"#/$defs/' in line for line in references)
