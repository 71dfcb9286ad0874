import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from verify.errors import IntegrityError, UsageError
from verify.spec.lock import LockedPackage, format_packages, read_lock
from verify.spec.resolve import Locked, ask, lock_names, make_lock, read_any_lock

OURS = Path(__file__).resolve().parents[2]

# Pretends to resolve: keeps what it was given, and answers with FAKE_ANSWER, or with what was locked before.
RESOLVER = """\
#!/bin/sh
cp pyproject.toml "$FAKE_LOG.project"
cp lock.txt "$FAKE_LOG.seed" 2>/dev/null || : > "$FAKE_LOG.seed"
echo "$*" > "$FAKE_LOG"
echo "$MACOSX_DEPLOYMENT_TARGET $UV_FIND_LINKS" > "$FAKE_LOG.variables"
if [ -n "$FAKE_ANSWER" ]; then cp "$FAKE_ANSWER" lock.txt; fi
"""


@pytest.fixture
def resolver(environ: Mapping[str, str], tmp_path: Path) -> Mapping[str, str]:
    Path(environ["VERIFY_UV"]).write_text(RESOLVER)
    return {**environ, "FAKE_ANSWER": ""}


def answering(resolver: Mapping[str, str], tmp_path: Path, *packages: LockedPackage) -> Mapping[str, str]:
    answer = tmp_path / "answer.txt"
    answer.write_text(format_packages(packages))
    return {**resolver, "FAKE_ANSWER": str(answer)}


def seed(resolver: Mapping[str, str]) -> str:
    return Path(resolver["FAKE_LOG"] + ".seed").read_text()


NUMPY = LockedPackage("numpy", "9.0", ("a" * 64,))


def test_locking_again_with_nothing_new_changes_no_byte(project: Path, resolver: Mapping[str, str]) -> None:
    path = project / "lockfiles" / "box.txt"
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    assert make_lock(project, "box", environ=resolver) == Locked("box", path, "unchanged")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, stamp)
    assert seed(resolver) == format_packages(read_lock(project, "box").packages)


def test_a_new_answer_is_written_and_its_changes_are_told(
    project: Path, resolver: Mapping[str, str], tmp_path: Path
) -> None:
    new = LockedPackage("scipy", "1.0", ("b" * 64,))
    made = make_lock(project, "box", environ=answering(resolver, tmp_path, NUMPY, new))
    assert made.status == "written"
    assert made.changes == ("numpy 2.0 -> 9.0", "scipy 1.0 added", "torch 2.0 removed")
    assert read_lock(project, "box").packages == (NUMPY, new)


def test_a_check_writes_nothing(project: Path, resolver: Mapping[str, str], tmp_path: Path) -> None:
    before = (project / "lockfiles" / "box.txt").read_bytes()
    made = make_lock(project, "box", environ=answering(resolver, tmp_path, NUMPY), check=True)
    assert made.status == "outdated"
    assert (project / "lockfiles" / "box.txt").read_bytes() == before


def test_an_upgrade_holds_on_to_nothing(project: Path, resolver: Mapping[str, str], tmp_path: Path) -> None:
    make_lock(project, "box", environ=answering(resolver, tmp_path, NUMPY), upgrade=True)
    assert seed(resolver) == ""


def test_a_stale_lock_keeps_its_pins(project: Path, resolver: Mapping[str, str]) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text() + "# a comment\n")
    assert make_lock(project, "box", environ=resolver).status == "written"
    assert read_lock(project, "box").packages[0].version == "2.0"


def test_a_hash_that_somebody_edited_is_not_held_on_to(
    project: Path, resolver: Mapping[str, str], tmp_path: Path
) -> None:
    path = project / "lockfiles" / "box.txt"
    path.write_bytes(path.read_bytes().replace(b"sha256:", b"sha256:0", 1).replace(b"0" * 2, b"0", 1))
    make_lock(project, "box", environ=answering(resolver, tmp_path, NUMPY))
    assert seed(resolver).split() == ["numpy==2.0", "torch==2.0"]


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        ((b"\n", b"\r\n"), ["numpy==2.0", "torch==2.0"]),
        ((b"# source", b"# s\xc3\xb6urce"), ["numpy==2.0", "torch==2.0"]),
        ((b"# Every", b"\xef\xbb\xbf# Every"), ["numpy==2.0", "torch==2.0"]),
        ((b"torch==2.0", b"<<<<<<< a\ntorch==1.9 \\\n=======\ntorch==2.0"), ["numpy==2.0"]),
    ],
)
def test_locking_again_is_the_way_out_of_a_damaged_lock(
    project: Path, resolver: Mapping[str, str], tmp_path: Path, damage: tuple[bytes, bytes], kept: list[str]
) -> None:
    path = project / "lockfiles" / "box.txt"
    path.write_bytes(path.read_bytes().replace(*damage))
    with pytest.raises(IntegrityError) as caught:
        read_lock(project, "box")
    assert "nox -s lock-box" in caught.value.hint
    assert make_lock(project, "box", environ=answering(resolver, tmp_path, NUMPY)).status == "written"
    assert seed(resolver).split() == kept
    assert read_lock(project, "box").packages == (NUMPY,)


def test_an_answer_without_hashes_is_not_written(project: Path, resolver: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "bare.txt").write_text("numpy==9.0\n")
    before = (project / "lockfiles" / "box.txt").read_bytes()
    with pytest.raises(IntegrityError, match="without a hash"):
        make_lock(project, "box", environ={**resolver, "FAKE_ANSWER": str(tmp_path / "bare.txt")})
    assert (project / "lockfiles" / "box.txt").read_bytes() == before


def test_uv_is_asked_for_hashed_wheels_of_the_platform(project: Path, resolver: Mapping[str, str]) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text('macos = "14.0"\nignore_dependencies_of = ["numpy"]\n' + path.read_text())
    make_lock(project, "box", environ=resolver)
    words = Path(resolver["FAKE_LOG"]).read_text()
    for flag in ("--generate-hashes", "--only-binary=:all:", "--no-emit-index-url", "--python-version 3.11"):
        assert flag in words
    assert Path(resolver["FAKE_LOG"] + ".variables").read_text() == "14.0 \n"
    asked = tomllib.loads(Path(resolver["FAKE_LOG"] + ".project").read_text())
    assert asked["project"]["dependencies"] == ["torch==2.0", "numpy"]
    assert asked["tool"]["uv"]["dependency-metadata"] == [{"name": "numpy", "requires-dist": []}]


def test_an_index_serves_its_own_packages_only_and_not_what_is_at_hand(project: Path, tmp_path: Path) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text() + '[[indexes]]\nurl = "https://wheels.invalid/cpu"\npackages = ["torch"]\n')
    uv = tomllib.loads(ask(project, "box").project)["tool"]["uv"]
    assert uv["index"] == [{"name": "torch", "url": "https://wheels.invalid/cpu", "explicit": True}]
    assert uv["sources"] == {"torch": {"index": "torch"}}
    (tmp_path / "torch-2.0-cp311-cp311-linux_x86_64.whl").touch()
    assert "index" not in tomllib.loads(ask(project, "box", [str(tmp_path)]).project)["tool"]["uv"]


def test_an_unknown_lock_is_refused(project: Path, resolver: Mapping[str, str]) -> None:
    with pytest.raises(UsageError, match="no platform `bux`"):
        make_lock(project, "bux", environ=resolver)
    (project / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = []\n')
    with pytest.raises(UsageError, match="no dependency group `tools`"):
        make_lock(project, "tools", environ=resolver)


def test_our_own_tools_are_locked_for_every_system(project: Path, resolver: Mapping[str, str], tmp_path: Path) -> None:
    (project / "pyproject.toml").write_text(
        '[project]\nname = "x"\ndependencies = ["a>=1"]\n[dependency-groups]\ntools = ["nox"]\n'
    )
    everywhere = LockedPackage("nox", "1.0", ("c" * 64,), "sys_platform == 'darwin' or sys_platform == 'linux'")
    make_lock(project, "tools", environ=answering(resolver, tmp_path, everywhere))
    assert read_any_lock(project, "tools").packages == (LockedPackage("nox", "1.0", ("c" * 64,)),)
    assert "--universal --python-version 3.11" in Path(resolver["FAKE_LOG"]).read_text()
    asked = tomllib.loads(Path(resolver["FAKE_LOG"] + ".project").read_text())
    assert asked["project"]["dependencies"] == ["a>=1", "nox"]


@pytest.mark.environment
@pytest.mark.parametrize("name", lock_names(OURS))
def test_the_locks_of_this_project_are_what_uv_answers(name: str) -> None:
    assert make_lock(OURS, name, environ=os.environ, check=True).status == "unchanged"
