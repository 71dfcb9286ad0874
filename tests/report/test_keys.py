"""Which keys count for what, and when."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from referencing import Registry

from tests.examples import ROOT
from tests.report.attest.signing import key, revoked, signer, signers
from verify.report.keys import Revocation, Signers, Told, distrust, entry, keyid_of, state
from verify.report.schemas import schema_text
from verify.report.validate import formats

END, SIGNED = "2026-02-15T16:41:37Z", "2026-02-15T17:00:00Z"
TOLD = Told("m2", {"the report's end": END, "the signature's time": SIGNED})


def rule(**changes: Any) -> str | None:
    """Why the example's signature does not count."""
    found = distrust(signer(key(), **changes), TOLD)
    return found.rule if found else None


def test_a_keys_id_is_the_one_that_the_library_computes() -> None:
    made = key()
    assert keyid_of(made.public_key.keyval["public"]) == made.public_key.keyid


def test_a_key_within_its_window_counts_to_the_second() -> None:
    assert rule() is None
    assert rule(valid_from=END, valid_until=SIGNED) is None
    assert rule(valid_from="2026-02-15T16:41:38Z") == "window"
    assert rule(valid_until="2026-02-15T16:59:59Z") == "window"


def test_a_key_of_another_environment_does_not_count() -> None:
    assert rule(environments=("cpu", "m2-max")) == "environment"
    assert rule(environments=("cpu", "m2")) is None


def test_a_key_that_was_only_revoked_counts_for_the_time_before() -> None:
    assert rule(revoked=revoked("2026-02-15T17:00:01Z", compromised=False)) is None
    assert rule(revoked=revoked("2026-02-15T17:00:00Z", compromised=False)) == "revoked"
    assert rule(revoked=revoked("2026-02-15T16:50:00Z", compromised=False)) == "revoked"


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "2026-02-15T17:00:01Z", "2099-01-01T00:00:00Z"])
def test_a_compromised_key_counts_for_nothing_whenever_it_claims_to_have_signed(at: str) -> None:
    assert rule(revoked=revoked(at, compromised=True)) == "compromised"


def test_a_key_is_told_in_a_word() -> None:
    assert state(signer(key()), "2025-12-31T23:59:59Z") == "future"
    assert state(signer(key()), "2026-06-01T00:00:00Z") == "valid"
    assert state(signer(key()), "2027-01-01T00:00:00Z") == "ended"
    gone = signer(key(), revoked=revoked("2026-06-01T00:00:00Z", compromised=False))
    assert [state(gone, time) for time in ("2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z")] == ["valid", "revoked"]
    assert state(signer(key(), revoked=revoked(END, compromised=True)), "2026-01-02T00:00:00Z") == "compromised"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"keyid": "0" * 64}, "keyid of ada is not that of its public_key"),
        ({"valid_until": "2026-01-01T00:00:00Z"}, "ends before it begins"),
        ({"environments": ()}, "at least 1 item"),
        ({"name": "Ada Lovelace"}, "should match pattern"),
        ({"public_key": "0" * 63}, "should match pattern"),
        ({"owner": "ada"}, "Extra inputs"),
    ],
)
def test_an_entry_that_can_mean_nothing_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        signer(key(), **changes)


def test_a_threshold_of_none_is_refused_and_so_is_one_key_under_two_names() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Signers(threshold=0)
    one = key()
    with pytest.raises(ValidationError, match="is the id of two signers"):
        signers(signer(one, name="ada"), signer(one, name="grace"))
    with pytest.raises(ValidationError, match="ada is the id of two signers"):
        signers(signer(key()), signer(key()))


def read(text: str) -> Signers:
    """The policy that a file's text is."""
    return Signers.model_validate(tomllib.loads(text))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.booleans())
def test_an_entry_reads_back_as_it_was(reason: str, compromised: bool) -> None:
    gone = Revocation(at=END, reason=reason, compromised=compromised)
    those = (signer(key(), environments=("m2", "cpu")), signer(key(), name="grace", revoked=gone))
    assert read("\n".join(map(entry, those))).signers == those


def test_a_time_without_a_zone_is_refused() -> None:
    text = entry(signer(key()))
    assert read(text.replace("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00")).signers[0].valid_from.endswith("Z")
    with pytest.raises(ValidationError, match="valid_from"):
        read(text.replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00"))


def test_the_projects_policy_can_be_read_and_wants_a_signature() -> None:
    assert read((ROOT / "policy/allowed-signers.toml").read_text(encoding="utf-8")).threshold >= 1


def test_the_schema_says_what_the_model_does() -> None:
    entries = json.loads(schema_text(Signers, stored=False))
    schema = Draft202012Validator(entries, format_checker=formats(), registry=Registry())
    fine = json.loads(signers(signer(key(), revoked=revoked(END, compromised=True))).model_dump_json())
    assert list(schema.iter_errors(fine)) == []
    for field, wrong in (("environments", []), ("valid_from", "2026-01-01"), ("public_key", "00"), ("owner", "ada")):
        changed = {**fine, "signers": [{**fine["signers"][0], field: wrong}]}
        assert list(schema.iter_errors(changed)) != [], field
