"""The questions about the installation, asked of a site-packages folder that was made up and then broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks.made_up_site import LOCK, install, sound_site
from verify.checks import installation
from verify.checks.functional import installed
from verify.probe.context import Context, Failed
from verify.probe.worker import answer_to

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two distributions, sound, as the lock wants them."""
    site = sound_site(tmp_path)
    monkeypatch.setattr(installation, "site_folders", lambda: [site])
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def ctx(site: Path, tmp_path: Path) -> Context:
    lock = tmp_path / "lock.txt"
    lock.write_text(LOCK, encoding="utf-8")
    return Context(device="", seed=0, threads=1, root=ROOT, lock=lock, scratch=tmp_path, cache=tmp_path)


QUESTIONS = [
    installed.every_locked_distribution_is_there,
    installed.nothing_else_is_installed,
    installed.every_file_is_as_recorded,
    installed.every_file_belongs_to_a_distribution,
    installed.every_distribution_imports,
]


def complaint(question: Callable[[Context], None], ctx: Context) -> str:
    with pytest.raises(Failed) as told:
        question(ctx)
    return str(told.value)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_a_sound_installation_passes(question: Callable[[Context], None], ctx: Context) -> None:
    question(ctx)
    assert ctx.assertions > 0
    assert not ctx.broken


def test_a_removed_distribution_is_named(site: Path, ctx: Context) -> None:
    (site / "beta-2.0+cpu.dist-info").rename(site / "gone")
    assert complaint(installed.every_locked_distribution_is_there, ctx) == "beta 2.0+cpu is missing"


def test_another_version_is_named_with_the_locked_one(site: Path, ctx: Context) -> None:
    metadata = site / "Alpha_One-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"), encoding="utf-8")
    assert complaint(installed.every_locked_distribution_is_there, ctx) == "alpha-one is 1.1, locked 1.0"
    assert "METADATA differs from RECORD" in complaint(installed.every_file_is_as_recorded, ctx)


def test_a_distribution_that_is_there_twice_is_named(site: Path, ctx: Context) -> None:
    install(site, "alpha-one", "0.9", {"alpha_one_old.py": ""})
    assert complaint(installed.every_locked_distribution_is_there, ctx) == "alpha-one is 1.0 and 0.9, locked 1.0"


def test_a_distribution_beyond_the_lock_is_named(site: Path, ctx: Context) -> None:
    install(site, "gamma", "3.0", {"gamma.py": ""})
    assert complaint(installed.nothing_else_is_installed, ctx) == "gamma 3.0 is not locked"


def test_an_old_installation_without_dist_info_is_named(site: Path, ctx: Context) -> None:
    (site / "delta-4.0.egg-info").mkdir()
    (site / "delta-4.0.egg-info" / "PKG-INFO").write_text("Name: delta\nVersion: 4.0\n", encoding="utf-8")
    assert complaint(installed.nothing_else_is_installed, ctx) == "delta 4.0 is not locked"


def test_an_edited_file_is_named(site: Path, ctx: Context) -> None:
    (site / "alpha_one" / "core.py").write_text("x = 2\n", encoding="utf-8")
    assert complaint(installed.every_file_is_as_recorded, ctx) == "alpha_one/core.py differs from RECORD"


def test_an_edited_script_is_named(site: Path, ctx: Context) -> None:
    (site.parents[1] / "bin" / "alpha").write_text("#!/bin/sh\n", encoding="utf-8")
    assert complaint(installed.every_file_is_as_recorded, ctx) == "../../bin/alpha differs from RECORD"


def test_a_deleted_file_is_named(site: Path, ctx: Context) -> None:
    (site / "alpha_one" / "core.py").unlink()
    assert complaint(installed.every_file_is_as_recorded, ctx) == "alpha_one/core.py is missing"


def test_a_missing_record_is_named(site: Path, ctx: Context) -> None:
    (site / "beta-2.0+cpu.dist-info" / "RECORD").unlink()
    assert complaint(installed.every_file_is_as_recorded, ctx) == "beta 2.0+cpu has no RECORD"


def test_missing_metadata_is_named(site: Path, ctx: Context) -> None:
    (site / "beta-2.0+cpu.dist-info" / "METADATA").unlink()
    assert complaint(installed.every_locked_distribution_is_there, ctx) == "beta is unknown, locked 2.0+cpu"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("core.py,sha256=", "core.py,md6=", "alpha_one/core.py is hashed with md6, which is unknown here"),
        ("core.py,", "core.py,,6\nalpha_one/__init__.py,", "alpha_one/core.py has no hash in RECORD"),
    ],
)
def test_a_record_that_proves_nothing_is_named(site: Path, ctx: Context, old: str, new: str, words: str) -> None:
    record = site / "Alpha_One-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text().replace(old, new), encoding="utf-8")
    assert words in complaint(installed.every_file_is_as_recorded, ctx)


@pytest.mark.parametrize("stray", ["sitecustomize.py", "extra.pth", "alpha_one/patch.py", "alpha_one/core.pyc"])
def test_a_file_of_no_distribution_is_named(site: Path, ctx: Context, stray: str) -> None:
    (site / stray).write_text("", encoding="utf-8")
    assert complaint(installed.every_file_belongs_to_a_distribution, ctx) == f"{stray} belongs to no distribution"


@pytest.mark.parametrize("link", ["gamma", "alpha_one/more", "alpha_one/__pycache__/more.pyc", "beta_space/part.py"])
@pytest.mark.parametrize("to_folder", [True, False])
def test_a_link_of_no_distribution_is_named(site: Path, ctx: Context, link: str, to_folder: bool) -> None:
    (site / link).symlink_to(ROOT / "verify" if to_folder else Path(__file__))
    assert complaint(installed.every_file_belongs_to_a_distribution, ctx) == f"{link} belongs to no distribution"


def test_an_environment_that_lets_the_systems_packages_in_is_named(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    (tmp_path / "pyvenv.cfg").write_text("home = x\nInclude-System-Site-Packages = TRUE\n", encoding="utf-8")
    words = complaint(installed.nothing_else_is_installed, ctx)
    assert words.startswith("pyvenv.cfg has include-system-site-packages = true")


def test_a_module_that_does_not_import_is_named_with_the_loaders_words(site: Path, ctx: Context) -> None:
    install(site, "alpha-one", "1.0", {"alpha_broken.py": "import does_not_exist\n"})
    words = complaint(installed.every_distribution_imports, ctx)
    assert "alpha_broken does not import: ModuleNotFoundError: No module named 'does_not_exist'" in words


def test_a_module_from_outside_the_environment_is_named(
    site: Path, ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "alpha-one", "1.0", {"alpha_shadowed.py": ""})
    (tmp_path / "alpha_shadowed.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "alpha_shadowed was imported from outside" in complaint(installed.every_distribution_imports, ctx)


@pytest.mark.parametrize("question", QUESTIONS[:2], ids=lambda question: question.__name__)
def test_an_empty_lock_proves_nothing(question: Callable[[Context], None], ctx: Context) -> None:
    ctx.lock.write_text("# nothing\n", encoding="utf-8")
    assert complaint(question, ctx) == "the lock names no distribution"


def test_many_problems_are_counted_and_the_first_ten_named() -> None:
    assert installation.named(map(str, range(12))) == "0; 1; 2; 3; 4; 5; 6; 7; 8; 9 and 2 more"


@pytest.mark.parametrize(
    ("locked", "installed_version", "same"),
    [
        ("2.0", "2.0", True),
        ("2.0", "2.0+cpu", True),
        ("2.0+cpu", "2.0", False),
        ("2.0+cpu", "2.0+cu13", False),
        ("2.0", "2.0.1", False),
    ],
)
def test_a_local_version_counts_only_where_it_is_locked(locked: str, installed_version: str, same: bool) -> None:
    assert installation.same_version(locked, installed_version) is same


def test_namespaces_are_imported_one_level_down(site: Path) -> None:
    found = {one.name: installation.importable(one) for one in installation.distributions([site])}
    assert found == {"alpha-one": ["alpha_one"], "beta": ["beta_space.part"]}


def test_the_worker_reports_a_broken_installation_as_failed(site: Path, ctx: Context) -> None:
    (site / "alpha_one" / "core.py").write_text("x = 2\n", encoding="utf-8")
    request = {name: str(getattr(ctx, name)) for name in ("root", "lock", "scratch", "cache")}
    source = str(ROOT / "verify" / "checks" / "functional" / "installed.py")
    claim = "every_file_is_as_recorded"
    asked = {"device": "", "seed": 0, "threads": 1, "settings": {}, "modules": [], "source": source, "claim": claim}
    answer = answer_to({**request, **asked})
    assert (answer["outcome"], answer["reason"]) == ("failed", "alpha_one/core.py differs from RECORD")
