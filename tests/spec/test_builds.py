from pathlib import Path

import pytest

from verify.errors import Exit, StorageError, VerifyError
from verify.run.exclusive import alone
from verify.spec.builds import (
    Stamp,
    adopt,
    current_environment,
    environments_directory,
    live_build,
    new_build,
    python_of,
    refuse_without_room,
    remember_current,
    setting_up,
    stamp_of,
    state_directory,
    sweep,
    without_runs,
)

STAMP = Stamp("box", "a" * 64, "b" * 64, "3.11")


def built(root: Path, name: str = "box") -> Path:
    build = new_build(root, name, STAMP.lock_digest)
    python_of(build).parent.mkdir(parents=True)
    python_of(build).touch()
    return build


def test_a_build_is_in_use_once_it_is_adopted(tmp_path: Path) -> None:
    assert live_build(tmp_path, "box") is None
    build = built(tmp_path)
    assert live_build(tmp_path, "box") is None
    adopt(tmp_path, "box", build, STAMP)
    assert live_build(tmp_path, "box") == build
    assert stamp_of(build) == STAMP


def test_a_build_that_follows_replaces_it_and_the_sweep_takes_the_old_one(tmp_path: Path) -> None:
    first = built(tmp_path)
    adopt(tmp_path, "box", first, STAMP)
    second = built(tmp_path)
    assert second != first
    adopt(tmp_path, "box", second, STAMP)
    assert first.exists()
    sweep(tmp_path)
    assert not first.exists()
    assert live_build(tmp_path, "box") == second


def test_the_sweep_takes_what_was_left_half_made_and_nothing_else(tmp_path: Path) -> None:
    for name in ("one", "two"):
        adopt(tmp_path, name, built(tmp_path, name), STAMP)
    half = built(tmp_path, "three")
    sweep(tmp_path)
    assert not half.exists()
    assert live_build(tmp_path, "one")
    assert live_build(tmp_path, "two")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"platform": 1}', b"\xff", b'{"a": 1}'])
def test_a_broken_stamp_is_no_stamp(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "verify-stamp.json").write_bytes(content)
    assert stamp_of(tmp_path) is None


def test_the_last_name_is_remembered(tmp_path: Path) -> None:
    assert current_environment(tmp_path) is None
    (tmp_path / ".environments").mkdir()
    remember_current(tmp_path, "box")
    remember_current(tmp_path, "bix")
    assert current_environment(tmp_path) == "bix"


def test_a_second_set_up_at_once_is_told_to_wait(tmp_path: Path) -> None:
    with setting_up(tmp_path), pytest.raises(VerifyError, match="another set-up") as caught, setting_up(tmp_path):
        pass
    assert caught.value.exit == Exit.COULD_NOT_RUN
    assert "wait" in caught.value.hint
    with setting_up(tmp_path):
        pass


def test_a_place_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / ".environments").write_text("in the way")
    with pytest.raises(StorageError), setting_up(tmp_path):
        pass


def test_a_directory_in_the_place_of_the_link_is_not_overwritten(tmp_path: Path) -> None:
    build = built(tmp_path)
    (tmp_path / ".environments" / "box" / "mine").mkdir(parents=True)
    with pytest.raises(StorageError, match="box cannot be written"):
        adopt(tmp_path, "box", build, STAMP)
    assert (tmp_path / ".environments" / "box" / "mine").is_dir()


def test_too_little_room_is_found_before_anything_is_fetched(tmp_path: Path) -> None:
    refuse_without_room(tmp_path, 0.001)
    with pytest.raises(StorageError, match="needs 1e"):
        refuse_without_room(tmp_path, 1e9)


@pytest.mark.parametrize("name", ["../outside", "..", "builds/x", ""])
def test_a_name_that_is_a_path_leads_nowhere(tmp_path: Path, name: str) -> None:
    adopt(tmp_path, "box", built(tmp_path), STAMP)
    (tmp_path / "outside").symlink_to(tmp_path / ".environments" / "box")
    assert live_build(tmp_path, name) is None


def test_runs_are_kept_away_with_the_lock_that_they_hold(tmp_path: Path) -> None:
    run = tmp_path / ".environments" / "run"
    with alone(run), pytest.raises(VerifyError, match="a run of this") as caught, without_runs(tmp_path):
        pass
    assert caught.value.hint == "wait for it, then set up again"
    with without_runs(tmp_path), pytest.raises(VerifyError, match="another run"), alone(run):
        pass


def test_what_runs_keep_lies_beside_the_environments_or_where_a_link_says(tmp_path: Path) -> None:
    home = environments_directory(tmp_path)
    assert state_directory(tmp_path) == home
    home.mkdir()
    (home / "state").symlink_to(tmp_path / "elsewhere")
    assert state_directory(tmp_path).resolve() == tmp_path / "elsewhere"
