"""A head counts the beginning of a chain, and may be signed."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.histories import append, draft, fine
from verify.errors import IntegrityError, VerifyError
from verify.render import markdown
from verify.report import history
from verify.report.head import PAYLOAD_TYPE, parse_head, read_head, root_of
from verify.report.wholeness import Asked, verify_history

MACHINE = "a" * 32
DIGESTS = st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=6)


def sign(payload: bytes, payload_type: str) -> bytes:
    """An envelope whose signature is a fake."""
    parts = {"payload": base64.b64encode(payload).decode(), "payloadType": payload_type, "signatures": [{"sig": "me"}]}
    return json.dumps(parts).encode()


def unseal(envelope: bytes, payload_type: str) -> bytes:
    """The payload of an envelope with the fake signature."""
    parts = json.loads(envelope)
    if parts["signatures"] != [{"sig": "me"}] or parts["payloadType"] != payload_type:
        raise IntegrityError("nobody known has signed it", "ask who did")
    return base64.b64decode(parts["payload"])


def keep(root: Path, number: int) -> None:
    """Append a report and sign the head."""
    history.append(root, draft(number), render=markdown.render, audit=fine, sign=sign)


def found(root: Path) -> list[tuple[str, str]]:
    """The rules that found something, and how bad it is."""
    findings = verify_history(root, Asked(unseal=unseal))
    return [(finding.rule, finding.severity) for finding in findings]


@given(DIGESTS, DIGESTS)
def test_a_root_goes_on_from_an_older_one(before: list[str], after: list[str]) -> None:
    assert root_of(after, root_of(before)) == root_of([*before, *after])


@given(DIGESTS, DIGESTS)
def test_other_files_or_another_order_have_another_root(one: list[str], other: list[str]) -> None:
    assert (root_of(one) == root_of(other)) == (one == other)


def test_a_signed_head_counts_what_the_plain_one_does(tmp_path: Path) -> None:
    keep(tmp_path, 1)
    plain, signed = (tmp_path / "reports/m2" / f"{MACHINE}{suffix}" for suffix in (".head", ".head.dsse"))
    assert read_head(signed, tmp_path, unseal) == read_head(plain, tmp_path) == read_head(signed, tmp_path)
    assert json.loads(signed.read_bytes())["payloadType"] == PAYLOAD_TYPE
    assert found(tmp_path) == []


def test_what_nobody_signed_is_told_and_the_next_signature_covers_it(tmp_path: Path) -> None:
    keep(tmp_path, 1)
    append(tmp_path, 2)
    assert found(tmp_path) == [("chain.unsigned", "warning")]
    keep(tmp_path, 3)
    assert found(tmp_path) == []


def test_a_cut_tail_shows_in_the_signed_head_although_the_plain_one_was_made_anew(tmp_path: Path) -> None:
    append(tmp_path, 1)
    plain = tmp_path / "reports/m2" / f"{MACHINE}.head"
    data = plain.read_bytes()
    keep(tmp_path, 2)
    history.stored(tmp_path, "m2")[1].unlink()
    plain.write_bytes(data)
    assert found(tmp_path) == [("chain.cut", "error")]
    with pytest.raises(IntegrityError, match="its signed head ends with 000000000002"):
        append(tmp_path, 3)


def test_a_head_that_somebody_else_signed_is_refused(tmp_path: Path) -> None:
    keep(tmp_path, 1)
    signed = tmp_path / "reports/m2" / f"{MACHINE}.head.dsse"
    signed.write_bytes(signed.read_bytes().replace(b'"me"', b'"you"'))
    assert found(tmp_path) == [("history.head", "error")]


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b'{"payloadType": 1}', b'{"payloadType": "x", "payload": ""}', b"\xff"]
)
def test_what_is_no_head_is_refused_in_two_lines(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.head").write_bytes(text)
    with pytest.raises(VerifyError) as caught:
        read_head(tmp_path / "a.head", tmp_path)
    assert caught.value.exit == 4
    assert "\n" not in caught.value.message


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    append(tmp_path, 1)
    data = (tmp_path / "reports/m2" / f"{MACHINE}.head").read_bytes()
    assert parse_head(data, "it").count == 1
    with pytest.raises(IntegrityError, match="named twice"):
        parse_head(data.replace(b'"count": 1,', b'"count": 2, "count": 1,'), "it")
