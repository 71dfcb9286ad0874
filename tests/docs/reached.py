"""The calls that a function makes, by itself or through functions of its own file, as its source spells them."""

import ast
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Called:
    """One call.

    Attributes:
        name: What is called, without what it is an attribute of.
        node: The call.
        known: What the names of its file mean.
    """

    name: str
    node: ast.Call
    known: Mapping[str, Any]

    def argument(self, place: int, keyword: str = "") -> str | None:
        """An argument, as `spelt`; None where there is none."""
        found = {word.arg: word.value for word in self.node.keywords}.get(keyword)
        if found is None and place < len(self.node.args):
            found = self.node.args[place]
        return None if found is None else spelt(found, self.known)


def calls(function: Callable[..., object]) -> Iterator[Called]:
    """The calls in a function, then those in the functions of its file that it names, each function once."""
    functions = functions_of(Path(function.__code__.co_filename))
    waiting, known = [function.__name__], function.__globals__
    for name in waiting:
        nodes = sorted(_inside(functions[name]), key=lambda node: (node.lineno, node.col_offset))
        own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for node in nodes:
            if isinstance(node, ast.Call):
                yield Called(ast.unparse(node.func).rpartition(".")[2], node, known)
            if isinstance(node, ast.Name) and node.id in functions.keys() - own and node.id not in waiting:
                waiting.append(node.id)


def _inside(function: ast.FunctionDef) -> Iterator[ast.expr]:
    return (node for node in ast.walk(function) if isinstance(node, ast.expr))


@functools.cache
def functions_of(path: Path) -> Mapping[str, ast.FunctionDef]:
    """The functions at the top of a file, by name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def spelt(node: ast.expr, known: Mapping[str, Any]) -> str:
    """What an expression says: a text or number itself, ``…`` for what is filled in, else its source.

    Args:
        node: The expression.
        known: What names mean; one that means a text or a number is replaced by it.
    """
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.JoinedStr(values=parts):
            return "".join(spelt(part, known) if isinstance(part, ast.Constant) else "…" for part in parts)
        case ast.Name(id=name) if isinstance(known.get(name), str | int | float):
            return _short(known[name])
        case ast.BinOp(op=ast.Add(), left=ast.Constant() | ast.JoinedStr() as left):
            return f"{spelt(left, known)}…"
    return ast.unparse(node)


def _short(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"
