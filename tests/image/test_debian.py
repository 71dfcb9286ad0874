import os
from pathlib import Path

import pytest

from tests.image import fakes
from verify.errors import UsageError, VerifyError
from verify.image.debian import make_base
from verify.image.recipe import EPOCH


def surroundings(folder: Path) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return environ | {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_the_base_is_made_of_one_time_and_put_into_the_store(tmp_path: Path) -> None:
    fakes.put(
        tmp_path, "mmdebstrap", f'echo "at $SOURCE_DATE_EPOCH" >>"{tmp_path}/asked"; for f; do :; done; echo x >"$f"'
    )
    script = (
        f"[ $1 = build ] && {{ cat Dockerfile base.tar >{tmp_path}/given; exit; }}\necho '{fakes.told_by_podman()}'"
    )
    engine = fakes.engine(tmp_path, script=script)
    assert make_base(engine, "bookworm", surroundings(tmp_path), ["--mode=root"]).digest == f"sha256:{fakes.DIGEST}"
    called, when, built, _ = fakes.asked(tmp_path)
    assert called.startswith("mmdebstrap --variant=minbase --include=ca-certificates,python3 --mode=root bookworm /")
    assert when == f"at {EPOCH}"
    assert built == f"podman build --timestamp {EPOCH} --tag localhost/llm-verify-base:bookworm ."
    assert (tmp_path / "given").read_text().startswith("FROM scratch\nADD base.tar /\n")


def test_without_mmdebstrap_a_base_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mmdebstrap is not installed"):
        make_base(fakes.engine(tmp_path), "bookworm", {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("first", "second", "who"), [("exit 1", "exit 0", "mmdebstrap"), ("exit 0", "exit 1", "podman")]
)
def test_what_fails_is_named(tmp_path: Path, first: str, second: str, who: str) -> None:
    fakes.put(tmp_path, "mmdebstrap", first)
    engine = fakes.engine(tmp_path, script=second)
    with pytest.raises(VerifyError, match=f"^{who} could not"):
        make_base(engine, "bookworm", surroundings(tmp_path))
