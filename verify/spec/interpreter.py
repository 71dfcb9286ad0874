"""The interpreter of an environment that was set up: its path, and the exact variables that it runs with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from verify.errors import IntegrityError, UsageError
from verify.spec.builds import current_environment, live_build, python_of, stamp_of
from verify.spec.lock import read_lock

_KEPT: Final = ("HOME", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
_SET: Final = MappingProxyType(
    {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUTF8": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
)
# A check must find the same things with a network as without.
_OFFLINE: Final = MappingProxyType({"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"})
# What reaching the hub may take: its own settings, a way through a proxy, and whom to trust there.
_HUB: Final = (
    *("HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "HF_ENDPOINT", *_OFFLINE),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python under test.

    Attributes:
        environment: The name of the environment.
        platform: The platform that is installed there.
        python: The interpreter, inside the build that was live when it was looked up.
        lock_digest: SHA-256 of the lock that it was built from, 64 hexadecimal digits.
        environment_variables: Everything it may see of the caller's environment, and nothing more.
    """

    environment: str
    platform: str
    python: Path
    lock_digest: str
    environment_variables: Mapping[str, str]


def interpreter_of(root: Path, name: str | None, *, environ: Mapping[str, str]) -> Interpreter:
    """Find the interpreter of an environment.

    Args:
        root: The project.
        name: The environment; None for the one that was set up last.
        environ: The environment of the caller.

    Raises:
        UsageError: When it is not set up, its lock has changed since, or its platform's file is wrong.
        IntegrityError: When its lock is not whole.
    """
    chosen = name or current_environment(root)
    build = live_build(root, chosen) if chosen else None
    if chosen is None or build is None:
        _refuse_unknown(root, name)
        what = f"`{chosen}` is not set up" if chosen else "no environment is set up"
        raise UsageError(what, f"run `./noxw -s setup{f'-{name}' if name else ''}`")
    stamp = stamp_of(build)
    if stamp is None:
        raise UsageError(f"the environment `{chosen}` is not whole", f"run `./noxw -s setup-{chosen}`")
    if _lock_digest(root, stamp.platform) != stamp.lock_digest:
        raise UsageError(
            f"lockfiles/{stamp.platform}.txt has changed since `{chosen}` was set up",
            f"run `./noxw -s setup-{chosen}`",
        )
    return Interpreter(chosen, stamp.platform, python_of(build), stamp.lock_digest, worker_variables(build, environ))


def _refuse_unknown(root: Path, name: str | None) -> None:
    # What reads TOML is imported where something is wrong: it takes longer than finding an interpreter.
    from verify.spec.environment import load_environment

    if name is not None:
        load_environment(root, name)


def _lock_digest(root: Path, platform: str) -> str:
    try:
        return read_lock(root, platform).digest
    except IntegrityError:
        from verify.spec.platform import load_platform

        # A platform's file that is broken differs from what was locked, and then says more than that.
        load_platform(root, platform)
        raise


def worker_variables(build: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables of a worker: an allow-list, so that no shell changes what is measured."""
    kept = {key: environ[key] for key in _KEPT if key in environ}
    path = f"{build / 'bin'}:{environ.get('PATH', '/usr/bin:/bin')}"
    return MappingProxyType({**kept, **_SET, **_OFFLINE, "PATH": path, "VIRTUAL_ENV": str(build)})


def with_hub(variables: Mapping[str, str], environ: Mapping[str, str]) -> Mapping[str, str]:
    """A worker's variables for work of a user's own, which may ask the Hugging Face hub as the user's shell does."""
    without = {key: value for key, value in variables.items() if key not in _OFFLINE}
    return MappingProxyType(without | {key: environ[key] for key in _HUB if key in environ})
