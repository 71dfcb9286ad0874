"""Gates are kept whole, read as written, and lie beside the histories."""

import errno
import os
from pathlib import Path

import pytest

from tests.gates import gate
from verify.errors import IntegrityError, StorageError
from verify.render.gate import render
from verify.report import gates, history


def test_a_gate_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = gates.keep(tmp_path, gate(), render)
    kept = gates.read_gate(path, tmp_path)
    assert kept.model_copy(update={"digest": gate().digest}) == gate()
    assert path.with_suffix(".md").read_text(encoding="utf-8") == render(kept)


def test_a_gate_is_never_overwritten(tmp_path: Path) -> None:
    path = gates.keep(tmp_path, gate(), render)
    before = path.read_bytes()
    with pytest.raises(IntegrityError, match="exists"):
        gates.keep(tmp_path, gate(asked=94), render)
    assert path.read_bytes() == before


def test_every_changed_byte_of_a_gate_is_found(tmp_path: Path) -> None:
    path = gates.keep(tmp_path, gate(), render)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        with pytest.raises(IntegrityError):
            gates.parse_gate(damaged, "the gate")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version": "gate-v1"}', b'{"a": 1, "a": 2}', b"\xff"])
def test_what_is_no_gate_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="the gate"):
        gates.parse_gate(data, "the gate")


def test_gates_are_no_environment_of_the_history(tmp_path: Path) -> None:
    gates.keep(tmp_path, gate(), render)
    assert history.environments(tmp_path) == []
    assert history.strays(tmp_path) == []


def test_where_nothing_can_be_written_that_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="cannot write"):
        gates.preflight(tmp_path, "cpu")


def test_trying_to_write_leaves_nothing(tmp_path: Path) -> None:
    gates.preflight(tmp_path, "cpu")
    assert list(gates.folder_of(tmp_path, "cpu").iterdir()) == []


class Full:
    """A disk that is full from the first byte."""

    def create(self, path: Path) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path.name)

    def write(self, descriptor: int, data: bytes) -> int:
        raise NotImplementedError

    def sync(self, descriptor: int) -> None:
        raise NotImplementedError

    def link(self, old: Path, new: Path) -> None:
        raise NotImplementedError

    def rename(self, old: Path, new: Path) -> None:
        raise NotImplementedError

    def sync_folder(self, folder: Path) -> None:
        raise NotImplementedError


def test_a_full_disk_is_an_error_of_the_disk_and_leaves_nothing(tmp_path: Path) -> None:
    gates.preflight(tmp_path, "m2")
    with pytest.raises(StorageError, match="No space left"):
        gates.keep(tmp_path, gate(), render, Full())
    assert list(gates.folder_of(tmp_path, "m2").iterdir()) == []
