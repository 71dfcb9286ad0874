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

folder = Path(tempfile.gettempdir())

def compiled(folder):
    return sum(path.suffix == ".so" for path in folder.rglob("*"))

def files():
    with cold_compiler.cold_compiler(folder) as written:
        before = written()
        cold_compiler._compile_a_little("cpu")
        return [before, written()]

seconds = cold_compiler.readied("cpu", folder / "kept", folder)
kept = compiled(folder / "kept")
told = [files(), files()]
cold_compiler._forget_libraries = lambda: None
print(json.dumps({"seconds": seconds, "kept": kept, "starts": told, "remembered": files()}))
"""


def test_what_compiles_nothing_writes_nothing() -> None:
    with nothing_compiles() as files:
        assert files() == 0


@pytest.mark.environment
def test_each_start_compiles_all_of_it_and_one_that_remembers_is_found_out(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(provisioned.variables, "TMPDIR", str(tmp_path))
    said = printed(provisioned, STARTS)
    (none, first), (nothing, second) = said["starts"]
    before, fewer = said["remembered"]
    assert none == nothing == before == 0
    assert first == second > fewer > 0
    assert said["seconds"] > 0
    # The compiler's probes of the processor, which are kept from one process to the next.
    assert said["kept"] > 0
