"""The page of the report: every field of version 3, its type and its meaning, from the models' sources."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from tests.docs.table import code, prose, table
from verify.report import fields, v3

ABOVE = """# The report

A report is one JSON object, in the form of RFC 8785 with two spaces of indentation.
[`schemas/report.v3.json`](../../schemas/report.v3.json) is its JSON Schema; nothing unknown is allowed in it.
*From* says which version of the report has a field first: a v1 report, of level `quick`, ends there. What the
verdict and the outcomes mean: [read a report](../how-to/read-a-report.md).

"""
KINDS = """## Kinds of field

"""
LIMITS = {"minimum": "from", "maximum": "to", "maxLength": "characters at most", "pattern": "pattern", "format": "a"}
# Versions are the modules that models come from; what lies elsewhere came with the newest.
VERSION = re.compile(r"\.(v[123])$")
MEANING = re.compile(r"^    (\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Told:
    """A field as the source of its model tells it."""

    name: str
    kind: str
    meaning: str
    version: str


def page() -> str:
    """All of it, in Markdown."""
    models = "".join(map(_section, models_of(v3.Report, [])))
    return f"{ABOVE}{models}{KINDS}{table(['kind', 'is'], _kinds(models)).rstrip()}\n"


def models_of(model: type[BaseModel], seen: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """A model and those that its fields are made of, in the order of the fields."""
    if model not in seen:
        seen.append(model)
        for field in model.model_fields.values():
            for part in _parts(field.annotation):
                models_of(part, seen)
    return seen


def _parts(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _section(model: type[BaseModel]) -> str:
    rows = [(code(one.name), code(one.kind), one.meaning, one.version) for one in _fields(model).values()]
    said = prose(inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0])
    return f"## {model.__name__}\n\n{said}\n\n" + table(["field", "kind", "is", "from"], rows)


def _fields(model: type[BaseModel]) -> dict[str, Told]:
    """By name, inherited ones first; what a later version says of a field replaces what an earlier said."""
    found: dict[str, Told] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part is not BaseModel:
            found |= _own(part, found)
    return found


def _own(model: type[BaseModel], before: Mapping[str, Told]) -> dict[str, Told]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    meanings = dict(MEANING.findall(inspect.cleandoc(model.__doc__ or "")))
    version = VERSION.search(model.__module__)
    first = version[1] if version else "v3"
    return {
        name: Told(
            name,
            kind,
            prose(meanings.get(name, before[name].meaning if name in before else "")),
            before[name].version if name in before else first,
        )
        for name, kind in _annotated(tree)
    }


def _annotated(tree: ast.stmt) -> Iterator[tuple[str, str]]:
    for node in tree.body if isinstance(tree, ast.ClassDef) else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, ast.unparse(node.annotation).replace("v1.", "").replace("v2.", "")


def _kinds(used: str) -> Iterator[tuple[str, str]]:
    """The kinds that `fields` names and that are used, in the words of their JSON Schema."""
    for name, kind in vars(fields).items():
        if get_origin(kind) in (Annotated, Literal) and re.search(rf"`[^`]*\b{name}\b", used):
            yield code(name), _said(TypeAdapter(kind).json_schema(mode="serialization"))


def _said(schema: Mapping[str, Any]) -> str:
    """``string, pattern `^a*$```, ``integer, from 0``."""
    if "enum" in schema:
        return "one of " + ", ".join(map(code, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(map(_said, schema["anyOf"]))
    if "additionalProperties" in schema:
        return f"object of {_said(schema['additionalProperties'])}"
    limits = [f"{words} {code(str(schema[key]))}" for key, words in LIMITS.items() if key in schema]
    return ", ".join([schema["type"], *limits])
