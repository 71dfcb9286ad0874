import os
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from verify.errors import Exit, StorageError, UsageError, VerifyError
from verify.spec.platform import load_platform
from verify.spec.toml import line_of, read_toml, validated


class Inner(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    size: int = Field(ge=0)


class Outer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    title: str
    name: str
    share: float = 0.0
    inner: Inner
    rows: list[Inner] = []


GOOD = """\
# a comment
title = "x"
share = 0.5
inner.size = 3

[[rows]]
size = 1

[[rows]] # the second
size = 2
"""


def failure(tmp_path: Path, content: bytes | str) -> VerifyError:
    path = tmp_path / "a.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(VerifyError) as caught:
        validated(Outer, read_toml(tmp_path, path), name="a")
    assert "\n" not in caught.value.message + caught.value.hint
    assert caught.value.hint
    return caught.value


def test_a_good_file_is_read_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(GOOD)
    toml = read_toml(tmp_path, path)
    assert validated(Outer, toml, name="a").rows[1].size == 2
    assert len(toml.digest) == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("title =", "titel ="), "a.toml:2: `titel` is not a key here"),
        (('"x"', "7"), "a.toml:2: `title`: input should be a valid string"),
        (("0.5", '"0.5"'), "a.toml:3: `share`: input should be a valid number"),
        (("0.5", "inf"), "a.toml:3: `share`: input should be a finite number"),
        (("0.5", "nan"), "a.toml:3: `share`: input should be a finite number"),
        (("0.5", "true"), "a.toml:3: `share`: input should be a valid number"),
        (("size = 3", "size = -3"), "a.toml:4: `inner.size`: input should be greater than or equal to 0"),
        (("size = 2", "size = 2.0"), "a.toml:10: `rows.size`: input should be a valid integer"),
        (("size = 2", "# size = 2"), "a.toml:9: `rows.size` is missing"),
        (("size = 1", "size = 1\nextra.deep = 1"), "a.toml:8: `rows.extra` is not a key here"),
        (('"x"', "x"), "a.toml:2: is not TOML: Invalid value"),
        (("share =", "title ="), "a.toml:3: is not TOML: Cannot overwrite a value"),
        (("# a comment", 'name = "b"'), "a.toml:1: `name` is not a key here"),
        (("# a comment", "share = " + "9" * 5000), "a.toml:1: a number is too long"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    error = failure(tmp_path, GOOD.replace(*change, 1))
    assert error.message.startswith(message)
    assert error.exit == Exit.USAGE


def test_a_misspelt_key_is_recognised(tmp_path: Path) -> None:
    assert failure(tmp_path, GOOD.replace("title", "titel")).hint == "did you mean `title`?"


def test_a_strange_key_gets_the_list_of_keys(tmp_path: Path) -> None:
    assert "title" in failure(tmp_path, "zzz = 1\n" + GOOD).hint


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    assert failure(tmp_path, GOOD.replace('title = "x"', "")).message == "a.toml:1: `title` is missing"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "a.toml:1: starts with a byte order mark"),
        (GOOD.encode("utf-16"), "a.toml:1: starts with a byte order mark"),
        (GOOD.replace("\n", "\r\n").encode(), "a.toml:1: has CR line endings"),
        (GOOD.encode() + b"x = '\xff'\n", "a.toml:11: is not UTF-8"),
        (b"x = " + b"[" * 30_000 + b"]" * 30_000, "a.toml:1: nested too deeply"),
        (b"#" * 65_537, "a.toml is larger than 65,536 bytes"),
        (b"", "a.toml:1: `title` is missing"),
        (b"\x00", "a.toml:1: is not TOML"),
    ],
)
def test_bytes_that_no_editor_should_leave_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in failure(tmp_path, content).message


def test_every_truncation_is_refused_or_read_as_what_it_still_says(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for length in range(len(GOOD)):
        path.write_text(GOOD[:length])
        try:
            validated(Outer, read_toml(tmp_path, path), name="a")
        except UsageError as error:
            assert error.message.startswith("a.toml:")  # noqa: PT017


def test_a_missing_file_and_a_directory_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "d.toml").mkdir()
    os.mkfifo(tmp_path / "f.toml")
    for name, said in (("nothing", "does not exist"), ("d", "is no regular file"), ("f", "is no regular file")):
        with pytest.raises(UsageError, match=said):
            read_toml(tmp_path, tmp_path / f"{name}.toml")


def test_a_disk_that_fails_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    with pytest.raises((StorageError, UsageError)):
        read_toml(tmp_path, tmp_path / "loop.toml")


def test_lines_are_found_past_strings_lists_and_comments_that_look_like_keys() -> None:
    text = 'a = """\n"""\nlist = [\n  "b = 1", # [\n  "c",\n]\n"quoted" = 1\n[t."u"]\nb = 2\n'
    assert line_of(text, ("list", 1)) == 3
    assert line_of(text, ("quoted",)) == 7
    assert line_of(text, ("t", "u")) == 8
    assert line_of(text, ("t", "u", "b")) == 9
    assert line_of(text, ("nowhere",)) == 1


def test_a_key_that_is_given_otherwise_is_not_offered(project: Path) -> None:
    path = project / "envs" / "platforms" / "box.toml"
    path.write_text("zzzzz = 1\n" + path.read_text())
    with pytest.raises(UsageError, match="`zzzzz` is not a key here") as caught:
        load_platform(project, "box")
    assert caught.value.hint.startswith("the keys are title, python")
    assert not {"name", "digest"} & set(caught.value.hint.removeprefix("the keys are ").split(", "))
