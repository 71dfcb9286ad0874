"""A lock with a fault planted in it installs as any other does."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.gate.planted import Wheel, planted_lock, repacked
from verify.errors import IntegrityError
from verify.run.exclusive import alone
from verify.spec.builds import live_build, python_of
from verify.spec.candidate import candidate_path, read_foreign
from verify.spec.lock import Lock, LockedPackage, read_lock
from verify.spec.platform import load_platform
from verify.spec.provision import provision_lock

OURS = Path(__file__).resolve().parents[2]
PLATFORM = "linux-x86_64-cpu"
MODULE = "odd_one/__init__.py"
RECORD = """\
../../bin/odd,sha256=x,1
Odd_One-1.0.dist-info/INSTALLER,sha256=x,2
Odd_One-1.0.dist-info/METADATA,sha256=x,3
Odd_One-1.0.dist-info/RECORD,,
Odd_One-1.0.dist-info/WHEEL,sha256=x,4
odd_one/__init__.py,sha256=x,5
odd_one/__pycache__/__init__.cpython-311.pyc,,
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A place where one small distribution is installed."""
    place = tmp_path / "site"
    info = place / "Odd_One-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "odd_one").mkdir()
    (place / MODULE).write_text("fast = True\nslow = False\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Odd_One\nVersion: 1.0\n\nVersion: in the text\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "RECORD").write_text(RECORD)
    return place


def pack(site: Path, old: str = "fast = True", name: str = "odd.one", module: str = MODULE) -> Wheel:
    edits = {module: (old, "fast = False")}
    return repacked(site, name, version="1.0+slow", edits=edits, folder=site.parent / "wheels")


def installed(wheel: Wheel, target: Path) -> str:
    """Install a wheel with uv, which compares every file with the wheel's RECORD; return the edited file."""
    uv = OURS / ".tools" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("needs uv: ./noxw")
    words = [str(uv), "pip", "install", "--quiet", "--no-deps", "--offline", "--target", str(target), str(wheel.path)]
    subprocess.run(words, check=True)
    return (target / MODULE).read_text()


def test_what_is_packed_again_installs_with_its_edit_and_its_version(site: Path, tmp_path: Path) -> None:
    wheel = pack(site)
    assert (wheel.name, wheel.version) == ("odd-one", "1.0+slow")
    assert wheel.path.name == "odd_one-1.0+slow-py3-none-any.whl"
    assert installed(wheel, tmp_path / "target") == "fast = False\nslow = False\n"
    metadata = (tmp_path / "target" / "odd_one-1.0+slow.dist-info" / "METADATA").read_text()
    assert "\nVersion: 1.0+slow\n" in metadata
    assert metadata.endswith("\nVersion: in the text\n")
    assert (site / MODULE).read_text() == "fast = True\nslow = False\n"


def test_equal_edits_give_equal_bytes(site: Path) -> None:
    assert pack(site) == pack(site)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"old": "gone"}, "0 times"),
        ({"old": "e\n"}, "odd_one/__init__.py holds the text to edit 2 times"),
        ({"old": "s"}, "3 times"),
        ({"module": "odd_one/other.py"}, "odd_one/other.py holds the text to edit 0 times"),
        ({"name": "another"}, "another is installed 0 times"),
    ],
)
def test_an_edit_that_does_not_hit_once_is_refused(site: Path, change: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pack(site, **change)


def test_what_is_built_for_one_machine_is_refused(site: Path) -> None:
    (site / "Odd_One-1.0.dist-info" / "WHEEL").write_text("Tag: cp311-cp311-linux_x86_64\n")
    with pytest.raises(ValueError, match="only pure Python"):
        pack(site)


def test_a_planted_lock_differs_in_the_planted_packages_alone(site: Path) -> None:
    other = LockedPackage("other", "1.0", ("a" * 64,))
    lock = Lock(site, "box", "", "0" * 64, (LockedPackage("odd-one", "1.0", ("b" * 64, "c" * 64)), other))
    wheel = pack(site)
    (site.parent / "lock.txt").write_bytes(planted_lock(lock, [wheel]))
    text = (site.parent / "lock.txt").read_text()
    assert f"odd-one==1.0+slow \\\n    --hash=sha256:{wheel.sha256}\nother==1.0 \\\n" in text
    with pytest.raises(ValueError, match="does not hold odd-one"):
        planted_lock(replace(lock, packages=(other,)), [wheel])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of this project in which nothing is installed."""
    root = tmp_path / "a project"
    for part in ("envs", "lockfiles"):
        shutil.copytree(OURS / part, root / part)
    return root


def slow_peft(build: Path, folder: Path, mark: str) -> Wheel:
    (site,) = build.glob("lib/python*/site-packages")
    edits = {"peft/__init__.py": ("__version__ = ", f"planted = {mark!r}\n__version__ = ")}
    return repacked(site, "peft", version="0.0.1+planted", edits=edits, folder=folder)


def candidate(root: Path, wheel: Wheel) -> Lock:
    """The lock of two packages with the wheel in it: installing does not look at what packages ask for."""
    whole = read_lock(root, PLATFORM)
    few = replace(whole, packages=tuple(each for each in whole.packages if each.name in {"peft", "packaging"}))
    candidate_path(root, PLATFORM).write_bytes(planted_lock(few, [wheel]))
    return read_foreign(root, candidate_path(root, PLATFORM), PLATFORM)


def told(build: Path) -> tuple[str, str]:
    """What a build says of its peft: the installed version, and the mark in its code."""
    asked = "from importlib.metadata import version; print(version('peft'))"
    said = subprocess.run([str(python_of(build)), "-c", asked], capture_output=True, text=True, check=True).stdout
    (code,) = build.glob("lib/python*/site-packages/peft/__init__.py")
    return said.strip(), code.read_text().partition("planted = ")[2].partition("\n")[0]


@pytest.mark.environment
def test_a_lock_with_a_repacked_peft_is_built_aside(copy: Path, tmp_path: Path) -> None:
    build = live_build(OURS, "cpu")
    if build is None:
        pytest.skip("needs the environment `cpu`: ./noxw -s setup-cpu")
    wheels, platform = tmp_path / "wheels", load_platform(copy, PLATFORM)
    environ = {**os.environ, "UV_FIND_LINKS": str(wheels), "UV_CACHE_DIR": str(tmp_path / "cache")}

    def aside(lock: Lock) -> Path:
        return provision_lock(copy, "gate-new", platform, lock, environ=environ, report=lambda _: None)

    with alone(copy / ".environments" / "run"):
        first = candidate(copy, slow_peft(build, wheels, "first"))
        assert told(aside(first)) == ("0.0.1+planted", "'first'")
        # Another fault under the same name and version is another file, which uv must not take from its cache.
        second = slow_peft(build, wheels, "second")
        assert told(aside(candidate(copy, second))) == ("0.0.1+planted", "'second'")
        with pytest.raises(IntegrityError, match="Hash mismatch"):
            aside(candidate(copy, replace(second, sha256="0" * 64)))
        assert told(copy / ".environments" / "gate-new")[1] == "'second'"
