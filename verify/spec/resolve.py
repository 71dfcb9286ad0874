"""Makes locks: resolves requirements into pins and hashes, with uv."""

import json
import re
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from verify.errors import IntegrityError, UsageError, VerifyError
from verify.spec.files import read_bytes, replace_file
from verify.spec.lock import (
    MAX_BYTES,
    Lock,
    LockedPackage,
    format_lock,
    format_packages,
    lock_path,
    parse_lock,
    parse_packages,
    read_lock,
    read_lock_of,
)
from verify.spec.platform import Platform, load_platform, package_of, platform_names
from verify.spec.uv import Pip, ask_pip, run_uv, uv_environment
from verify.spec.wheels import lists_wheel_of

GROUPS: Final = ("fuzz", "mutants", "tests", "tools")
_OLDEST_PYTHON: Final = "3.11"
_SYSTEMS: Final = ("sys_platform == 'darwin'", "sys_platform == 'linux'")
_UNSOLVED: Final = "No solution found"
_EVERYWHERE: Final = " or ".join(_SYSTEMS)
_PIN: Final = re.compile(r"([a-z0-9][a-z0-9-]*)==([A-Za-z0-9.+!]+)(?: ; [^\\;]+?)?(?: \\)?")
_COMPILE: Final = (
    "pip",
    "compile",
    "pyproject.toml",
    "--generate-hashes",
    "--only-binary=:all:",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


class NoSolution(VerifyError):  # noqa: N818 - it is no error of ours: it is an answer
    """There are no versions that go together as they are asked to."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be resolved.

    Attributes:
        name: The name of the lock.
        source: What it is made from, as messages print it.
        digest: SHA-256 of what it is made from.
        flags: uv's flags for where it is to run.
        project: The pyproject.toml that uv is given.
        variables: Environment variables that uv is given.
        outside: Packages that come from an index of their own.
    """

    name: str
    source: str
    digest: str
    flags: tuple[str, ...]
    project: str
    variables: Mapping[str, str]
    outside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Locked:
    """What became of a lock.

    Attributes:
        name: The name of the lock.
        path: Its file.
        status: ``unchanged``, ``written``, or ``outdated`` where it was only checked.
        changes: The packages that come, go or change, one phrase each.
    """

    name: str
    path: Path
    status: Literal["unchanged", "written", "outdated"]
    changes: tuple[str, ...] = ()


def lock_names(root: Path) -> list[str]:
    """Name every lock of a project: one a platform, and those of our own tools and tests."""
    return [*platform_names(root), *GROUPS]


def make_lock(
    root: Path,
    name: str,
    *,
    environ: Mapping[str, str],
    upgrade: bool = False,
    check: bool = False,
) -> Locked:
    """Resolve one lock and write it, whole or not at all.

    Pins and hashes that are locked already stay, so that locking again changes nothing by itself.

    Args:
        root: The project.
        name: A platform, ``tools``, ``tests``, ``mutants`` or ``fuzz``.
        environ: The environment of the caller.
        upgrade: Forget the pins and take the newest versions that fit.
        check: Write nothing; say whether it would change.

    Raises:
        UsageError: When there is no such lock, or its source is wrong.
        IntegrityError: When uv finds a file that has another hash than the one that is locked.
        VerifyError: When uv finds no answer.
        StorageError: When the disk refuses.
    """
    pip = ask_pip(environ, root)
    question = ask(root, name, pip.links)
    before, seed = _present(root, name)
    found = resolve(question, "" if upgrade else seed, pip, environ)
    after = format_lock(name, question.digest, found)
    path = lock_path(root, name)
    if path.is_file() and path.read_bytes() == after:
        return Locked(name, path, "unchanged")
    if not check:
        replace_file(path, after)
    return Locked(name, path, "outdated" if check else "written", tuple(_changes(before, found)))


def ask(root: Path, name: str, links: Sequence[str] = ()) -> Question:
    """Put together what a lock is to answer.

    Raises:
        UsageError: When there is no such lock, or its source is wrong.
    """
    if name in GROUPS:
        return _of_group(root, name)
    return ask_of_platform(load_platform(root, name), links)


def read_any_lock(root: Path, name: str) -> Lock:
    """Read any lock of a project, refusing what `read_lock` refuses."""
    if name in GROUPS:
        question = _of_group(root, name)
        return read_lock_of(root, name, question.digest, question.source)
    return read_lock(root, name)


def ask_of_platform(platform: Platform, links: Sequence[str]) -> Question:
    """Put together what the lock of a platform is to answer, with the directories at hand that offer wheels."""
    sources = {
        package: index.url
        for index in platform.indexes
        for package in index.packages
        if not any(lists_wheel_of(place, [package_of(package)]) for place in links)
    }
    return Question(
        name=platform.name,
        source=f"envs/platforms/{platform.name}.toml",
        digest=platform.digest,
        flags=("--python-platform", platform.python_platform, "--python-version", platform.python),
        project=_project(platform.requirements, platform.ignore_dependencies_of, sources),
        variables={"MACOSX_DEPLOYMENT_TARGET": platform.macos} if platform.macos else {},
        outside=tuple(package_of(package) for index in platform.indexes for package in index.packages),
    )


def _of_group(root: Path, name: str) -> Question:
    """Lock what our own programs need, for every system and Python that they run on."""
    project = tomllib.loads(read_bytes(root / "pyproject.toml", "pyproject.toml", MAX_BYTES).decode())
    group = project.get("dependency-groups", {}).get(name)
    if group is None:
        raise UsageError(f"pyproject.toml has no dependency group `{name}`", "restore it with git")
    wanted = [*project["project"]["dependencies"], *group]
    return Question(
        name=name,
        source="pyproject.toml",
        digest=sha256(json.dumps(wanted).encode()).hexdigest(),
        flags=("--universal", "--python-version", _OLDEST_PYTHON),
        project=_project(wanted, (), {}) + f"environments = {json.dumps(_SYSTEMS)}\n",
        variables={},
    )


def _project(requirements: Sequence[str], without: Sequence[str], sources: Mapping[str, str]) -> str:
    """Write the project that uv resolves; TOML's strings and lists are JSON's."""
    lines = [
        "[project]",
        'name = "locked"',
        'version = "0"',
        f'requires-python = ">={_OLDEST_PYTHON}"',
        f"dependencies = {json.dumps(list(requirements))}",
        "[tool.uv.sources]",
        *(f"{json.dumps(package)} = {{ index = {json.dumps(package)} }}" for package in sources),
        *(line for package, url in sources.items() for line in _explicit_index(package, url)),
        *(line for package in without for line in _alone(package)),
        "[tool.uv]",
    ]
    return "\n".join(lines) + "\n"


def _explicit_index(name: str, url: str) -> list[str]:
    return ["[[tool.uv.index]]", f"name = {json.dumps(name)}", f"url = {json.dumps(url)}", "explicit = true"]


def _alone(package: str) -> list[str]:
    return ["[[tool.uv.dependency-metadata]]", f"name = {json.dumps(package)}", "requires-dist = []"]


def _present(root: Path, name: str) -> tuple[tuple[LockedPackage, ...], str]:
    """Return the packages of the present lock, and what uv is to hold on to.

    Hashes that somebody changed by hand are not held on to: only a whole lock keeps them. One that an editor or a
    merge has damaged is no obstacle, for locking again is the way out of that.
    """
    path = lock_path(root, name)
    if not path.exists():
        return (), ""
    raw = read_bytes(path, f"lockfiles/{name}.txt", MAX_BYTES)
    try:
        _, packages = parse_lock(raw, name)
    except IntegrityError:
        return (), _pins(raw.decode("ascii", "replace"))
    return packages, format_packages(packages)


def _pins(text: str) -> str:
    """Save the pins of a lock that is not whole, except where the two sides of a merge pin different versions."""
    found = [pin for line in text.splitlines() if (pin := _PIN.fullmatch(line))]
    versions: dict[str, set[str]] = {}
    for pin in found:
        versions.setdefault(pin[1], set()).add(pin[2])
    return "\n".join(pin[0].removesuffix(" \\") for pin in found if len(versions[pin[1]]) == 1)


def resolve(
    question: Question, seed: str, pip: Pip, environ: Mapping[str, str], upgrading: Sequence[str] = ()
) -> tuple[LockedPackage, ...]:
    """Resolve in a directory of its own, so that no other project's settings reach in.

    Args:
        question: What is to be resolved.
        seed: The pins and hashes to hold on to where they fit, as a requirements file.
        pip: How pip is configured.
        environ: The environment of the caller.
        upgrading: Requirements whose packages are not held on to.

    Raises:
        NoSolution: When no versions go together.
        IntegrityError: When uv finds a file that has another hash than the one that is held on to.
        VerifyError: When uv fails otherwise.
    """
    useful = [place for place in pip.links if "://" in place or lists_wheel_of(place, question.outside)]
    with tempfile.TemporaryDirectory(prefix="lock-") as directory:
        here = Path(directory)
        (here / "pyproject.toml").write_text(question.project)
        if seed:
            (here / "lock.txt").write_text(seed)
        flags = [*question.flags, *(f"--upgrade-package={word}" for word in upgrading)]
        variables = uv_environment(environ, useful if question.outside else (), **pip.variables, **question.variables)
        _compile(flags, variables, here, f"locking {question.name}")
        found = parse_packages((here / "lock.txt").read_text(), f"uv's lock of {question.name}")
    return tuple(replace(package, marker="") if package.marker == _EVERYWHERE else package for package in found)


def _compile(flags: Sequence[str], variables: Mapping[str, str], here: Path, doing: str) -> None:
    try:
        run_uv([*_COMPILE, *flags, "--output-file", "lock.txt"], environ=variables, cwd=here, doing=doing)
    except VerifyError as error:
        if _UNSOLVED in error.message:
            raise NoSolution(error.message, error.hint) from error
        raise


def _changes(before: Sequence[LockedPackage], after: Sequence[LockedPackage]) -> list[str]:
    old = {package.name: package for package in before}
    new = {package.name: package for package in after}
    return [_change(old.get(name), new.get(name)) for name in sorted(old | new) if old.get(name) != new.get(name)]


def _change(old: LockedPackage | None, new: LockedPackage | None) -> str:
    if old is None or new is None:
        package, verb = (new, "added") if old is None else (old, "removed")
        return f"{package.name} {package.version} {verb}" if package else ""
    if old.version == new.version:
        return f"{new.name} {new.version} has other hashes"
    return f"{new.name} {old.version} -> {new.version}"
