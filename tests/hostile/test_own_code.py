"""Our own source (fault 74): nothing in it evaluates text, unpickles, or asks a shell.

Ruff's rules of flake8-bandit say the same where no comment silences them; here no comment does.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "verify").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), ROOT / "noxfile.py"])
FORBIDDEN_NAMES = {"eval", "exec", "compile"}
FORBIDDEN_CALLS = {"os.system", "os.popen", "pty.spawn", "subprocess.getoutput", "subprocess.getstatusoutput"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml", "telnetlib"}


def dangers(source: str) -> Iterator[str]:
    """What in a source runs what it reads."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_NAMES:
                yield f"line {node.lineno}: {name}()"
            case ast.Call(func=ast.Attribute()) if ast.unparse(node.func) in FORBIDDEN_CALLS:
                yield f"line {node.lineno}: {ast.unparse(node.func)}()"
            case ast.Call(func=ast.Attribute(attr="load"), keywords=words) if _of_torch(node) and not _weights_only(
                words
            ):
                yield f"line {node.lineno}: torch.load() of more than weights"
            case ast.Import(names=names) if {name.name.partition(".")[0] for name in names} & FORBIDDEN_MODULES:
                yield f"line {node.lineno}: imports {names[0].name}"
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in FORBIDDEN_MODULES:
                yield f"line {node.lineno}: imports {module}"
            case ast.keyword(arg="shell", value=value) if not (
                isinstance(value, ast.Constant) and value.value is False
            ):
                yield f"line {node.value.lineno}: a shell"
            case ast.keyword(arg="trust_remote_code", value=ast.Constant(value=True)):
                yield f"line {node.value.lineno}: trusts code of a model"


def _of_torch(node: ast.Call) -> bool:
    return ast.unparse(node.func) == "torch.load"


def _weights_only(words: list[ast.keyword]) -> bool:
    return any(word.arg == "weights_only" and ast.unparse(word.value) == "True" for word in words)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_ours_runs_what_it_reads(path: Path) -> None:
    assert list(dangers(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)", "exec(text)", "import pickle", "from pickle import loads", "os.system('ls')", "import yaml",
        "torch.load(path)", "torch.load(path, weights_only=False)", "subprocess.run(words, shell=True)",
        "AutoModel.from_pretrained(x, trust_remote_code=True)", "subprocess.getoutput('ls')", "import marshal as m",
    ],
)  # fmt: skip
def test_what_runs_what_it_reads_is_seen(source: str) -> None:
    assert len(list(dangers(source))) == 1


@pytest.mark.parametrize(
    "source",
    ["model.eval()", "mx.eval(x)", "re.compile(x)", "torch.load(x, weights_only=True)", "run(words, shell=False)"],
)
def test_what_only_sounds_like_it_is_let_be(source: str) -> None:
    assert list(dangers(source)) == []
