import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from verify.errors import IntegrityError, UsageError
from verify.spec.candidate import candidate_path, make_candidate, promote, read_foreign
from verify.spec.lock import Lock, LockedPackage, format_lock, format_packages, parse_lock, read_lock
from verify.spec.platform import load_platform
from verify.spec.resolve import NoSolution, lock_names, make_lock

OURS = Path(__file__).resolve().parents[2]
NUMPY = LockedPackage("numpy", "9.0", ("a" * 64,))
TORCH = LockedPackage("torch", "2.0", ("b" * 64, "c" * 64))

# Pretends to resolve: keeps its words and what it was to hold on to, and answers with FAKE_ANSWER.
RESOLVER = """\
#!/bin/sh
echo "$*" > "$FAKE_LOG"
cp lock.txt "$FAKE_LOG.seed" 2>/dev/null || : > "$FAKE_LOG.seed"
if [ "$FAKE_UV" = unsolved ]; then
    printf 'error: No solution found when resolving dependencies\\n  cause: Because there is no numpy==99\\n' >&2
    exit 1
fi
cp "$FAKE_ANSWER" lock.txt
"""


@pytest.fixture
def resolver(environ: Mapping[str, str], tmp_path: Path) -> Mapping[str, str]:
    Path(environ["VERIFY_UV"]).write_text(RESOLVER)
    (tmp_path / "answer.txt").write_text(format_packages((NUMPY, TORCH)))
    return {**environ, "FAKE_ANSWER": str(tmp_path / "answer.txt")}


def words(resolver: Mapping[str, str]) -> list[str]:
    """The packages that uv was told not to hold on to."""
    flag = "--upgrade-package="
    said = Path(resolver["FAKE_LOG"]).read_text().split()
    return [word.removeprefix(flag) for word in said if word.startswith(flag)]


def seed(resolver: Mapping[str, str]) -> str:
    return Path(resolver["FAKE_LOG"] + ".seed").read_text()


def write(project: Path, data: bytes, name: str = "theirs.txt") -> Path:
    path = project / name
    path.write_bytes(data)
    return path


def test_a_candidate_is_a_whole_lock_of_its_platform_and_nothing_is_written(
    project: Path, resolver: Mapping[str, str]
) -> None:
    current = read_lock(project, "box")
    before = sorted(path.read_bytes() for path in (project / "lockfiles").iterdir())
    made = make_candidate(project, "box", ["numpy"], environ=resolver, current=current)
    assert parse_lock(made, "box") == (load_platform(project, "box").digest, (NUMPY, TORCH))
    assert sorted(path.read_bytes() for path in (project / "lockfiles").iterdir()) == before


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (["numpy"], ["numpy"]),
        (["Num.Py == 9.0 "], ["num-py==9.0"]),
        (["numpy==9.0", "torch>=2"], ["numpy==9.0", "torch>=2"]),
    ],
)
def test_the_words_are_let_go_and_every_other_pin_is_held(
    project: Path, resolver: Mapping[str, str], wanted: list[str], asked: list[str]
) -> None:
    packages = (LockedPackage("num-py", "1.0", ("d" * 64,)), *read_lock(project, "box").packages)
    current = Lock(project / "x.txt", "box", "", "", packages)
    make_candidate(project, "box", wanted, environ=resolver, current=current)
    assert words(resolver) == asked
    assert seed(resolver) == format_packages(packages)


def test_without_words_nothing_is_held(project: Path, resolver: Mapping[str, str]) -> None:
    make_candidate(project, "box", [], environ=resolver, current=read_lock(project, "box"))
    assert (words(resolver), seed(resolver)) == ([], "")


@pytest.mark.parametrize(
    ("word", "said", "hint"),
    [
        ("nunpy", "there is no package `nunpy` in the lock of box", "did you mean `numpy`?"),
        ("zzz==1", "there is no package `zzz`", "require it in envs/platforms/box.toml first"),
        ("", "`` is no package", "write `transformers`"),
        ("--torch", "`--torch` is no package", "write `transformers`"),
        ("numpy=1", "`numpy=1` is no package", "write `transformers`"),
        ("numpy[extra]", "`numpy[extra]` is no package", "write `transformers`"),
        ("numpy @ https://x.invalid/n.whl", "is no package", "write `transformers`"),
        ("numpy; python_version < '4'", "is no package", "write `transformers`"),
    ],
)
def test_a_word_that_asks_for_no_package_of_the_lock_is_refused(
    project: Path, resolver: Mapping[str, str], word: str, said: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make_candidate(project, "box", [word], environ=resolver, current=read_lock(project, "box"))
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert not Path(resolver["FAKE_LOG"]).exists()


def test_where_nothing_goes_together_uv_is_quoted(project: Path, resolver: Mapping[str, str]) -> None:
    environ = {**resolver, "FAKE_UV": "unsolved"}
    with pytest.raises(NoSolution, match="Because there is no numpy==99"):
        make_candidate(project, "box", ["numpy==99"], environ=environ, current=read_lock(project, "box"))


def test_a_candidate_lies_where_nothing_takes_it_for_the_lock_of_a_platform(project: Path) -> None:
    path = candidate_path(project, "box")
    groups = ["fuzz", "mutants", "tests", "tools"]
    before = lock_names(project) if (project / "pyproject.toml").exists() else ["box", *groups]
    path.write_bytes((project / "lockfiles" / "box.txt").read_bytes())
    assert path == project / "lockfiles" / "box.candidate.txt"
    assert lock_names(project) == before
    with pytest.raises(UsageError, match="no platform"):
        make_lock(project, "box.candidate", environ={})
    assert read_foreign(project, path, "box").packages == read_lock(project, "box").packages


def test_an_old_lock_is_read_and_tells_that_its_platform_was_another(project: Path) -> None:
    raw = (project / "lockfiles" / "box.txt").read_bytes()
    old = read_lock(project, "box")
    toml = project / "envs" / "platforms" / "box.toml"
    toml.write_text(toml.read_text() + "# a comment\n")
    found = read_foreign(project, write(project, raw), "box")
    assert found.packages == old.packages
    assert found.digest == sha256(raw).hexdigest()
    assert found.platform_digest == old.platform_digest != load_platform(project, "box").digest


PLAIN = f"""\
# This file was autogenerated by uv via the following command:
#    uv pip compile --generate-hashes requirements.in

numpy==2.0 \\
    --hash=sha256:{"1" * 64} \\
    --hash=sha256:{"2" * 64}
    # via torch
torch==2.1 \\
    --hash=sha256:{"3" * 64}
    # via -r requirements.in
"""


def test_a_plain_hashed_file_is_read_with_the_comments_that_other_tools_write(project: Path) -> None:
    found = read_foreign(project, write(project, PLAIN.encode()), "box")
    assert found.packages == (
        LockedPackage("numpy", "2.0", ("1" * 64, "2" * 64)),
        LockedPackage("torch", "2.1", ("3" * 64,)),
    )
    assert (found.platform, found.platform_digest) == ("box", "")
    assert found.digest == sha256(PLAIN.encode()).hexdigest()


def test_what_uv_writes_by_default_is_read(project: Path) -> None:
    text = format_packages(read_lock(project, "box").packages)
    assert read_foreign(project, write(project, text.encode()), "box").packages == read_lock(project, "box").packages


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (("numpy==2.0", "numpy>=2.0"), IntegrityError, "theirs.txt:4: names a package without pinning it"),
        (("torch==2.1", "--index-url https://x.invalid\ntorch==2.1"), IntegrityError, "theirs.txt:8: sets an option"),
        (("torch==2.1", "torch @ https://x.invalid/t.whl"), IntegrityError, "theirs.txt:8: asks for a URL"),
        (("numpy==2.0 \\", "numpy==2.0"), IntegrityError, "theirs.txt:4: names a package without a hash"),
        (("hash=sha256:3", "hash=sha256:z"), IntegrityError, "theirs.txt:8: torch has a missing or broken hash"),
        (("numpy==2.0", "numpy==2.0 ; os_name == 'nt'"), IntegrityError, "numpy has a marker"),
        (("torch==2.1", "numpy==2.1"), IntegrityError, "theirs.txt: numpy is locked twice"),
        (("# This file was", "# Every package of bix, pinned"), UsageError, "cannot be compared with one of box"),
        (("# This file was", "# Every package of box, pinned"), IntegrityError, "does not begin as a lock of box"),
        (("# This file was", f"# body sha256: {'0' * 64}"), IntegrityError, "does not begin as a lock of box"),
        ((PLAIN, "# nothing\n"), IntegrityError, "theirs.txt: holds no package"),
        ((PLAIN, ""), IntegrityError, "ends in the middle of a line"),
        (("\n", "\r\n"), IntegrityError, "theirs.txt:1: has CR line endings"),
    ],
)
def test_a_foreign_file_that_is_anything_else_is_refused(
    project: Path, change: tuple[str, str], kind: type[Exception], said: str
) -> None:
    assert change[0] in PLAIN
    path = write(project, PLAIN.replace(*change).encode())
    with pytest.raises((UsageError, IntegrityError)) as caught:
        read_foreign(project, path, "box")
    assert type(caught.value) is kind
    assert said in caught.value.message


def test_an_edited_lock_is_read_only_where_a_robot_may_have_edited_it(project: Path) -> None:
    raw = (project / "lockfiles" / "box.txt").read_bytes()
    theirs = write(project, raw.replace(b"numpy==2.0", b"numpy==2.1"))
    with pytest.raises(IntegrityError, match=r"theirs\.txt was edited by hand"):
        read_foreign(project, theirs, "box")
    lock = read_foreign(project, theirs, "box", edited=True)
    assert {package.name: package.version for package in lock.packages}["numpy"] == "2.1"
    assert lock.platform_digest == ""


def test_an_edited_lock_of_another_platform_is_still_of_another(project: Path) -> None:
    raw = (project / "lockfiles" / "box.txt").read_bytes()
    with pytest.raises(UsageError, match="cannot be compared"):
        read_foreign(project, write(project, raw.replace(b"of box,", b"of bix,")), "box", edited=True)


def test_a_file_that_is_not_there_and_a_platform_that_is_not_there_are_told(project: Path) -> None:
    with pytest.raises(UsageError, match=r"^gone\.txt does not exist"):
        read_foreign(project, project / "gone.txt", "box")
    with pytest.raises(UsageError, match="no platform `bix`"):
        read_foreign(project, project / "lockfiles" / "box.txt", "bix")


def test_a_promoted_candidate_is_the_lock_of_its_platform_in_its_own_order(project: Path) -> None:
    plain = format_packages((LockedPackage("torch", "2.0", ("c" * 64, "b" * 64)), NUMPY))
    promote(project, read_foreign(project, write(project, plain.encode()), "box"))
    platform = load_platform(project, "box")
    raw = (project / "lockfiles" / "box.txt").read_bytes()
    assert raw == format_lock("box", platform.digest, (NUMPY, TORCH))
    assert read_lock(project, "box").packages == (NUMPY, TORCH)


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        ((NUMPY,), "requires torch==2.0, and theirs.txt does not hold it"),
        ((NUMPY, LockedPackage("torch", "2.1", ("b" * 64,))), "torch==2.0, and theirs.txt holds version 2.1"),
    ],
)
def test_what_lacks_a_requirement_of_the_platform_is_not_promoted(
    project: Path, packages: tuple[LockedPackage, ...], said: str
) -> None:
    before = (project / "lockfiles" / "box.txt").read_bytes()
    path = write(project, format_packages(packages).encode())
    with pytest.raises(UsageError) as caught:
        promote(project, read_foreign(project, path, "box"))
    assert said in caught.value.message
    assert (project / "lockfiles" / "box.txt").read_bytes() == before


def test_the_locks_of_this_project_are_promoted_to_themselves(project: Path) -> None:
    name = "linux-x86_64-cpu"
    for part in (f"envs/platforms/{name}.toml", f"lockfiles/{name}.txt"):
        (project / part).write_bytes((OURS / part).read_bytes())
    before = (project / "lockfiles" / f"{name}.txt").read_bytes()
    promote(project, read_lock(project, name))
    assert (project / "lockfiles" / f"{name}.txt").read_bytes() == before


@pytest.mark.environment
def test_an_older_transformers_takes_along_only_what_it_needs() -> None:
    current = read_lock(OURS, "linux-x86_64-cpu")
    made = make_candidate(OURS, current.platform, ["transformers==5.1.0"], environ=os.environ, current=current)
    versions = {package.name: package.version for package in parse_lock(made, current.platform)[1]}
    stayed = [package for package in current.packages if versions.get(package.name) == package.version]
    assert versions["transformers"] == "5.1.0"
    assert len(stayed) > len(current.packages) / 2
    with pytest.raises(NoSolution, match="transformers==99"):
        make_candidate(OURS, current.platform, ["transformers==99"], environ=os.environ, current=current)
