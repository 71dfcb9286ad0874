"""A compiler that has compiled nothing yet, and how it is known that it had not."""

from pathlib import Path

import pytest

from tests.checks.conftest import Provisioned
from tests.checks.test_measures import printed
from verify.checks.measures.cold_compiler import nothing_compiles

STARTS = """
import tempfile
from pathlib import Path
from verify.checks.measures import cold_compiler

def files():
    with cold_compiler.cold_compiler(Path(tempfile.gettempdir())) as written:
        before, seconds = written(), cold_compiler.readied("cpu")
        return [before, written(), seconds]

told = [files(), files(), files()]
cold_compiler._forget_libraries = lambda: None
print(json.dumps([*told, files()]))
"""


def test_what_compiles_nothing_writes_nothing() -> None:
    with nothing_compiles() as files:
        assert files() == 0


@pytest.mark.environment
def test_each_start_compiles_all_of_it_and_one_that_remembers_is_found_out(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(provisioned.variables, "TMPDIR", str(tmp_path))
    readied, *starts, remembered = printed(provisioned, STARTS)
    assert {before for before, _, _ in (readied, *starts, remembered)} == {0}
    first, second = (after for _, after, _ in starts)
    assert first == second > remembered[1] > 0
    # What is done once in a process is done in the first.
    assert readied[1] > first
