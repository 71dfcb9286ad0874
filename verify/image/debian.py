"""A Debian to stand on, made here by mmdebstrap: the same packages give the same bytes, and no registry is asked."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from verify.errors import UsageError, VerifyError
from verify.image.engine import Engine, Image, find_image
from verify.image.recipe import EPOCH, said_time
from verify.process import run

# Its Python is 3.11, which lockfiles/linux-x86_64-cpu.txt is for.
SUITE: Final = "bookworm"
INCLUDED: Final = "ca-certificates,python3"
_RECIPE: Final = 'FROM scratch\nADD base.tar /\nCMD ["/bin/sh"]\n'
_BUILD: Final = {"docker": ("buildx", "build", "--load", "--provenance=false")}


def base_tag(suite: str) -> str:
    """The name of a base that was made here."""
    return f"localhost/llm-verify-base:{suite}"


def debian_words(suite: str, tar: Path, more: Sequence[str] = ()) -> list[str]:
    """The command that makes the file system of a Debian."""
    return ["mmdebstrap", "--variant=minbase", f"--include={INCLUDED}", *more, suite, str(tar)]


def make_base(engine: Engine, suite: str, environ: Mapping[str, str], more: Sequence[str] = ()) -> Image:
    """Make a Debian and put it into the engine's store.

    Args:
        engine: Whose store.
        suite: Which Debian.
        environ: The environment of the caller.
        more: Further words for mmdebstrap.

    Raises:
        UsageError: mmdebstrap is not installed.
        VerifyError: It, or the engine, failed.
    """
    if shutil.which("mmdebstrap", path=environ.get("PATH", "")) is None:
        raise UsageError("mmdebstrap is not installed", "install it, or give a base: --base NAME@sha256:…")
    epoch = str(said_time(environ.get("SOURCE_DATE_EPOCH") or str(EPOCH)))
    with TemporaryDirectory(prefix="base-", dir=environ.get("TMPDIR")) as name:
        # mmdebstrap's own user must reach it.
        os.chmod(name, 0o755)  # noqa: PTH101, S103 - nothing secret is in it
        folder = Path(name)
        words = debian_words(suite, folder / "base.tar", more)
        _must(words, {**environ, "SOURCE_DATE_EPOCH": epoch}, folder, f"mmdebstrap could not make {suite}")
        (folder / "Dockerfile").write_text(_RECIPE, encoding="utf-8")
        dated = () if engine.name == "docker" else ("--timestamp", epoch)
        build = [engine.name, *_BUILD.get(engine.name, ("build",)), *dated, "--tag", base_tag(suite), "."]
        _must(build, engine.environ, folder, f"{engine.name} could not take {suite}")
    image = find_image(engine, base_tag(suite))
    if image is None:
        raise VerifyError(f"{engine.name} took {base_tag(suite)}, and does not find it", "look into its store")
    return image


def _must(words: Sequence[str], environ: Mapping[str, str], folder: Path, what: str) -> None:
    finished = run(words, env=environ, cwd=folder, show=True)
    if finished.status != 0:
        raise VerifyError(f"{what}: status {finished.status}", "read what it says above")
