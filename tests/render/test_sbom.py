import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from verify.render.sbom import Part, Subject, sbom

SUBJECT = Subject("linux", "ab" * 32, "1.2.3", 1_700_000_000)
TORCH = Part("pypi", "torch", "2.13.0+cpu", ("12" * 32, "34" * 32), "BSD-3-Clause")
LIBC = Part("deb", "libc6", "2.36-9+deb12u14", namespace="debian", architecture="amd64")


def told(*parts: Part) -> dict[str, Any]:
    """The bill as a reader of JSON has it, valid by the schema of CycloneDX 1.6."""
    text = sbom(SUBJECT, parts)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_bill_is_of_the_lock_with_its_digest() -> None:
    bill = told(TORCH)
    whole = bill["metadata"]["component"]
    assert (bill["specVersion"], bill["metadata"]["timestamp"]) == ("1.6", "2023-11-14T22:13:20+00:00")
    assert (whole["name"], whole["hashes"]) == ("llm-verify linux", [{"alg": "SHA-256", "content": "ab" * 32}])


def test_a_package_has_its_url_licence_and_every_hash_of_the_lock() -> None:
    [component] = told(TORCH)["components"]
    assert component["purl"] == "pkg:pypi/torch@2.13.0%2Bcpu"
    assert component["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    files = [reference["hashes"][0]["content"] for reference in component["externalReferences"]]
    assert files == ["12" * 32, "34" * 32]


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("MIT", {"license": {"id": "MIT"}}),
        ("MIT OR Apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        ("Apache Software License", {"license": {"name": "Apache Software License"}}),
    ],
)
def test_a_licence_is_an_identifier_an_expression_or_a_name(licence: str, kind: dict[str, Any]) -> None:
    [component] = told(Part("pypi", "x", "1", licence=licence))["components"]
    assert component["licenses"] == [kind]


def test_a_package_of_the_distribution_is_told_apart_from_the_locks() -> None:
    components = told(TORCH, LIBC)["components"]
    assert {component["purl"] for component in components} == {
        "pkg:pypi/torch@2.13.0%2Bcpu",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64",
    }
    assert {component["properties"][0]["value"] for component in components} == {"lock", "dpkg"}


def test_equal_parts_have_equal_bills_and_others_another_number() -> None:
    assert sbom(SUBJECT, [TORCH, LIBC]) == sbom(SUBJECT, [LIBC, TORCH])
    assert told(TORCH)["serialNumber"] != told(TORCH, LIBC)["serialNumber"]


@given(licence=st.none() | st.text(max_size=40), version=st.text("0123456789abc.+-:~", min_size=1, max_size=20))
def test_whatever_a_package_says_of_itself_the_bill_is_valid(licence: str | None, version: str) -> None:
    told(Part("pypi", "x", version, licence=licence))
