"""The worked example of docs/how-to/add-a-check.md is what it says: it passes, and its fault is seen."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Verify
from verify.errors import Exit
from verify.probe.discover import find_checks

PAGE = (ROOT / "docs/how-to/add-a-check.md").read_text(encoding="utf-8")


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    """The page's files, where it puts them."""
    check, fault = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    folder = tmp_path / "my-checks"
    (folder / "faults").mkdir(parents=True)
    (folder / "losses.py").write_text(check)
    (folder / "faults" / "losses_fault.py").write_text(fault)
    return folder


def test_the_page_names_its_checks_as_they_are_called(checks: Path) -> None:
    found = [check.id for check in find_checks([checks, checks / "faults"], suite=False)]
    assert found == ["losses.cross_entropy_follows_its_formula", "losses_fault.a_loss_that_looks_at_no_labels"]
    assert f"`{found[0]}`" in PAGE


@pytest.mark.environment
def test_the_check_of_the_page_passes_and_its_fault_is_seen(furnished: Path, verify: Verify, checks: Path) -> None:
    fine = verify("run", "--checks", str(checks), "--select", "losses.*", "--device", "cpu")
    assert fine.returncode == Exit.HOLDS, fine.stderr
    words = ("--checks", str(checks / "faults"), "--select", "losses_fault.*")
    broken = verify("run", *words)
    assert broken.returncode == Exit.REFUSED
    assert " failed  losses_fault.a_loss_that_looks_at_no_labels[cpu]" in broken.stderr
    assert "gap_in_eps is" in broken.stderr
