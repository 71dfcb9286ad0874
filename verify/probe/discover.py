"""Finding the checks: every marked function in the suite's folders, and in files and folders of a user's own."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from verify.probe.check import KINDS, MARK, Check, Kind, Question, described

WRONG = (ValueError, TypeError, AttributeError, AssertionError, RuntimeError)
SUITE = Path(__file__).resolve().parents[1] / "checks"


class Unreadable(Exception):  # noqa: N818 - reads as what it says about the file
    """A file of checks cannot be loaded.

    Args:
        path: The file.
        why: One line.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def find_checks(places: Sequence[Path] = (), *, suite: bool = True) -> list[Check]:
    """The checks of the suite and those at the places, in the order of files and lines.

    Args:
        places: Files and folders of a user's own.
        suite: Whether the suite's are wanted too.

    Raises:
        Unreadable: A file cannot be imported, a check is badly described, or two checks share an id.
    """
    found: dict[str, Check] = {}
    for path, kind in [*(_suite() if suite else ()), *_own(places)]:
        for check in checks_of(path, kind):
            if check.id in found:
                raise Unreadable(path, f"{check.id} is already defined in {found[check.id].source}")
            found[check.id] = check
    return list(found.values())


def checks_of(path: Path, kind: Kind) -> Iterator[Check]:
    """The checks that one file defines.

    Raises:
        Unreadable: The file cannot be imported, or a check is badly described.
    """
    if not path.stem.isidentifier():
        raise Unreadable(path, "its name is the checks' topic: letters, digits and _ make one")
    module = load(path)
    for value in list(vars(module).values()):
        if getattr(value, MARK, None) is None or value.__module__ != module.__name__:
            continue
        try:
            yield described(value, path.stem, kind, str(path))
        except ValueError as error:
            raise Unreadable(path, str(error)) from error


def question(path: Path, claim: str) -> Question:
    """The function behind a check's id.

    Raises:
        Unreadable: The file cannot be imported or lacks the function.
    """
    try:
        found: Question = getattr(load(path), claim)
    except AttributeError as error:
        raise Unreadable(path, f"has no check called {claim}") from error
    return found


def load(path: Path) -> ModuleType:
    """Import a file of checks: by its name if it is the suite's, by its location otherwise.

    Raises:
        Unreadable: The file cannot be imported.
    """
    try:
        if path.is_relative_to(SUITE):
            return importlib.import_module(".".join(["verify.checks", *path.relative_to(SUITE).with_suffix("").parts]))
        return _load_own(path)
    except (ImportError, SyntaxError, OSError, ArithmeticError, LookupError, NameError, *WRONG) as error:
        raise Unreadable(path, f"{type(error).__name__}: {error}") from error


def _load_own(path: Path) -> ModuleType:
    name = f"verify_own_checks.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _suite() -> Iterator[tuple[Path, Kind]]:
    for kind in KINDS:
        yield from ((path, kind) for path in _files(SUITE / kind))


def _own(places: Sequence[Path]) -> Iterator[tuple[Path, Kind]]:
    for place in places:
        if place.is_dir():
            yield from ((path, "functional") for path in _files(place))
        elif place.is_file() and place.suffix == ".py":
            yield place.resolve(), "functional"
        else:
            raise Unreadable(place, "is neither a folder nor a Python file")


def _files(folder: Path) -> list[Path]:
    return sorted(path.resolve() for path in folder.glob("*.py") if not path.name.startswith("_"))
