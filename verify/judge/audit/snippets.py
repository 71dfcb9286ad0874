"""Commands and code that are given can run, and do what is said of them."""

import ast
import re
import shlex
import textwrap
import warnings
from collections.abc import Iterator
from itertools import pairwise

from verify.claims.claim import Document, Snippet
from verify.judge.audit.finding import AuditFinding, Line, found, line_at
from verify.judge.audit.known import Known

# Longer code is no example, and takes long to parse.
LONGEST = 100_000
_PYTHON = frozenset({"python", "py", "python3"})
# What is left out on purpose, or typed at a prompt, is not meant to be run.
_FRAGMENT = re.compile(r"\.\.\.|…|^\s*>>>|<\w[^>\n]*>", re.MULTILINE)
_POSITIONAL = re.compile(r"positional|位置参数", re.IGNORECASE)
_WITHOUT_MPS = re.compile(r"(?:disable|turn(?:ing)? off|without|禁用|关闭)\s*(?:the )?MPS", re.IGNORECASE)
_FALLBACK = re.compile(r"PYTORCH_ENABLE_MPS_FALLBACK\W{1,4}0")
# mlx-lm reads adapter_config.json and adapters.safetensors from the folder that it is given.
_ADAPTER = "--adapter-path"


def python(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What is given as Python is Python."""
    for snippet in document.snippets:
        if not _is_python(snippet) or _FRAGMENT.search(snippet.code):
            continue
        error = _parsed(snippet)
        if isinstance(error, SyntaxError) and not isinstance(error, IndentationError):
            line = line_at(document, snippet.place.line + (error.lineno or 1) - 1)
            yield found("snippets.syntax", "python", line, f"this is no Python: {error.msg}", severity="warning")


def ranges(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A range in code is a difference, and this one is below zero."""
    for snippet, tree in _trees(document):
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.BinOp(ast.Constant(value=int(low)), ast.Sub(), ast.Constant(value=int(high))),
                ) if low < high:
                    message = f"{name} = {low} - {high} is {low - high}, not a range"
                    yield found("snippets.range", name, _line(document, snippet, node), message, severity="warning")


def dropped_arguments(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """An argument that is said to be positional now is still passed."""
    for snippet, tree in _trees(document):
        calls = sorted(_calls(tree), key=lambda call: call[1].lineno) if _POSITIONAL.search(snippet.code) else []
        before: dict[str, ast.Call] = {}
        for name, call in calls:
            earlier = before.get(name, call)
            before[name] = call
            gone = {str(word.arg) for word in earlier.keywords} - {str(word.arg) for word in call.keywords}
            if len(gone) > len(call.args) - len(earlier.args):
                message = f"said to be positional, {', '.join(sorted(gone))} is not passed at all"
                yield found("snippets.dropped_argument", "snippet", _line(document, snippet, call), message)


def adapter_paths(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """mlx-lm takes the folder of an adapter, not a file in it."""
    for snippet in document.snippets:
        words = _words(snippet.code) if _ADAPTER in snippet.code else []
        if not any(word.startswith("mlx_lm") for word in words):
            continue
        for option, value in pairwise(words):
            if option == _ADAPTER and value.endswith(".safetensors"):
                line = _line_with(document, snippet, _ADAPTER)
                message = f"mlx-lm takes the folder that holds the adapter, and {value.rsplit('/', 1)[-1]} is a file"
                yield found("snippets.adapter_path", "mlx_lm", line, message)


def disabling(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What is said to turn MPS off turns it off."""
    for snippet in document.snippets:
        if _FALLBACK.search(snippet.code) and any(_WITHOUT_MPS.search(title) for title in snippet.section[-1:]):
            line = _line_with(document, snippet, "PYTORCH_ENABLE_MPS_FALLBACK")
            message = "the variable decides what becomes of operators that MPS lacks; it does not turn MPS off"
            yield found("snippets.no_such_effect", "mps", line, message)


def _is_python(snippet: Snippet) -> bool:
    return snippet.language.casefold() in _PYTHON and len(snippet.code) <= LONGEST


def _trees(document: Document) -> Iterator[tuple[Snippet, ast.Module]]:
    for snippet in document.snippets:
        if _is_python(snippet) and isinstance(tree := _parsed(snippet), ast.Module):
            yield snippet, tree


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """The calls of functions and of methods of a name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield name, node
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)):
                yield f"{owner}.{name}", node


def _parsed(snippet: Snippet) -> ast.Module | SyntaxError:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(textwrap.dedent(snippet.code))
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error))


def _words(code: str) -> list[str]:
    try:
        return shlex.split(code.replace("\\\n", " "), comments=True)
    except ValueError:
        return []


def _line(document: Document, snippet: Snippet, node: ast.stmt | ast.expr) -> Line:
    return line_at(document, snippet.place.line + node.lineno - 1)


def _line_with(document: Document, snippet: Snippet, word: str) -> Line:
    before = snippet.code.partition(word)[0].count("\n")
    return line_at(document, snippet.place.line + before)
