"""What set-up costs: cold against pip with the same lock, warm against nox doing nothing."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.pairs import command, compare, row

WARM_ROUNDS = 7


def rows(root: Path, rounds: int) -> Iterator[str]:
    """Warm always; cold when rounds are asked for: each takes minutes and gigabytes."""
    verify, name = str(root / ".tools/bin/verify"), _environment(root)
    warm = compare(
        command([str(root / "noxw"), "-s", f"setup-{name}"]), command([str(root / "noxw"), "--version"]), WARM_ROUNDS
    )
    yield row("`setup`, unchanged", "`nox --version`", warm, f"+{warm.difference:.3f} s")
    if rounds:
        with tempfile.TemporaryDirectory(dir=root, prefix=".benchmark-") as folder:
            cold = compare(_setup(root, Path(folder), verify, name), _pip(root, Path(folder), name), rounds)
        yield row("`setup`, cold", "`pip install --require-hashes`", cold, f"{cold.ratio:.2f} (aim: ≤ 0.35)")


def _environment(root: Path) -> str:
    return (root / ".environments/current").read_text(encoding="utf-8").strip()


def _setup(root: Path, folder: Path, verify: str, name: str) -> Callable[[], float]:
    """Set-up of a copy of the project, with a cache of uv's that is empty."""

    def timed() -> float:
        project = folder / "project"
        shutil.rmtree(project, ignore_errors=True)
        for part in ("envs", "lockfiles", "policy", "pyproject.toml"):
            source = root / part
            if source.is_dir():
                shutil.copytree(source, project / part)
            else:
                shutil.copy(source, project / part)
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            return command([verify, "--root", str(project), "setup", name], {"UV_CACHE_DIR": cache})()

    return timed


def _pip(root: Path, folder: Path, name: str) -> Callable[[], float]:
    """The way of pip to the same environment; torch comes from wherever pip is configured to find it."""
    platform = next(
        line.split('"')[1]
        for line in (root / f"envs/{name}.toml").read_text(encoding="utf-8").splitlines()
        if line.startswith("platform")
    )
    lock = root / f"lockfiles/{platform}.txt"

    def timed() -> float:
        target = folder / "pip"
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run([str(root / ".tools/bin/python"), "-m", "venv", str(target)], check=True)
        words = ["-m", "pip", "install", "-q", "--no-cache-dir", "--no-deps", "--require-hashes", "-r", str(lock)]
        start = time.perf_counter()
        subprocess.run([str(target / "bin/python"), *words], check=True, env=dict(os.environ))
        return time.perf_counter() - start

    return timed
