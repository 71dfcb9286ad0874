"""What an image is built from: the arguments of the Dockerfile, computed from the tree."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import verify
from verify.errors import UsageError
from verify.image.engine import Engine, find_image
from verify.image.source import source_digest
from verify.process import run
from verify.spec.environment import load_environment
from verify.spec.lock import read_lock

DOCKERFILE: Final = "docker/Dockerfile"
# The time that everything in an image is said to be of where nothing tells another: the first second of 2025.
EPOCH: Final = 1_735_689_600
# Wheels are zip archives, whose times begin with 1980.
OLDEST: Final = 315_532_800
_PINNED: Final = re.compile(r"[^@\s]+@(sha256:[0-9a-f]{64})")
_LABELS: Final = ("llm-verify.environment", "llm-verify.lock.digest", "llm-verify.source.digest")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is built from.

    Attributes:
        environment: The machine class.
        target: The stage of the Dockerfile.
        base: The image that it stands on.
        base_digest: Its digest, ``sha256:`` and 64 hexadecimal digits.
        lock: Digest of the platform's lock, 64 hexadecimal digits.
        source: Digest of what the image holds of the project.
        epoch: The time that everything in it is said to be of, in seconds since 1970.
    """

    environment: str
    target: str
    base: str
    base_digest: str
    lock: str
    source: str
    epoch: int

    @property
    def tag(self) -> str:
        """The name that the image gets."""
        return tag_of(self.environment)

    def arguments(self) -> dict[str, str]:
        """The build arguments of the Dockerfile."""
        return {
            "BASE_IMAGE": self.base,
            "BASE_DIGEST": self.base_digest,
            "ENVIRONMENT": self.environment,
            "LOCK_DIGEST": f"sha256:{self.lock}",
            "SOURCE_DIGEST": f"sha256:{self.source}",
            "SOURCE_DATE_EPOCH": str(self.epoch),
            "VERSION": verify.__version__,
        }

    def labels(self) -> dict[str, str]:
        """What the image must say of itself afterwards."""
        values = (self.environment, f"sha256:{self.lock}", f"sha256:{self.source}")
        return dict(zip(_LABELS, values, strict=True))


def tag_of(environment: str) -> str:
    """The name of an environment's image in the engine's store."""
    return f"localhost/llm-verify:{environment}"


def recipe_of(root: Path, environment: str, base: str, environ: Mapping[str, str], engine: Engine | None) -> Recipe:
    """Put together what an image is built from.

    Args:
        root: The project.
        environment: The machine class.
        base: The image to stand on: with its digest, or one in the engine's store.
        environ: The environment of the caller; its ``SOURCE_DATE_EPOCH`` goes before the last commit's time.
        engine: Whose store may have the base; None where only a digest will do.

    Raises:
        UsageError: The environment is not one for Linux, or the base is not pinned.
        IntegrityError: The lock is not whole.
    """
    chosen = load_environment(root, environment)
    if chosen.machine.system != "Linux":
        raise UsageError(f"`{environment}` is for {chosen.machine.system}: images run Linux", "choose cpu or cuda")
    return Recipe(
        environment=environment,
        target="cuda" if "cuda" in chosen.devices else "cpu",
        base=base,
        base_digest=_digest_of(base, engine),
        lock=read_lock(root, chosen.platform).digest,
        source=source_digest(root),
        epoch=_epoch(root, environ),
    )


def _digest_of(base: str, engine: Engine | None) -> str:
    pinned = _PINNED.fullmatch(base)
    if pinned:
        return pinned[1]
    image = find_image(engine, base) if engine else None
    if image is None:
        raise UsageError(
            f"the base `{base}` names no digest" + ("" if engine is None else ", and is not in the engine's store"),
            "pin it: NAME@sha256:…, or make one here: verify image base",
        )
    return image.digest


def _epoch(root: Path, environ: Mapping[str, str]) -> int:
    said = environ.get("SOURCE_DATE_EPOCH", "")
    if said:
        return said_time(said)
    if not (root / ".git").exists():
        return EPOCH
    finished = run(["git", "log", "-1", "--format=%ct"], env=environ, cwd=root)
    return int(finished.out.strip()) if finished.out.strip().isdecimal() else EPOCH


def said_time(said: str) -> int:
    """The caller's ``SOURCE_DATE_EPOCH``.

    Raises:
        UsageError: It is no number, or of a time that no wheel can have.
    """
    if not said.isdecimal() or int(said) < OLDEST:
        what = f"SOURCE_DATE_EPOCH is no number of seconds from {OLDEST} on, which is 1980"
        raise UsageError(what, "unset it, or give seconds since 1970")
    return int(said)
