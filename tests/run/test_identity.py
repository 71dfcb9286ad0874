import re
import sys
from pathlib import Path

import pytest

from verify.run.identity import machine_id

linux = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has its own identity")


@linux
def test_the_identity_is_a_digest_that_does_not_show_the_id(tmp_path: Path) -> None:
    source = tmp_path / "machine-id"
    source.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    found = machine_id(tmp_path / "kept", (source,))
    assert re.fullmatch(r"[0-9a-f]{32}", found)
    assert found != source.read_text().strip()
    assert found == machine_id(tmp_path / "kept", (source,))


@linux
@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_machine_without_an_identity_gets_one_and_keeps_it(tmp_path: Path, content: str | None) -> None:
    source, kept = tmp_path / "machine-id", tmp_path / "state/machine"
    if content is not None:
        source.write_text(content)
    assert machine_id(kept, (source,)) == machine_id(kept, (source,))
    assert machine_id(tmp_path / "another", (source,)) != machine_id(kept, (source,))


def test_whatever_the_machine_the_identity_is_stable(tmp_path: Path) -> None:
    assert machine_id(tmp_path / "kept") == machine_id(tmp_path / "kept")
