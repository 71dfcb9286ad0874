from pathlib import Path

from tests.hostile.ended import Ended
from tests.hostile.endings import Ending, ending_of, read, text_of
from tests.hostile.endings import file_of as kept_at
from tests.hostile.situations import SITUATIONS


def test_what_is_kept_reads_as_it_was(tmp_path: Path) -> None:
    error = Ending(4, ("error: a file  is none", "hint: mend it"))
    endings = {"audit FILE": error, "report show FILE": error, "history list": Ending(0, ()), "run FILE": Ending(2, ())}
    (tmp_path / "kept.txt").write_text(text_of(endings))
    assert read(tmp_path / "kept.txt") == endings


def test_of_an_ending_the_error_and_the_hint_are_kept_without_the_project(tmp_path: Path) -> None:
    end = Ended(5, b"out", f"progress\nerror: {tmp_path}/a is none\nhint: x\n".encode())
    assert ending_of(end, tmp_path) == Ending(5, ("error: PROJECT/a is none", "hint: x"))
    assert ending_of(Ended(0, b"", b"one\ntwo\n"), tmp_path) == Ending(0, ())


def test_each_situation_has_a_file_of_its_own() -> None:
    assert len({kept_at(name) for name in SITUATIONS}) == len(SITUATIONS)
