from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verify.errors import Exit, IntegrityError, UsageError, VerifyError
from verify.spec.lock import (
    LockedPackage,
    format_lock,
    format_packages,
    parse_lock,
    parse_packages,
    read_lock,
)
from verify.spec.platform import load_platform, package_of, platform_names
from verify.spec.resolve import lock_names, read_any_lock

OURS = Path(__file__).resolve().parents[2]
DIGEST = "0" * 64

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}(\+cpu)?", fullmatch=True)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
packages = st.lists(
    st.builds(
        LockedPackage,
        names,
        versions,
        st.lists(digests, min_size=1, max_size=3).map(tuple),
        st.sampled_from(["", "sys_platform == 'linux'", "python_version < '3.12' and x != 'y'"]),
    ),
    min_size=1,
    unique_by=lambda package: package.name,
).map(tuple)


# A busy machine is no reason to fail.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@calm
@given(packages)
def test_what_is_written_is_read_back(some: tuple[LockedPackage, ...]) -> None:
    assert parse_lock(format_lock("box", DIGEST, some), "box") == (DIGEST, some)
    assert parse_packages(format_packages(some), "x") == some


@calm
@given(packages, st.data())
def test_no_changed_byte_goes_unnoticed(some: tuple[LockedPackage, ...], data: st.DataObject) -> None:
    whole = format_lock("box", DIGEST, some)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([*whole[:at], whole[at] ^ data.draw(st.integers(1, 255)), *whole[at + 1 :]])
    try:
        source, _ = parse_lock(flipped, "box")
    except IntegrityError:
        return
    assert source != DIGEST


@calm
@given(packages, st.data())
def test_no_truncated_lock_is_read(some: tuple[LockedPackage, ...], data: st.DataObject) -> None:
    whole = format_lock("box", DIGEST, some)
    with pytest.raises(IntegrityError):
        parse_lock(whole[: data.draw(st.integers(0, len(whole) - 1))], "box")


@calm
@given(st.binary(max_size=300))
def test_no_bytes_bring_the_reader_down(raw: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_lock(raw, "box")


def test_a_lock_is_read_with_its_digests(project: Path) -> None:
    lock = read_lock(project, "box")
    raw = (project / "lockfiles" / "box.txt").read_bytes()
    assert lock.digest == sha256(raw).hexdigest()
    assert lock.platform_digest == load_platform(project, "box").digest
    assert [package.name for package in lock.packages] == ["numpy", "torch"]
    assert len(lock.packages[0].hashes) == 2


def failure(project: Path) -> VerifyError:
    with pytest.raises(VerifyError) as caught:
        read_lock(project, "box")
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


def test_a_stale_lock_says_from_what_and_what_to_do(project: Path) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text(path.read_text() + "# another comment\n")
    error = failure(project)
    assert error.message == "lockfiles/box.txt was made from another envs/platforms/box.toml"
    assert error.hint == "run `nox -s lock-box`, look at the diff, commit both"
    assert error.exit == Exit.INTEGRITY


def test_a_missing_lock_and_a_missing_platform_are_told(project: Path) -> None:
    (project / "lockfiles" / "box.txt").unlink()
    assert failure(project).message == "lockfiles/box.txt does not exist"
    (project / "envs" / "platforms" / "box.toml").unlink()
    assert failure(project).exit == Exit.USAGE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b"numpy==2.0", b"numpy==2.1"), "lockfiles/box.txt was edited by hand"),
        ((b"numpy==2.0", b"numpy>=2.0"), "lockfiles/box.txt:4: names a package without pinning it"),
        ((b"numpy==2.0", b"numpy"), "lockfiles/box.txt:4: names a package without pinning it"),
        ((b"torch==2.0 \\", b"torch==2.0"), "lockfiles/box.txt:7: names a package without a hash"),
        ((b"numpy==2.0", b"numpy @ https://x.invalid/n.whl"), "box.txt:4: asks for a URL or a path"),
        ((b"numpy==2.0", b"./numpy"), "lockfiles/box.txt:4: asks for a URL or a path"),
        ((b"numpy==2.0", b"--index-url https://x.invalid"), "lockfiles/box.txt:4: sets an option"),
        ((b"numpy==2.0", b"-e ."), "lockfiles/box.txt:4: sets an option"),
        ((b"numpy==2.0", b"numpy==2.0 ; a == 'b'"), "lockfiles/box.txt was edited by hand"),
        ((b"numpy==2.0", b"# numpy"), "lockfiles/box.txt:4: is neither a pinned package nor a hash"),
        ((b"hash=sha256:", b"hash=md5:"), "lockfiles/box.txt:4: numpy has a missing or broken hash"),
        ((b"torch==2.0", b"numpy==2.1"), "lockfiles/box.txt: numpy is locked twice"),
        ((b"\n", b"\r\n"), "lockfiles/box.txt:1: has CR line endings"),
        ((b"# Every", b"\xef\xbb\xbf# Every"), "lockfiles/box.txt:1: starts with a byte order mark"),
        ((b"# Every", b"\xff\xfe# Every"), "lockfiles/box.txt:1: starts with a byte order mark"),
        ((b"# Every", b"\xe9# Every"), "lockfiles/box.txt is not plain text"),
        ((b"numpy==2.0", b"<<<<<<< ours\nnumpy==2.0"), "box.txt:4: holds an unresolved merge conflict"),
        ((b"# source", b"<<<<<<< ours\n# source"), "box.txt:2: holds an unresolved merge conflict"),
        ((b"torch==2.0", b"=======\ntorch==2.0"), "box.txt:7: holds an unresolved merge conflict"),
        ((b"# Every package of box", b"# Every package of bix"), "box.txt:1: does not begin as a lock of box"),
        ((b"never by hand", b"by hand"), "lockfiles/box.txt was edited by hand"),
    ],
)
def test_a_lock_that_is_not_whole_is_refused(project: Path, change: tuple[bytes, bytes], said: str) -> None:
    path = project / "lockfiles" / "box.txt"
    path.write_bytes(path.read_bytes().replace(*change, 1))
    error = failure(project)
    assert said in error.message
    assert error.exit == Exit.INTEGRITY


def test_a_marker_has_no_place_in_a_platform(project: Path) -> None:
    source = sha256((project / "envs" / "platforms" / "box.toml").read_bytes()).hexdigest()
    marked = (LockedPackage("numpy", "2.0", (DIGEST,), "a == 'b'"),)
    (project / "lockfiles" / "box.txt").write_bytes(format_lock("box", source, marked))
    assert "numpy has a marker" in failure(project).message


def test_a_huge_lock_is_refused_unread(project: Path) -> None:
    with (project / "lockfiles" / "box.txt").open("ab") as stream:
        stream.truncate(5_000_000_000)
    error = failure(project)
    assert "is larger than" in error.message
    assert isinstance(error, UsageError)


def test_every_lock_of_this_project_is_whole_and_holds_what_its_platform_wants() -> None:
    for name in lock_names(OURS):
        assert read_any_lock(OURS, name).packages
    for name in platform_names(OURS):
        locked = {package.name for package in read_lock(OURS, name).packages}
        assert {package_of(word) for word in load_platform(OURS, name).requirements} <= locked


def test_no_lock_of_this_project_names_a_host() -> None:
    for name in lock_names(OURS):
        assert "://" not in (OURS / "lockfiles" / f"{name}.txt").read_text()


def test_the_locks_of_this_project_agree_on_torch() -> None:
    versions = {
        package.version.split("+")[0]
        for name in platform_names(OURS)
        for package in read_lock(OURS, name).packages
        if package.name == "torch"
    }
    assert versions == {"2.13.0"}
