"""JSON Schemas of the reports, generated from their models."""

import json
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

from verify.report.versions import MODELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schemas() -> dict[str, str]:
    """The text of each report schema, by file name."""
    return {f"report.{version}.json": schema_text(model) for version, model in MODELS.items()}


def schema_text(model: type[BaseModel], *, stored: bool = True, without: Collection[str] = ()) -> str:
    """The schema of a model, as it is committed.

    Args:
        model: What to describe.
        stored: Whether it describes what we write, where every field is present, or what people write.
        without: Fields that do not come from the file.
    """
    schema = model.model_json_schema(mode="serialization" if stored else "validation")
    schema["properties"] = {name: part for name, part in schema["properties"].items() if name not in without}
    schema["required"] = [name for name in schema.get("required", ()) if name not in without]
    return json.dumps({"$schema": DIALECT, **_untitled(schema)}, indent=2, ensure_ascii=False) + "\n"


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without the titles that only repeat the names of fields, and doc strings in one line."""
    kept = {key: _part(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    if isinstance(kept.get("description"), str):
        kept["description"] = kept["description"].partition("\n")[0]
    return kept


def _part(value: Any) -> Any:
    match value:
        case dict():
            return _untitled(value)
        case list():
            return [_part(part) for part in value]
    return value
