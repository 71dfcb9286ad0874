"""jsonschema looks at reports with its own eyes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests import examples
from tests.report.damaged import contents
from verify import schemas
from verify.errors import IntegrityError
from verify.report.canonical import stored_text
from verify.report.validate import against_schema, fits
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


@given(contents())
@settings(max_examples=200, deadline=None)
def test_both_validators_accept_the_same(content: Any) -> None:
    version = content.get("version")
    if version not in VERSIONS:
        return
    try:
        quick = fits(content, version)
    except ValueError:
        return
    try:
        against_schema(content, version, "it")
    except IntegrityError:
        assert not quick
    else:
        # Python's `$` lets a line feed follow, which the models refuse too.
        assert quick or list(texts_of(content))


def texts_of(content: Any) -> Iterator[str]:
    """All texts in plain data that end in a line feed."""
    match content:
        case str() if content.endswith("\n"):
            yield content
        case dict():
            for part in content.values():
                yield from texts_of(part)
        case list():
            for part in content:
                yield from texts_of(part)


@pytest.mark.parametrize(
    ("name", "value"),
    [("created", "2026-02-30T00:00:00Z"), ("sequence", 0), ("surprise", 1), ("planned", ["a.b", "a.b"]), ("id", "x")],
)
def test_what_does_not_fit_is_seen_by_the_quick_one_too(name: str, value: object) -> None:
    assert fits(content(), "v3")
    assert not fits(content() | {name: value}, "v3")


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
