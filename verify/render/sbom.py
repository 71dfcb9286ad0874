"""A bill of materials of a lock or an image: CycloneDX 1.6 as JSON, https://cyclonedx.org/docs/1.6/json."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

# https://cyclonedx.org/docs/1.6/json/#serialNumber: of equal content the same, so that equal locks have equal bills.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-llm-verify:sbom")


@dataclass(frozen=True, slots=True)
class Part:
    """One package.

    Attributes:
        kind: Where packages of this kind come from, as a package URL names it.
        name: Its name.
        version: Its version.
        hashes: SHA-256 of every file that may be installed.
        licence: As the package states it; None where that is not known.
        namespace: The distribution, for a package of one.
        architecture: For which processors, for a package of a distribution.
    """

    kind: Literal["pypi", "deb"]
    name: str
    version: str
    hashes: tuple[str, ...] = ()
    licence: str | None = None
    namespace: str | None = None
    architecture: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What the bill is of.

    Attributes:
        name: The lock's.
        digest: SHA-256 of the lock, 64 hexadecimal digits.
        version: Of this project.
        epoch: When, in seconds since 1970.
    """

    name: str
    digest: str
    version: str
    epoch: int


def sbom(subject: Subject, parts: Sequence[Part]) -> str:
    """The bill of a lock's packages, and of a distribution's where there are some; equal parts give equal text."""
    whole = Component(
        name=f"llm-verify {subject.name}",
        version=subject.version,
        type=ComponentType.PLATFORM,
        bom_ref=f"lock:{subject.name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=subject.digest)],
    )
    components = [_component(part) for part in parts]
    content = f"{subject}{sorted(map(repr, parts))}"
    bom = Bom(components=components, serial_number=uuid.uuid5(_NAMESPACE, content))
    bom.metadata.component = whole
    bom.metadata.timestamp = datetime.fromtimestamp(subject.epoch, UTC)
    bom.register_dependency(whole, components)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(part: Part) -> Component:
    qualifiers = {"arch": part.architecture} if part.architecture else {}
    purl = PackageURL(part.kind, part.namespace, part.name, part.version, qualifiers)
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else None,
        external_references=[_file(purl, digest) for digest in part.hashes],
        properties=[Property(name="llm-verify:from", value="lock" if part.kind == "pypi" else "dpkg")],
    )


def _file(purl: PackageURL, digest: str) -> ExternalReference:
    """One of the files that a lock allows; no index is named, for a lock names none."""
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
