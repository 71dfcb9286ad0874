"""Building an image, with what pip is configured to here and without leaving any of it behind."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from verify.errors import IntegrityError, VerifyError
from verify.image.engine import Engine, Image, Name, find_image
from verify.image.recipe import DOCKERFILE, Recipe
from verify.process import run
from verify.spec.environment import load_environment
from verify.spec.lock import read_lock
from verify.spec.platform import load_platform
from verify.spec.uv import Pip, ask_pip
from verify.spec.wheels import locked_wheels

# Where the Dockerfile mounts them.
WHEELS: Final = "/wheels"
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# How each says: build from this file, as docker writes it (the OCI's own format has no HEALTHCHECK), and let it be of
# one time.
_BUILD: Final[dict[Name, tuple[str, ...]]] = {
    "docker": ("buildx", "build", "--load", "--provenance=false"),
    "podman": ("build", "--format", "docker"),
    "buildah": ("build", "--format", "docker"),
}


@dataclass(frozen=True, slots=True)
class Supply:
    """What a build is given besides the tree, for its time only.

    Attributes:
        pip: pip's configuration file; None for none.
        certificates: Whom to trust, a file; None for what the base trusts.
        wheels: A folder of wheels; None for none.
    """

    pip: Path | None = None
    certificates: Path | None = None
    wheels: Path | None = None


def build_words(engine: Name, recipe: Recipe, supply: Supply, more: Sequence[str] = ()) -> list[str]:
    """The engine's command that builds an image, in the project's folder."""
    words = [engine, *_BUILD[engine], "--file", DOCKERFILE, "--target", recipe.target, "--tag", recipe.tag]
    for name, value in recipe.arguments().items():
        words += ["--build-arg", f"{name}={value}"]
    for name, path in (("pip", supply.pip), ("certificates", supply.certificates)):
        words += ["--secret", f"id={name},src={path}"] if path else []
    words += ["--build-context", f"wheels={supply.wheels}"] if supply.wheels else []
    # BuildKit reads the time from the argument of that name; the others want it told. Nothing that was kept of an
    # earlier build is taken, for it may be of another time.
    words += [] if engine == "docker" else ["--timestamp", str(recipe.epoch), "--layers=false"]
    return [*words, *more, "."]


def build(root: Path, engine: Engine, recipe: Recipe, more: Sequence[str] = ()) -> Image:
    """Build an image, and look whether it is the one that was asked for.

    Args:
        root: The project.
        engine: What builds.
        recipe: From what.
        more: Further words for the engine's command.

    Raises:
        VerifyError: The build failed.
        IntegrityError: The image does not say what it was built from.
    """
    with supplied(root, recipe, engine.environ) as supply:
        words = build_words(engine.name, recipe, supply, more)
        finished = run(words, env=engine.environ, cwd=root, show=True)
    if finished.status != 0:
        raise VerifyError(
            f"{engine.name} could not build {recipe.tag}: {_last(finished.err)}", "read what it says above"
        )
    image = find_image(engine, recipe.tag)
    if image is None:
        raise VerifyError(f"{engine.name} built {recipe.tag}, and does not find it", "look into its store")
    differing = [name for name, value in recipe.labels().items() if image.labels.get(name) != value]
    if differing:
        raise IntegrityError(
            f"the image says otherwise of its {differing[0]}", "build it again; let nobody else tag it"
        )
    return image


@contextmanager
def supplied(root: Path, recipe: Recipe, environ: Mapping[str, str]) -> Iterator[Supply]:
    """What pip is configured to on this machine, as files that are there for the time of a build.

    Of the folders of wheels the first that holds one of the lock is given: an engine mounts one.
    """
    pip = ask_pip(environ, root)
    platform = load_platform(root, load_environment(root, recipe.environment).platform)
    packages = read_lock(root, platform.name).packages
    holding = [link for link in pip.links if locked_wheels(link, packages, platform.python)]
    wheels = Path(holding[0]) if holding else None
    trusted = environ.get("SSL_CERT_FILE", pip.variables.get("SSL_CERT_FILE"))
    with TemporaryDirectory(prefix="image-") as folder:
        configuration = pip_configuration(pip, wheels=wheels is not None, certificates=trusted is not None)
        written = Path(folder) / "pip.conf" if configuration else None
        if written:
            written.write_text(configuration, encoding="utf-8")
        yield Supply(written, Path(trusted) if trusted else None, wheels)


def pip_configuration(pip: Pip, *, wheels: bool, certificates: bool) -> str:
    """The configuration of pip for the time of a build: where packages are found; empty where that is as usual."""
    links = [link for link in pip.links if "://" in link and not link.startswith("file:")]
    links += [WHEELS] if wheels else []
    index = pip.variables.get("UV_DEFAULT_INDEX")
    lines = [f"index-url = {index}"] if index else []
    lines += [f"find-links = {' '.join(links)}"] if links else []
    # uv asks pip whom to trust, for it brings a list of its own.
    lines += [f"cert = {CERTIFICATES}"] if certificates else []
    return "\n".join(["[global]", *lines]) + "\n" if lines else ""


def _last(text: str) -> str:
    lines = [line for line in _ANSI.sub("", text).splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it says nothing"
