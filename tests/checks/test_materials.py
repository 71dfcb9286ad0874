import fcntl
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from verify.checks.models import materials, smollm2_gguf


def pretend(source: Path, folder: Path) -> None:
    (folder / "config.json").write_text(source.read_text(), encoding="utf-8")


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_text("weights", encoding="utf-8")
    return path


def test_the_model_is_rebuilt_once(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Path] = []

    def rebuild(source: Path, folder: Path) -> None:
        built.append(source)
        pretend(source, folder)

    monkeypatch.setattr(smollm2_gguf, "rebuild", rebuild)
    first, second = (materials.rebuilt_once(tmp_path / "cache", gguf) for _ in range(2))
    assert first == second
    assert (first / "config.json").read_text() == "weights"
    assert built == [gguf]


def test_other_weights_are_rebuilt_elsewhere(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2_gguf, "rebuild", pretend)
    first = materials.rebuilt_once(tmp_path / "cache", gguf)
    gguf.write_text("other weights", encoding="utf-8")
    assert materials.rebuilt_once(tmp_path / "cache", gguf) != first


def test_a_rebuild_that_fails_leaves_nothing(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(source: Path, folder: Path) -> None:
        pretend(source, folder)
        raise OSError("no space left")

    monkeypatch.setattr(smollm2_gguf, "rebuild", broken)
    with pytest.raises(OSError, match="no space left"):
        materials.rebuilt_once(tmp_path / "cache", gguf)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["smollm2.lock"]


def test_the_cache_is_locked_while_the_model_is_rebuilt(
    tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(source: Path, folder: Path) -> None:
        with (folder.parent / "smollm2.lock").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    monkeypatch.setattr(smollm2_gguf, "rebuild", look)
    assert materials.rebuilt_once(tmp_path / "cache", gguf).is_dir()


def test_a_lock_that_is_never_released_is_named(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materials, "WAIT_SECONDS", 0.0)
    with (tmp_path / "smollm2.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match=r"smollm2\.lock was locked by another process for 0 s"):
            materials.rebuilt_once(tmp_path, gguf)


def test_a_lock_that_is_released_in_time_is_taken(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2_gguf, "rebuild", pretend)
    with (tmp_path / "smollm2.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(file, fcntl.LOCK_UN))
        assert materials.rebuilt_once(tmp_path, gguf).is_dir()


def test_a_distribution_without_the_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"pytest should contain one pytest/\*\.gguf, found 0"):
        materials.packaged("pytest", "pytest/*.gguf")


def test_prose_is_english_and_as_long_as_asked() -> None:
    assert len(materials.prose(2_000)) == 2_000
    assert " the " in materials.prose(2_000)
    with pytest.raises(ValueError, match="were asked for"):
        materials.prose(10**9)


def test_a_folder_is_its_own_model(tmp_path: Path) -> None:
    assert materials.hub(str(tmp_path)) == tmp_path


def test_a_hub_that_is_out_of_reach_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(name: str) -> str:
        raise FileNotFoundError(name)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=unreachable))
    with pytest.raises(FileNotFoundError, match="run `hf download some/model` where there is a network"):
        materials.hub("some/model")


def test_names_of_weights_become_those_of_transformers() -> None:
    assert smollm2_gguf.transformers_name("blk.7.attn_q.weight") == "model.layers.7.self_attn.q_proj.weight"
    assert smollm2_gguf.transformers_name("token_embd.weight") == "model.embed_tokens.weight"
