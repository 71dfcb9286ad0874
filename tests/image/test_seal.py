import json
from pathlib import Path

import pytest

from tests.image import fakes
from verify.errors import IntegrityError, UsageError, VerifyError
from verify.image.seal import FILE, VARIABLE, image_here, seal, sealed
from verify.image.source import source_digest
from verify.report.v1 import Image
from verify.spec.lock import read_lock

TOLD = f"sha256:{fakes.DIGEST}"


def test_a_seal_holds_what_was_computed_and_is_read_back(project: Path) -> None:
    made = seal(project, "cpu", base=TOLD)
    assert made.lock == read_lock(project, "linux-x86_64-cpu").digest
    assert (made.source, made.base) == (source_digest(project), TOLD)
    assert sealed(project) == made


def test_claims_that_hold_are_taken(project: Path) -> None:
    made = seal(project, "cpu")
    assert seal(project, "cpu", lock=f"sha256:{made.lock}", source=f"sha256:{made.source}") == made


@pytest.mark.parametrize("claim", ["lock", "source"])
def test_a_label_that_would_lie_stops_the_build(project: Path, claim: str) -> None:
    with pytest.raises(IntegrityError, match=f"the {claim} in this image") as error:
        seal(project, "cpu", **{claim: TOLD})
    assert error.value.exit == 4
    assert not (project / FILE).exists()


def test_outside_of_an_image_nothing_is_told(project: Path) -> None:
    assert image_here(project, {}) is None
    assert image_here(project, {VARIABLE: ""}) is None


def test_inside_one_a_report_names_its_source_and_the_digest_that_was_told(project: Path) -> None:
    made = seal(project, "cpu")
    assert image_here(project, {}) == Image(digest=None, source=made.source, base=None)
    assert image_here(project, {VARIABLE: TOLD}) == Image(digest=TOLD, source=made.source, base=None)


def test_an_image_that_is_none_of_ours_is_named_too(project: Path) -> None:
    assert image_here(project, {VARIABLE: TOLD}) == Image(digest=TOLD, source=None, base=None)


@pytest.mark.parametrize("digest", ["latest", "sha256:12", "5f" * 32, TOLD.upper(), TOLD + "\n"])
def test_a_digest_that_is_none_is_refused_before_anything_runs(project: Path, digest: str) -> None:
    with pytest.raises(UsageError, match=VARIABLE):
        image_here(project, {VARIABLE: digest})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"environment": "cpu"}', json.dumps({"lock": 1}), "x" * 70_000])
def test_a_seal_that_no_build_wrote_is_refused(project: Path, text: str) -> None:
    (project / FILE).write_text(text)
    with pytest.raises(VerifyError):
        image_here(project, {})
