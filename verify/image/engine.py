"""The engine that builds and runs images: docker, podman or buildah, whichever is there."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from verify.errors import UsageError, VerifyError
from verify.process import Finished, run

Name = Literal["docker", "podman", "buildah"]
# In this order: docker where its daemon answers, for there images are expected; else what needs no daemon.
ORDER: Final[tuple[Name, ...]] = ("docker", "podman", "buildah")
# What each can be asked that fails where it cannot build, such as docker without a daemon or without BuildKit.
_READY: Final[dict[Name, tuple[tuple[str, ...], ...]]] = {
    "docker": (("info",), ("buildx", "version")),
    "podman": (("info",),),
    "buildah": (("info",),),
}


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers.

    Attributes:
        name: Which one.
        environ: The environment that its commands run in.
    """

    name: Name
    environ: Mapping[str, str]

    def ask(self, *words: str) -> Finished:
        """Run one of its commands, silently."""
        return run([self.name, *words], env=self.environ, cwd=Path.cwd())


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the engine's store.

    Attributes:
        digest: Of its configuration, which names its layers: ``sha256:`` and 64 hexadecimal digits.
        labels: Its labels.
        user: Who runs in it.
        variables: The environment variables that it sets, as ``NAME=value``.
    """

    digest: str
    labels: Mapping[str, str]
    user: str
    variables: tuple[str, ...]


def find_engine(environ: Mapping[str, str], wanted: Name | None = None, *, running: bool = False) -> Engine:
    """The engine to use: the one that is named, else the first of docker, podman and buildah that answers.

    Args:
        environ: The environment of the caller.
        wanted: Its name.
        running: Whether it is to run containers by their entry point, which buildah does not.

    Raises:
        UsageError: The one that is named does not do that.
        VerifyError: None answers.
    """
    if running and wanted == "buildah":
        raise UsageError("buildah builds images and runs no containers", "run it with podman, which shares its store")
    for name in [wanted] if wanted else [name for name in ORDER if not (running and name == "buildah")]:
        engine = Engine(name, environ)
        if shutil.which(name, path=environ.get("PATH", "")) and answers(engine):
            return engine
    what = f"{wanted} does not answer" if wanted else "no engine for containers answers"
    raise VerifyError(what, "install podman, or start docker's daemon (with buildx)")


def answers(engine: Engine) -> bool:
    """Whether it can build here, and not only be called."""
    return all(engine.ask(*words).status == 0 for words in _READY[engine.name])


def find_image(engine: Engine, reference: str) -> Image | None:
    """An image in the engine's store; None where it has none of that name.

    Raises:
        VerifyError: What the engine says of it cannot be read.
    """
    inspect = ("inspect", "--type", "image") if engine.name == "buildah" else ("image", "inspect")
    finished = engine.ask(*inspect, reference)
    if finished.status != 0:
        return None
    try:
        return _image(json.loads(finished.out))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise VerifyError(
            f"what {engine.name} says of {reference} cannot be read", "look at its version; the newest is tried"
        ) from error


def _image(told: Any) -> Image:
    """What docker and podman tell as a list, and buildah as one object of other names."""
    if isinstance(told, dict):
        config = told["OCIv1"].get("config", {})
        return _made(told["FromImageID"], config)
    return _made(told[0]["Id"], told[0].get("Config") or {})


def _made(digest: str, config: Mapping[str, Any]) -> Image:
    return Image(
        digest=f"sha256:{digest.removeprefix('sha256:')}",
        labels=dict(config.get("Labels") or {}),
        user=str(config.get("User") or ""),
        variables=tuple(config.get("Env") or ()),
    )
