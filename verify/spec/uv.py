"""Runs uv, the tool that resolves and installs, and says in our words what went wrong."""

import ast
import math
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verify.errors import IntegrityError, StorageError, UsageError, VerifyError
from verify.process import Finished, run

_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OURS: Final = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "__PYVENV")
# What uv may take for one thing that it is asked, in minutes. Its own limit is on the pause between two bytes: an index
# that sends one now and then is waited for without end. The largest lock, CUDA's, is some 4 GB: an hour at 1 MB/s.
_LONGEST_MINUTES: Final = 120.0
# A week.
_MOST_MINUTES: Final = 10_080
_MINUTES: Final = "VERIFY_UV_MINUTES"
_FROM_PIP: Final = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
_SAYS: Final = (
    (
        r"Hash mismatch",
        IntegrityError,
        "it is not the file that was locked: find out why before trusting it; nothing was installed",
    ),
    (r"No space left|os error 28|Disk quota", StorageError, "free some space, then run it again"),
    (r"Read-only file system|Permission denied", StorageError, "repair the permissions, then run it again"),
    (
        r"No interpreter found|python-build-standalone|No download found",
        VerifyError,
        "install that Python and put it on PATH, or let uv reach the network to fetch one",
    ),
    (
        r"Failed to fetch|error sending request|dns error|Request failed|timed out|Could not connect|HTTP status",
        VerifyError,
        "look at the network, and at the index that uv or pip is configured to use, then run it again",
    ),
    (
        r"no usable wheels|no wheels|no version of|not found in the package registry|No solution found",
        VerifyError,
        "the index does not have what is asked for: look at the requirements, or at the index in use",
    ),
)


@dataclass(frozen=True, slots=True)
class Pip:
    """How pip is configured here.

    Attributes:
        links: Directories and addresses that offer wheels.
        variables: The other settings, under the names that uv reads; none that the caller set for uv itself.
    """

    links: tuple[str, ...]
    variables: Mapping[str, str]


def find_uv(environ: Mapping[str, str]) -> str:
    """Find uv: the one that VERIFY_UV names, else the one installed with us, else the one on PATH.

    Raises:
        VerifyError: When there is none.
    """
    beside = Path(sys.executable).with_name("uv")
    named = environ.get("VERIFY_UV") or (str(beside) if beside.is_file() else "uv")
    found = shutil.which(named, path=environ.get("PATH", ""))
    if found is None:
        raise VerifyError("uv is not installed", "start with `./noxw`, which brings it, or install uv")
    return found


def run_uv(words: Sequence[str], *, environ: Mapping[str, str], cwd: Path, doing: str) -> Finished:
    """Run uv, with its progress shown.

    Args:
        words: Its arguments.
        environ: Its environment, from `uv_environment`.
        cwd: Where it runs.
        doing: What it is run for, for the message when it fails.

    Raises:
        UsageError: When VERIFY_UV_MINUTES is no number of minutes.
        VerifyError: Or one of its children, when uv fails, or takes longer than those minutes.
    """
    minutes = _minutes(environ)
    finished = run([find_uv(environ), *words], env=environ, cwd=cwd, show=True, seconds=60 * minutes)
    if finished.late:
        raise VerifyError(
            f"{doing}: uv was not done within {minutes:g} minutes",
            f"look at the network and at the index in use; where it is only slow, allow more: {_MINUTES}=600",
        )
    if finished.status != 0:
        raise explained(finished, doing)
    return finished


def _minutes(environ: Mapping[str, str]) -> float:
    told = environ.get(_MINUTES, "")
    try:
        minutes = float(told) if told else _LONGEST_MINUTES
    except ValueError:
        minutes = math.nan
    if not 0 < minutes <= _MOST_MINUTES:
        raise UsageError(f"{_MINUTES} is `{told}`", f"give it a number of minutes above 0, up to {_MOST_MINUTES:,}")
    return minutes


def uv_environment(environ: Mapping[str, str], wheels: Sequence[str] = (), **more: str) -> dict[str, str]:
    """Return the environment that uv runs in: the caller's, less what would steer it off our path.

    Args:
        environ: The caller's environment.
        wheels: Directories and addresses that offer wheels.
        more: Further variables.
    """
    kept = {key: value for key, value in environ.items() if not key.startswith(_OURS)}
    links = ",".join(filter(None, [environ.get("UV_FIND_LINKS", ""), *wheels]))
    return {**kept, **({"UV_FIND_LINKS": links} if links else {}), **more}


def ask_pip(environ: Mapping[str, str], cwd: Path, pythons: Sequence[str] = ("python3", sys.executable)) -> Pip:
    """Ask pip how it is configured, for uv does not read pip's settings.

    Args:
        environ: The environment of the caller.
        cwd: Where to ask.
        pythons: Who may have pip; the first that has it answers. Where none has, nothing is configured.
    """
    settings = dict(_settings(_listing(environ, cwd, pythons)))
    variables = {name: settings[key] for key, name in _FROM_PIP.items() if key in settings and name not in environ}
    return Pip(tuple(settings.get("find-links", "").split()), variables)


def _listing(environ: Mapping[str, str], cwd: Path, pythons: Sequence[str]) -> str:
    for python in pythons:
        path = shutil.which(python, path=environ.get("PATH", ""))
        words = [path or python, "-m", "pip", "--disable-pip-version-check", "config", "list"]
        finished = run(words, env=environ, cwd=cwd) if path else None
        if finished and finished.status == 0:
            return finished.out
    return ""


def _settings(listing: str) -> Iterator[tuple[str, str]]:
    """Yield pip's settings, the strongest last: pip lists them in that order, the environment's first."""
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        found = re.fullmatch(r"(?:global|install|:env:)\.([a-z-]+)=(.*)", line.strip())
        if found:
            yield found[1], str(ast.literal_eval(found[2]))


def explained(finished: Finished, doing: str) -> VerifyError:
    """Turn uv's failure into one line of what and one of what to do."""
    text = _ANSI.sub("", finished.err).replace("\r", "\n")
    said = _last_error(text) or f"uv ended with status {finished.status}"
    for pattern, kind, hint in _SAYS:
        if re.search(pattern, text, re.IGNORECASE):
            return kind(f"{doing}: {said}", hint)
    return VerifyError(f"{doing}: {said}", "read what uv wrote above")


def _last_error(text: str) -> str:
    """Return uv's error with its deepest cause, on one line."""
    errors = re.findall(r"^\s*error: (.+)$", text, re.MULTILINE)
    after = text[text.rfind("error: ") :]
    causes = re.findall(r"^\s*cause: (.+)$", after, re.MULTILINE)
    return ": ".join([*errors[-1:], *causes[-1:]]).strip()
