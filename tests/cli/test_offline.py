"""Networks that are not there (fault 57): a run asks for nothing that is elsewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.hostile.failpoints import require_strace
from verify.errors import Exit

ASKS = '''
from verify.probe.check import check

@check(level="quick", needs=["transformers", "huggingface-hub"])
def asks_the_hub(ctx):
    """A model that is not here is not looked for elsewhere.

    Nothing to be done.
    """
    from transformers import AutoTokenizer

    try:
        AutoTokenizer.from_pretrained("nobody/has-this-model")
    except OSError as error:
        ctx.note(said=str(error)[:200])
    ctx.require(True, "unreached")
'''


@pytest.mark.environment
def test_a_run_asks_no_network(furnished: Path, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    require_strace()
    (tmp_path / "asks.py").write_text(ASKS)
    words = ["--root", str(furnished), "run", "--checks", str(tmp_path / "asks.py"), "--select", "asks.*"]
    traced = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto", "-o", str(tmp_path / "calls")]
    end = subprocess.run(
        [*traced, sys.executable, "-m", "verify", *words, "--select", "tokenizers.*"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0"},
        timeout=300,
    )
    asked = re.findall(r"sa_family=AF_INET6?, .*", (tmp_path / "calls").read_text())
    assert end.returncode == Exit.HOLDS, end.stderr
    assert [call for call in asked if "127.0.0.1" not in call and "::1" not in call] == []
    record_property("observed", f"exit {end.returncode}: {len(asked)} connections asked for by a run")
