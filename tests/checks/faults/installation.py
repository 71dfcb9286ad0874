"""Installations that are not what their lock and their records say."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.checks.made_up_site import LOCK, install, sound_site
from verify.checks import installation

THERE = "functional/installed.every_locked_distribution_is_there"
NOTHING_ELSE = "functional/installed.nothing_else_is_installed"
AS_RECORDED = "functional/installed.every_file_is_as_recorded"
BELONGS = "functional/installed.every_file_belongs_to_a_distribution"
IMPORTS = "functional/installed.every_distribution_imports"

CASES = [
    ("a_distribution_that_was_removed", THERE, "", "beta 2.0+cpu is missing"),
    ("another_version_than_the_locked_one", THERE, "", "alpha-one is 1.1, locked 1.0"),
    ("a_distribution_beyond_the_lock", NOTHING_ELSE, "", "gamma 3.0 is not locked"),
    ("a_file_that_was_edited", AS_RECORDED, "", "alpha_one/core.py differs from RECORD"),
    ("a_file_that_was_deleted", AS_RECORDED, "", "alpha_one/core.py is missing"),
    ("a_file_that_was_slipped_in", BELONGS, "", "sitecustomize.py belongs to no distribution"),
    ("a_module_that_does_not_load", IMPORTS, "", "alpha_broken does not import"),
]


@contextmanager
def a_distribution_that_was_removed() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        (site / "beta-2.0+cpu.dist-info").rename(site / "gone")
        yield request


@contextmanager
def another_version_than_the_locked_one() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        metadata = site / "Alpha_One-1.0.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"), encoding="utf-8")
        yield request


@contextmanager
def a_distribution_beyond_the_lock() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        install(site, "gamma", "3.0", {"gamma.py": ""})
        yield request


@contextmanager
def a_file_that_was_edited() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        (site / "alpha_one" / "core.py").write_text("x = 2\n", encoding="utf-8")
        yield request


@contextmanager
def a_file_that_was_deleted() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        (site / "alpha_one" / "core.py").unlink()
        yield request


@contextmanager
def a_file_that_was_slipped_in() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        (site / "sitecustomize.py").write_text("", encoding="utf-8")
        yield request


@contextmanager
def a_module_that_does_not_load() -> Iterator[dict[str, str]]:
    with made_up() as (site, request):
        install(site, "alpha-one", "1.0", {"alpha_broken.py": "import does_not_exist\n"})
        yield request


@contextmanager
def made_up() -> Iterator[tuple[Path, dict[str, str]]]:
    """A sound installation in place of the real one, and what the request must say of it."""
    with tempfile.TemporaryDirectory() as name:
        site, lock = sound_site(Path(name)), Path(name) / "lock.txt"
        lock.write_text(LOCK, encoding="utf-8")
        with (
            patch.object(installation, "site_folders", lambda: [site]),
            patch.object(sys, "path", [str(site), *sys.path]),
        ):
            yield site, {"lock": str(lock)}
