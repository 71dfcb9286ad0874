import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from verify.errors import VerifyError
from verify.spec.interpreter import interpreter_of, worker_variables

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "lockfiles"
# Names another environment's Python than the one that was set up last.
NAMED = "VERIFY_TEST_PYTHON"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """An environment with frameworks in it: its Python and the variables that its workers see."""

    python: Path
    lock: Path
    variables: dict[str, str]


@pytest.fixture(scope="session")
def provisioned() -> Provisioned:
    """The environment that was set up last; without one, the tests that need it are skipped."""
    if NAMED in os.environ:
        python = Path(os.environ[NAMED])
        return Provisioned(
            python, LOCKS / "linux-x86_64-cpu.txt", dict(worker_variables(python.parents[1], os.environ))
        )
    try:
        found = interpreter_of(ROOT, None, environ=os.environ)
    except VerifyError as error:
        pytest.skip(f"needs an environment: {error}")
    return Provisioned(found.python, LOCKS / f"{found.platform}.txt", dict(found.environment_variables))


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pretrained model is rebuilt, once for all tests."""
    return tmp_path_factory.mktemp("material")
