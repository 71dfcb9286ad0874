from pathlib import Path

from verify.cli.surroundings import _own_python, secrets
from verify.report.hygiene import scrub

HOME = Path("/home/adalovelace")


def test_a_python_of_ones_own_is_no_ones_business() -> None:
    prefix = HOME / ".pyenv" / "versions" / "3.11.7"
    log = f'File "{prefix}/lib/python3.11/threading.py", line 973'
    assert scrub(log, _own_python(prefix, HOME)) == 'File "<python>/lib/python3.11/threading.py", line 973'


def test_a_systems_own_python_is_no_secret() -> None:
    assert _own_python(Path("/usr"), HOME) == {}


def test_the_project_and_the_home_folder_are_secrets(tmp_path: Path) -> None:
    assert scrub(f"{tmp_path}/reports", secrets(tmp_path)) == "./reports"
    assert scrub(f"{Path.home()}/models", {str(Path.home()): "~"}) == "~/models"


def test_the_project_that_a_node_shares_is_a_secret_too(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder in (shared / "envs", own):
        folder.mkdir(parents=True)
    (own / "envs").symlink_to(shared / "envs")
    assert scrub(f"{shared}/verify/run.py of {own}/reports", secrets(own)) == "./verify/run.py of ./reports"
