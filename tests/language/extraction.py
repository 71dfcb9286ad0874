"""What the source says to people: every text that the catalogue of a language must know."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "verify"
SAYING = ("say", "each", "later")
# Words with a space between, as names, formulas, patterns and units have none.
PROSE = re.compile(r"[A-Za-z'`]{2,}[,;:]? \(?[a-z`]")
TYPE = re.compile(r"[A-Za-z.]+\[.*\]")
# What is written for other readers: statements, patterns, markup, scripts, types.
CODE = re.compile(r"\s*(?:SELECT|CREATE|INSERT|DELETE|PRAGMA|BEGIN)\b|<|#!|.*(?:\||\(\?|\\b)", re.DOTALL)
NAMED = re.compile(r"\{[a-z_]+(?::[^}]*)?\}")
WORD = re.compile(r"[a-z]{2}")
SCRIPTED = re.compile(r'\bsay\("((?:[^"\\]|\\.)*)"')


def labels() -> set[str]:
    """What is said by ``say``, ``each`` and ``later``, in modules, templates and scripts."""
    found = {text for path in sources() for text in _said(ast.parse(path.read_text(encoding="utf-8")))}
    for path in PACKAGE.rglob("*.html"):
        tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
        found |= {text for call in tree.find_all(nodes.Call) for text in _said_in_template(call)}
    for path in PACKAGE.rglob("*.js"):
        found |= set(SCRIPTED.findall(path.read_text(encoding="utf-8")))
    return {text for text in found if text}


def messages() -> dict[str, str]:
    """Templates of texts that are finished where they arise, each with a place where it stands."""
    found: dict[str, str] = {}
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for template, line in [*_finished(tree), *_told_of_checks(tree)]:
            found.setdefault(template, f"{path.relative_to(ROOT)}:{line}")
    for path in sorted((ROOT / "policy").glob("*.toml")):
        for text in _reasons(tomllib.loads(path.read_text(encoding="utf-8"))):
            found.setdefault(text, str(path.relative_to(ROOT)))
    return found


def sources() -> list[Path]:
    """Every module."""
    return sorted(PACKAGE.rglob("*.py"))


def _said(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYING:
            for argument in call.args if call.func.id == "each" else call.args[:1]:
                yield from _literals(argument)


def _literals(node: ast.AST) -> Iterator[str]:
    """A text, or the texts of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _said_in_template(call: nodes.Call) -> Iterator[str]:
    if isinstance(call.node, nodes.Name) and call.node.name == "say" and call.args:
        first = call.args[0]
        choices = [first.expr1, first.expr2] if isinstance(first, nodes.CondExpr) else [first]
        yield from (choice.value for choice in choices if isinstance(choice, nodes.Const))


def _finished(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every text of several words that is neither said at its place nor written for readers of the source."""
    skipped = set(_not_finished(tree))
    for node in ast.walk(tree):
        template = None if id(node) in skipped else _template(node)
        if template and _is_prose(template):
            yield template, getattr(node, "lineno", 0)


def _is_prose(template: str) -> bool:
    filled, own = template.replace("{}", "xx"), template.replace("{}", "")
    return bool(PROSE.search(filled) and WORD.search(own)) and not TYPE.fullmatch(template) and not CODE.match(template)


def _template(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    # What `str.format` fills in by name is a hole like any other.
    return NAMED.sub("{}", node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _part(part: ast.expr) -> str:
    return str(part.value).replace("{", "{{").replace("}", "}}") if isinstance(part, ast.Constant) else "{}"


def _not_finished(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in node.values)
            yield from (id(part.format_spec) for part in node.values if isinstance(part, ast.FormattedValue))
            specs = (part.format_spec for part in node.values if isinstance(part, ast.FormattedValue))
            yield from (id(part) for spec in specs if isinstance(spec, ast.JoinedStr) for part in spec.values)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
            yield from (id(argument) for argument in _arguments(node))


def _arguments(call: ast.Call) -> Iterator[ast.AST]:
    for argument in call.args:
        yield argument
        if isinstance(argument, ast.IfExp):
            yield from (argument.body, argument.orelse)


def _told_of_checks(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The title and the advice of each check, which reports hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_marks_a_check, node.decorator_list)):
            title, _, advice = (ast.get_docstring(node, clean=False) or "").strip().partition("\n")
            yield title.rstrip("."), node.lineno
            yield " ".join(advice.split()), node.lineno


def _marks_a_check(decorator: ast.expr) -> bool:
    name = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(name, ast.Name) and name.id == "check"


def _reasons(told: object) -> Iterator[str]:
    """What policies give as reasons and advice."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name in ("reason", "advice") and isinstance(value, str):
                yield value
            else:
                yield from _reasons(value)
    elif isinstance(told, list):
        for value in told:
            yield from _reasons(value)
