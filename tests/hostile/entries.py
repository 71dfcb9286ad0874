"""Every place where the command line names a file that is read: what is asked with it, and how that may end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from verify.errors import Exit

Kind = Literal["report", "markdown", "attested", "head", "key", "recipe", "examples", "config", "lock", "checks"]
Words = Callable[[str], tuple[str, ...]]

# Files of ours, which are what we wrote or are damaged; the last is for what is not there.
OURS = frozenset({Exit.INTEGRITY, Exit.INPUT_OUTPUT})
# Files that people write and name.
THEIRS = frozenset({Exit.USAGE, Exit.INPUT_OUTPUT})
# The audit tells of what it can read, whatever that is.
AUDITED = frozenset({Exit.HOLDS, Exit.REFUSED}) | OURS
# A lock that comes from elsewhere may also be said to be of no use here.
# What is read as Python may also mean something.
CHECKS = THEIRS | {Exit.HOLDS, Exit.COULD_NOT_RUN}
LOCKS = THEIRS | {Exit.COULD_NOT_RUN, Exit.INTEGRITY}
FORMATS = ("text", "json", "junit", "sarif", "markdown")


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in.

    Attributes:
        option: Of the declarations of the command line, the one that names the file: ``verb action option``.
        kind: What lies there when all is well.
        words: The command line with the file in it.
        exits: How it may end when the file is hostile.
        file: The name that the file has.
        exact: Whether stdout is a report in its stored form, byte for byte.
    """

    option: str
    kind: Kind
    words: Words
    exits: frozenset[Exit]
    file: str
    exact: bool = False


def _of(option: str, kind: Kind, words: Words, exits: frozenset[Exit], file: str = "hostile.json") -> Entry:
    line = words(file)
    return Entry(option, kind, words, exits, file, exact="json" in line[-1:] or "convert" in line)


def _formatted(form: str, *verb: str) -> Words:
    return lambda path: (*verb, path, "--format", form)


def _audits() -> list[Entry]:
    files: dict[str, Kind] = {"hostile.json": "report", "hostile.md": "markdown"}
    return [
        _of("audit path", kind, _formatted(form, "audit"), AUDITED, file)
        for file, kind in files.items()
        for form in FORMATS
    ]


def tries(entry: Entry, number: int) -> bool:
    """Whether an entry tries a situation, by its number: what is read alike is tried by one of many after the other.

    The formats of an audit differ in what is written; what is read as Python takes a process each time.
    """
    several = [other for other in ENTRIES if (other.option, other.kind) == (entry.option, entry.kind)]
    if entry.kind == "checks":
        return number % 6 == 0
    return entry.option != "audit path" or number % len(several) == several.index(entry)


def _upgrades() -> list[Entry]:
    """What stands on either side of a comparison; the other is a lock of the project, so that nothing is resolved."""
    lock = "lockfiles/linux-x86_64-cpu.txt"
    begin = ("upgrade", "--environment", "cpu", "--lock-only")
    return [
        _of("upgrade --current", "lock", lambda path: (*begin, "--current", path, "--candidate", lock), LOCKS, "h.txt"),
        _of("upgrade --candidate", "lock", lambda path: (*begin, "--candidate", path), LOCKS, "h.txt"),
    ]


ENTRIES: tuple[Entry, ...] = (
    _of("report show report", "report", _formatted("text", "report", "show"), OURS),
    _of("report validate report", "report", lambda path: ("report", "validate", path), OURS),
    _of("report convert report", "report", lambda path: ("report", "convert", path), OURS),
    _of(
        "report convert report",
        "markdown",
        lambda path: ("report", "convert", path, "--environment", "m2"),
        OURS | {Exit.HOLDS},
        "hostile.md",
    ),
    _of("history show report", "report", lambda path: ("history", "show", path, "--environment", "m2"), OURS),
    _of("history diff reports", "report", lambda path: ("history", "diff", path, "1", "--environment", "m2"), OURS),
    _of("history diff reports", "report", lambda path: ("history", "diff", "1", path, "--environment", "m2"), OURS),
    _of("history prove --head", "head", lambda path: ("history", "prove", "--head", path), OURS, "hostile.head"),
    _of("audit --head", "head", lambda path: ("audit", "--head", path), OURS, "hostile.head"),
    *_audits(),
    _of("attest report", "attested", lambda path: ("attest", path, "--check"), OURS),
    _of("attest --key", "key", lambda path: ("attest", "--key", path), THEIRS, "hostile.pem"),
    _of("run --changed-since", "report", lambda path: ("run", "--environment", "m2", "--changed-since", path), OURS),
    _of("run --key", "key", lambda path: ("run", "--environment", "m2", "--key", path), THEIRS, "hostile.pem"),
    _of("run --checks", "checks", lambda path: ("run", "--environment", "m2", "--checks", path), CHECKS, "hostile.py"),
    _of("checks --checks", "checks", lambda path: ("checks", "--checks", path), CHECKS, "hostile.py"),
    _of("lora file", "recipe", lambda path: ("lora", path), THEIRS, "hostile.toml"),
    _of(
        "lora --data",
        "examples",
        lambda path: ("lora", "--model", "x", "--data", path),
        THEIRS | {Exit.COULD_NOT_RUN},
        "hostile.jsonl",
    ),
    _of("sbom --dpkg", "checks", lambda path: ("sbom", "cpu", "--dpkg", path), THEIRS | {Exit.HOLDS}, "status"),
    _of("fit --model", "config", lambda path: ("fit", "--model", path), THEIRS | {Exit.COULD_NOT_RUN}),
    *_upgrades(),
)
