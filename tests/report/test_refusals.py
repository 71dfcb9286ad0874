"""A refusal is two lines, word for word: what is wrong and where, and what to do."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests import examples
from tests.gates import gate
from tests.report.histories import append, draft, fine
from tests.report.test_head import sign
from verify.errors import IntegrityError, StorageError, UsageError, VerifyError
from verify.judge.finding import error
from verify.render import markdown
from verify.render.gate import render
from verify.report import gates, history, place, rows, strict_json
from verify.report.canonical import stored_text
from verify.report.disk import read_regular
from verify.report.head import parse_head, read_head
from verify.report.index import refresh
from verify.report.listing import entries, listed
from verify.report.query import asked
from verify.report.read import CHANGED, parse_report
from verify.report.validate import against_schema
from verify.report.versions import build, version_of

RESTORE = "restore the file from version control, or leave it out"
DAMAGED = "see `verify history prove`; restore it from version control"
MACHINE = "a" * 32


def refused(attempt: Callable[[], object]) -> tuple[type[VerifyError], str, str]:
    """With what it is refused."""
    with pytest.raises(VerifyError) as caught:
        attempt()
    return type(caught.value), caught.value.message, caught.value.hint


def test_a_file_that_cannot_be_read_as_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("large")
    (tmp_path / "folder").mkdir()
    (tmp_path / "away").symlink_to(tmp_path.parent)
    plain, below = "reports are plain files: replace it", "give a path below the project's root"
    for name, kind, said, hint in (
        ("large", IntegrityError, "large is larger than 4 bytes", "no report is that large: remove it"),
        ("link", IntegrityError, "link is a symbolic link", plain),
        ("folder", IntegrityError, "folder is no regular file", plain),
        ("away/x", IntegrityError, "x lies outside of the project", below),
        ("none", StorageError, "cannot read none: No such file or directory", "check the path and its permissions"),
    ):
        assert refused(partial(read_regular, tmp_path / name, tmp_path, 4)) == (kind, said, hint)
    assert read_regular(tmp_path / "large", tmp_path, 5) == b"12345"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xef\xbb\xbf{}", "starts with a byte order mark"),
        (b"{}\xff", "not UTF-8 at byte 2"),
        (b" ", "empty report"),
        (b"[" * 65, "nested deeper than 64 at offset 64"),
        (b"{]", "Expecting property name enclosed in double quotes at offset 1"),
        (b'{"a": {"b": 1}, "a": 2}', "'a' is named twice, at offsets 1 and 16"),
        (b'[{"a": [0, 9007199254740992]}]', "'report[0].a[1]' is beyond 2^53"),
        (b"[-9007199254740992]", "'report[0]' is beyond 2^53"),
        (b"[" + b"9" * 21 + b"]", "'report[0]' is beyond 2^53"),
        (b"[1e999]", "'report[0]' is not a finite number"),
        (b'["\\ud800"]', "'report[0]' holds a lone surrogate"),
    ],
)
def test_json_that_is_not_as_it_was_meant(data: bytes, said: str) -> None:
    assert refused(lambda: strict_json.parse(data, "it")) == (IntegrityError, f"it: {said}", RESTORE)


def test_json_at_its_limits_is_read() -> None:
    deep = b"[" * 64 + b"]" * 64
    assert strict_json.parse(deep, "it") == json.loads(deep)
    assert strict_json.parse(b"[9007199254740991, -9007199254740991]", "it") == [2**53 - 1, 1 - 2**53]
    assert strict_json.parse(b'{"a": {"a": 1}, "b": [{"a": 2}, {"a": ": {"}]}', "it") == {
        "a": {"a": 1},
        "b": [{"a": 2}, {"a": ": {"}],
    }


def test_folders_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    move = "reports live in folders: move it away"
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert refused(partial(listed, folder, tmp_path)) == (IntegrityError, "file is no folder", move)
    long = "x" * 300
    check = (StorageError, f"cannot read {long}: File name too long", "check the folder and its permissions")
    assert refused(lambda: list(entries(tmp_path / long, tmp_path))) == check
    assert listed(tmp_path / "none", tmp_path) == []
    (tmp_path / "reports").symlink_to(tmp_path)
    replace = "reports live in the project: replace it"
    said = (IntegrityError, "reports is a symbolic link", replace)
    assert refused(lambda: history.environments(tmp_path)) == said


def test_names_and_places_that_are_not_a_report_s(tmp_path: Path) -> None:
    path = append(tmp_path, 1)
    letters = "small letters, digits, - and _ make one"
    assert refused(lambda: history.stored(tmp_path, "M2")) == (
        UsageError,
        "'M2' is no name of an environment",
        letters,
    )
    exists = "reports are never overwritten; remove it or wait a second"
    assert refused(lambda: append(tmp_path, 1)) == (IntegrityError, f"{path.name} exists", exists)
    moved = path.rename(path.with_name("20990101T000000Z-000000000001.json"))
    said = f"reports/m2/{moved.name} holds the report that belongs at reports/m2/{path.name}"
    hint = "it was moved or renamed: move it back, or restore it from version control"
    assert refused(lambda: history.read_stored(moved, tmp_path)) == (IntegrityError, said, hint)
    said, hint = f"reports/m2/{moved.name} holds another report", "see `verify history prove`"
    assert refused(lambda: refresh(tmp_path, tmp_path / "index")) == (IntegrityError, said, hint)


def test_reports_that_are_not_what_was_written(tmp_path: Path) -> None:
    path = append(tmp_path, 1)
    where, source = f"reports/m2/{path.name}", rows.Source(f"reports/m2/{path.name}", 1, 1)
    path.write_text("{")
    assert refused(lambda: place.place_of(path, tmp_path)) == (IntegrityError, f"{where} is damaged", DAMAGED)
    assert refused(lambda: place.sealed(b"{", "it")) == (IntegrityError, "it is damaged", CHANGED)
    assert refused(lambda: rows.prove(tmp_path, source)) == (IntegrityError, f"{where} is damaged", CHANGED)
    assert refused(lambda: rows.rows_of(tmp_path, source)) == (
        IntegrityError,
        f"{where} is damaged",
        "see `verify history prove`",
    )
    other = stored_text(draft(1)).encode()
    assert refused(lambda: place.sealed(other, "it")) == (
        IntegrityError,
        "it: its digest is not that of its content",
        CHANGED,
    )
    assert refused(lambda: parse_report(b"[]", "it")) == (IntegrityError, "it: a report is a JSON object", RESTORE)


def test_a_report_that_contradicts_itself_is_a_fault_of_ours(tmp_path: Path) -> None:
    wrong = [error("counts.differ", "counts", "4 stated, 5 listed"), error("a.b", "c", "d"), error("a.b", "c", "e")]
    attempt = partial(history.append, tmp_path, draft(), render=markdown.render, audit=lambda _: wrong)
    said = "the new report contradicts itself: counts.differ: counts: 4 stated, 5 listed (and 2 more)"
    hint = "nothing was written; this is a fault of the suite: report it with the line above"
    assert refused(attempt) == (IntegrityError, said, hint)
    del wrong[1:]
    assert refused(attempt)[1] == said.removesuffix(" (and 2 more)")


def test_nothing_is_appended_to_a_chain_that_is_broken(tmp_path: Path) -> None:
    paths = [append(tmp_path, number) for number in range(2)]
    paths[1].unlink()
    said = f"chain of {MACHINE[:12]} in m2: 1 of 2 reports are here, its head ends with 000000000001"
    hint = "nothing is appended to it: `verify history prove` tells all; restore it from version control"
    assert refused(lambda: append(tmp_path, 3)) == (IntegrityError, said, hint)


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/m2").write_text("")
    said = "cannot write to reports/m2: File exists"
    assert refused(lambda: append(tmp_path)) == (StorageError, said, history.FREE)
    (tmp_path / "reports/gates").write_text("")
    said = "cannot write to reports/gates/m2: Not a directory"
    assert refused(lambda: gates.preflight(tmp_path, "m2")) == (StorageError, said, history.FREE)
    assert refused(lambda: gates.keep(tmp_path, gate(), render)) == (StorageError, said, history.FREE)


def test_gates_that_are_none(tmp_path: Path) -> None:
    path = gates.keep(tmp_path, gate(), render)
    never = "gates are never overwritten; wait a second"
    assert refused(lambda: gates.keep(tmp_path, gate(), render)) == (IntegrityError, f"{path.name} exists", never)
    text = path.read_text(encoding="utf-8")
    changed = text.replace('"asked": ', '"asked":  ').encode()
    assert refused(lambda: gates.parse_gate(changed, "it")) == (IntegrityError, "it is not as it was written", CHANGED)
    kind, said, hint = refused(lambda: gates.parse_gate(b'{"version": 1}', "it"))
    assert (kind, hint) == (IntegrityError, RESTORE)
    assert said.startswith("it is no gate: version: Input should be ")
    assert refused(lambda: gates.parse_gate(b"[]", "it"))[1].startswith("it is no gate: gate: Input should be ")
    assert len(refused(lambda: gates.parse_gate(b"[]", "x" * 400))[1]) == 300


def test_heads_that_are_none(tmp_path: Path) -> None:
    history.append(tmp_path, draft(1), render=markdown.render, audit=fine, sign=sign)
    head = tmp_path / "reports/m2" / f"{MACHINE}.head"
    data = head.read_bytes()
    spaced = data.replace(b'"count": ', b'"count":  ')
    assert refused(lambda: parse_head(spaced, "it")) == (IntegrityError, "it is not as it was written", CHANGED)
    zero = data.replace(b'"count": 1', b'"count": 0')
    kind, said, hint = refused(lambda: parse_head(zero, "it"))
    assert (kind, hint) == (IntegrityError, RESTORE)
    assert said == "it is no head: count: Input should be greater than or equal to 1"
    assert refused(lambda: parse_head(b"[]", "it"))[1].startswith("it is no head: head: Input should be ")
    assert len(refused(lambda: parse_head(b"[]", "x" * 400))[1]) == 300
    for payload, what in ((b'{"payloadType": 1', "is no envelope"), (b'{"payloadType": 1}', "holds no head")):
        (tmp_path / "envelope").write_bytes(payload)
        assert refused(lambda: read_head(tmp_path / "envelope", tmp_path)) == (
            IntegrityError,
            f"envelope {what}",
            RESTORE,
        )
    away = head.with_name("b" * 32 + ".head")
    head.rename(away)
    said = f"reports/m2/{away.name} is the head of {MACHINE[:12]} in m2"
    assert refused(lambda: append(tmp_path, 2, machine="b" * 32)) == (
        IntegrityError,
        said,
        "restore it from version control",
    )


def test_an_index_and_queries_that_give_nothing(tmp_path: Path) -> None:
    index = tmp_path / "history.sqlite"

    def ask(query: str) -> object:
        with asked(index, query) as answers:
            return list(answers.rows)

    there = (StorageError, "history.sqlite is not there", "run the query again: it is made anew")
    assert refused(lambda: ask("SELECT 1")) == there
    index.write_bytes(b"no database at all, but long enough to be one" * 40)
    anew = "remove history.sqlite: it is made anew"
    unread = (StorageError, "cannot read history.sqlite: file is not a database", anew)
    assert refused(lambda: ask("SELECT 1 FROM reports")) == unread
    index.unlink()
    append(tmp_path)
    refresh(tmp_path, index)
    tables = "the tables: reports, results, measurements, packages; `report` joins them"
    assert refused(lambda: ask("DELETE FROM reports")) == (
        UsageError,
        "the query: it may read, and nothing else",
        tables,
    )
    assert refused(lambda: ask("SELECT x")) == (UsageError, "the query: no such column: x", tables)
    assert ask("SELECT x'00ff', 1e999, -1e999, 1.5, NULL") == [("00ff", "inf", "-inf", 1.5, None)]


def test_reports_of_no_version_or_of_another_shape() -> None:
    release = "read it with the release of the product that wrote it"
    assert refused(lambda: version_of(None, "it")) == (
        IntegrityError,
        "it: names no version, known are v1, v2, v3",
        release,
    )
    unknown = (IntegrityError, "it: unsupported version 'v9', known are v1, v2, v3", release)
    assert refused(lambda: version_of("v9", "it")) == unknown
    plain = "a report holds finite numbers and plain data only"
    assert refused(lambda: build({"a": float("nan")}, "it"))[2] == plain
    data = examples.draft("v1").model_dump(mode="json")
    compare = "compare it with schemas/report.v1.json"
    told = "it: machine: String should match pattern "
    kind, said, hint = refused(lambda: build({**data, "machine": "x"}, "it"))
    assert (kind, hint) == (IntegrityError, compare)
    assert said.startswith(told)
    assert refused(lambda: build({**data, "machine": "x", "level": "x"}, "it"))[1].endswith(" (and 1 more)")
    assert not said.endswith("more)")
    assert refused(lambda: against_schema([], "v1", "it"))[2] == compare
    missing = (StorageError, "schemas/report.v0.json is missing", "restore it from version control")
    assert refused(lambda: against_schema([], "v0", "it")) == missing
