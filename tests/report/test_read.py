"""Reading accepts what we wrote, and nothing else."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import examples
from tests.report.damaged import texts
from verify.errors import IntegrityError, StorageError
from verify.report import read
from verify.report.canonical import stored_text
from verify.report.read import parse_report, prove_report, read_report
from verify.report.versions import VERSIONS, AnyReport, Version

# The example without what only makes it longer.
TEXT = stored_text(examples.report(results=examples.results()[4:8]))
DATA = TEXT.encode()


def refusal(data: bytes) -> str:
    """The line with which the bytes are refused."""
    with pytest.raises(IntegrityError) as caught:
        parse_report(data, "it")
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith("it: ")
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_written_is_read(version: Version) -> None:
    report = examples.report(version)
    assert parse_report(stored_text(report).encode(), "it") == report


def test_truncated_anywhere_it_is_refused() -> None:
    for end in range(len(DATA)):
        refusal(DATA[:end])


def test_any_bytes_that_change_are_noticed() -> None:
    for place in range(0, len(DATA), 7):
        for change in (1, 32):
            refusal(DATA[:place] + bytes([DATA[place] ^ change]) + DATA[place + 1 :])


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_any_byte_put_in_is_noticed(place: int, byte: int) -> None:
    refusal(DATA[:place] + bytes([byte]) + DATA[place:])


@given(st.integers(0, len(DATA) - 1))
@settings(max_examples=100, deadline=None)
def test_any_byte_left_out_is_noticed(place: int) -> None:
    refusal(DATA[:place] + DATA[place + 1 :])


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    refusal(data)


def told(read: Callable[[bytes, str], AnyReport], data: bytes) -> AnyReport | str:
    """The report that the bytes are, or why they are none."""
    try:
        return read(data, "it")
    except IntegrityError as error:
        return error.message


@given(texts())
@settings(max_examples=100, deadline=None)
def test_what_is_read_at_once_is_what_a_closer_look_accepts(data: bytes) -> None:
    assert told(parse_report, data) == told(prove_report, data)


@given(st.integers(0, len(DATA) - 1), st.binary(max_size=2))
@settings(max_examples=100, deadline=None)
def test_so_it_is_for_any_bytes_that_change(place: int, others: bytes) -> None:
    data = DATA[:place] + others + DATA[place + 1 :]
    assert told(parse_report, data) == told(prove_report, data)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_written_is_read_at_once(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stored_text(examples.report(version)).encode()
    monkeypatch.delattr(read, "prove_report")
    parse_report(data, "it")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty report"),
        (b" \n\t", "empty report"),
        (b"\xef\xbb\xbf" + DATA, "byte order mark"),
        (TEXT.encode("utf-16"), "not UTF-8"),
        (TEXT.encode("utf-16-le"), "offset"),
        (b"\xff" + DATA, "not UTF-8 at byte 0"),
        (DATA + b"{}", "Extra data"),
        (DATA + DATA, "Extra data"),
        (DATA + b"\n", "its bytes are not those"),
        (DATA.replace(b"\n", b"\r\n"), "its bytes are not those"),
        (b"[" * 100_000, "nested deeper than 64 at offset 64"),
        (b'{"a":' * 100_000, "nested deeper than 64"),
        (b'"' + b'\\"' * 500_000, "Unterminated string"),
        (b"[1]", "a report is a JSON object"),
        (b'{"a": 1, "b": {"a": 2}, "\\u0061": 3}', "'a' is named twice, at offsets 1 and 24"),
        (b'{"version": "v3", "version": "v1"}', "'version' is named twice, at offsets 1 and 18"),
        (b'{"a": [1, {"b": NaN}]}', "report.a[1].b' is not a finite number"),
        (b'{"a": -Infinity}', "report.a' is not a finite number"),
        (b'{"a": 1e999}', "report.a' is not a finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "report.a' is beyond 2^53"),
        (b'{"a": 9007199254740992}', "report.a' is beyond 2^53"),
        (b'{"a": "\\ud800"}', "report.a' holds a lone surrogate"),
        (b'{"\\ud800": 1}', "holds a lone surrogate"),
        (b'{"version": "v99"}', "unsupported version 'v99'"),
        (b"{}", "names no version"),
    ],
)
def test_each_fault_is_named(data: bytes, said: str) -> None:
    assert said in refusal(data)


def test_a_number_written_otherwise_is_refused() -> None:
    for changed in ("125619456.0", "1.25619456e8", "+125619456", "0125619456"):
        refusal(TEXT.replace("125619456", changed).encode())
    refusal(TEXT.replace('"seconds": 1.5', '"seconds": 1.50').encode())
    refusal(TEXT.replace('"seconds": 0', '"seconds": -0.0').encode())


def test_fields_in_another_order_are_refused() -> None:
    data = json.loads(TEXT)
    turned = {name: data[name] for name in reversed(data)}
    assert "its bytes" in refusal((json.dumps(turned, indent=2, ensure_ascii=False) + "\n").encode())


def test_a_digest_made_for_other_content_is_refused() -> None:
    assert "digest" in refusal(TEXT.replace('"interrupted": false', '"interrupted": true').encode())


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reports/m2/one.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    assert read_report(path, tmp_path) == parse_report(DATA, "it")


def test_errors_name_the_file_from_the_project_on(tmp_path: Path) -> None:
    path = tmp_path / "reports/m2/one.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA[:-9])
    with pytest.raises(IntegrityError, match=r"^reports/m2/one\.json: "):
        read_report(path, tmp_path)


def test_links_pipes_folders_and_strangers_are_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.json"
    inside.mkdir()
    outside.write_bytes(DATA)
    (inside / "link.json").symlink_to(outside)
    (inside / "folder.json").mkdir()
    (inside / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(inside / "pipe.json")
    for name, said in (
        ("link.json", "symbolic link"),
        ("folder.json", "no regular file"),
        ("pipe.json", "no regular file"),
        ("elsewhere/outside.json", "outside of the project"),
        ("../outside.json", "outside of the project"),
    ):
        with pytest.raises(IntegrityError, match=re.escape(said)):
            read_report(inside / name, inside)


def test_what_is_missing_or_misnamed_is_said_in_one_line(tmp_path: Path) -> None:
    for name in ("none.json", "none/none.json", "x" * 300):
        with pytest.raises(StorageError) as caught:
            read_report(tmp_path / name, tmp_path)
        assert "\n" not in caught.value.message


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(read.LARGEST_FILE * 64)
    with pytest.raises(IntegrityError, match="is larger than"):
        read_report(path, tmp_path)
