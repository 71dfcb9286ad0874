import subprocess
import sys
from pathlib import Path

import pytest

from verify.errors import Exit, StorageError, VerifyError
from verify.run.exclusive import alone

ROOT = Path(__file__).resolve().parents[2]


def test_a_second_run_is_refused_while_the_first_lasts(tmp_path: Path) -> None:
    with alone(tmp_path / "state" / "run"):
        with pytest.raises(VerifyError, match="another run") as error, alone(tmp_path / "state" / "run"):
            pass
        assert error.value.exit == Exit.COULD_NOT_RUN
        assert "wait" in error.value.hint
    with alone(tmp_path / "state" / "run"):
        pass


def test_a_killed_run_holds_nobody_up(tmp_path: Path) -> None:
    program = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from verify.run.exclusive import alone
with alone(Path({str(tmp_path / "run")!r})):
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with alone(tmp_path / "run"):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"), alone(tmp_path / "file" / "run"):
        pass
