import sys
from pathlib import Path

import pytest

from verify.errors import UsageError
from verify.run.own import SUITE, Found, every_check

CHECK = '''
import sys
from verify.probe.check import check

assert "pydantic" not in sys.modules, "imported by the supervisor itself"

@check(level="quick")
def is_wet(ctx):
    """Water is wet, whoever asks.

    Look for a towel.
    """
    ctx.require(True, "dry")
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that distributions are installed in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(site: Path, value: str, **files: str) -> None:
    """What an installer leaves of a distribution that names its checks so."""
    info = site / "acme_checks-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[verify.checks]\nacme = {value}\n")
    for name, text in files.items():
        path = site / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def foreign(places: tuple[Path, ...] = ()) -> list[Found]:
    return [item for item in every_check(places) if item.origin != SUITE]


@pytest.mark.parametrize(
    ("value", "file", "topic"),
    [
        ("acme_water", "acme_water", "acme_water"),
        ("acme_folder", "acme_folder__water", "water"),
        ("acme_deep.inner.checks", "acme_deep__inner__checks__water", "water"),
        ("acme_dotted.water", "acme_dotted__water", "water"),
    ],
    ids=["module", "namespace", "nested namespaces", "module in a folder"],
)
def test_a_distribution_brings_checks_and_is_never_imported_here(site: Path, value: str, file: str, topic: str) -> None:
    install(site, value, **{file: CHECK})
    before = set(sys.modules)
    (item,) = foreign()
    assert (item.check.id, item.origin) == (f"{topic}.is_wet", "acme-checks 1.2")
    assert Path(item.check.source) == (site / f"{file.replace('__', '/')}.py").resolve()
    assert not [name for name in set(sys.modules) - before if name.startswith(("acme_", "verify_own_checks"))]


def test_a_package_is_a_folder_of_checks_and_its_own_code_is_not_run(site: Path) -> None:
    install(site, "acme_package.checks", acme_package__checks__water=CHECK)
    (site / "acme_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    (site / "acme_package" / "checks" / "__init__.py").write_text("raise RuntimeError('imported')")
    assert [item.check.id for item in foreign()] == ["water.is_wet"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no_such_module_anywhere", "names no module or folder"),
        ("acme_half.absent", "names no module or folder"),
        ("acme_half:thing", "names no module or folder"),
        ("not a module!", "names no module or folder"),
        ("sys", "names no module or folder"),
        ("acme_half", "water.py: SyntaxError"),
        ("acme_ends", "ended its process"),
    ],
)
def test_a_broken_entry_point_names_its_distribution(site: Path, value: str, why: str) -> None:
    install(site, value, acme_half__water="def broken(:", acme_ends="import os; os._exit(3)")
    with pytest.raises(UsageError, match=r"^acme-checks 1\.2: ") as error:
        every_check()
    assert why in error.value.message
    assert "distribution" in error.value.hint


@pytest.mark.parametrize("text", [b"[console_scripts]\na\n", b"[verify.checks]\nacme = \xff\n"], ids=["word", "bytes"])
def test_a_malformed_file_of_entry_points_names_its_distribution(site: Path, text: bytes) -> None:
    install(site, "acme_water", acme_water=CHECK)
    (site / "acme_checks-1.2.dist-info" / "entry_points.txt").write_bytes(text)
    with pytest.raises(UsageError, match=r"^acme-checks 1\.2: its entry_points\.txt in .*site is malformed") as error:
        every_check()
    assert "distribution" in error.value.hint


@pytest.mark.parametrize("file", ["acme_empty", "acme_empty___hidden"], ids=["module", "folder"])
def test_a_distribution_that_brings_no_check_is_refused(site: Path, file: str) -> None:
    install(site, "acme_empty", **{file: "ANSWER = 42\n"})
    with pytest.raises(UsageError, match=r"^acme-checks 1\.2: it brings no check: there is none in .*acme_empty"):
        every_check()


def test_an_own_check_tells_its_file(tmp_path: Path) -> None:
    path = tmp_path / "water.py"
    path.write_text(CHECK)
    for place in (tmp_path, path):
        (item,) = foreign((place,))
        assert (item.check.id, item.origin) == ("water.is_wet", str(path.resolve()))


def test_two_checks_of_one_name_are_told_by_where_they_are_from(site: Path, tmp_path: Path) -> None:
    install(site, "acme_folder", acme_folder__water=CHECK)
    (tmp_path / "water.py").write_text(CHECK)
    with pytest.raises(UsageError, match=r"water\.py: water\.is_wet is already a check of acme-checks 1\.2"):
        every_check([tmp_path / "water.py"])
