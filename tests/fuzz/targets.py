"""What reads bytes that anybody may have written, by functions: each ends, or with an error of ours, or is wrong."""

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from tests import examples as sound
from verify.checks.finetune.examples import examples_in
from verify.checks.finetune.recipe import Unusable
from verify.claims.convert import carried
from verify.claims.read import read_markdown
from verify.errors import VerifyError
from verify.judge.audit.audit import audit_document
from verify.judge.audit.known import Known
from verify.judge.gate_policy import GatePolicy
from verify.judge.hardware import Hardware
from verify.judge.known_issues import KnownIssues
from verify.judge.waivers import Waivers
from verify.render import markdown, text
from verify.report import strict_json
from verify.report.attest.envelope import verify
from verify.report.canonical import digest_of, text_of
from verify.report.gates import parse_gate
from verify.report.head import PAYLOAD_TYPE, parse_head
from verify.report.keys import Signers, Told
from verify.report.read import parse_report
from verify.report.upgrade import newest
from verify.spec.environment import Environment
from verify.spec.lock import parse_foreign, parse_lock
from verify.spec.platform import Platform
from verify.spec.toml import Toml, read_toml, validated

Target = Callable[[bytes], object]
# What a reader may end with beside what it read.
OURS = (VerifyError, Unusable)
KNOWN = Known(sound.hardware())
MODELS: Mapping[type[BaseModel], Mapping[str, object]] = {
    Platform: {"name": "box", "digest": "0" * 64},
    Environment: {"name": "box", "digest": "0" * 64},
    **{model: {} for model in (Signers, Waivers, KnownIssues, GatePolicy, Hardware)},
}


def report(data: bytes) -> None:
    """A stored report, as it is."""
    parse_report(data, "it")


def sealed_report(data: bytes) -> None:
    """A report of any content whose digest is right, so that all that is read from it is reached."""
    content = strict_json.parse(data, "it")
    if isinstance(content, dict):
        content["digest"] = digest_of(content)
        read = parse_report(text_of(content).encode(), "it")
        markdown.render(newest(read))
        text.render(newest(read))


def _told(payload: bytes) -> Told:
    head = parse_head(payload, "it")
    return Told(environment=head.environment, times={"the last report": head.created})


def signed(data: bytes) -> None:
    """An envelope, which nobody signed that is trusted."""
    verify(data, PAYLOAD_TYPE, Signers(threshold=1, signers=()), _told)


def lock(data: bytes) -> None:
    """A lock: of ours, or from anywhere."""
    for edited in (False, True):
        with contextlib.suppress(*OURS):
            parse_foreign(data, "box", "it", edited=edited)
    parse_lock(data, "box", "it")


def toml(data: bytes) -> None:
    """A file of configuration, held against every model there is."""
    root = _folder()
    path = root / "it.toml"
    path.write_bytes(data)
    read = read_toml(root, path)
    for model, more in MODELS.items():
        _held(model, read, more)


def _held(model: type[BaseModel], read: Toml, more: Mapping[str, object]) -> None:
    with contextlib.suppress(*OURS):
        validated(model, read, **more)


@cache
def _folder() -> Path:
    """Where files are put that are read from a disk; one for the life of a process."""
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def written(data: bytes) -> None:
    """A report that somebody wrote in Markdown: read, audited, and carried over."""
    document = read_markdown(data, "it.md")
    audit_document(document, KNOWN)
    carried(document, "v3", "box", "box", "2026-01-01T00:00:00Z")


def to_train_on(data: bytes) -> None:
    """Examples to train on."""
    list(examples_in(data.decode("utf-8", "replace").splitlines(), "it"))


TARGETS: Mapping[str, Target] = {
    "report": report,
    "sealed-report": sealed_report,
    "gate": lambda data: parse_gate(data, "it"),
    "head": lambda data: parse_head(data, "it"),
    "signed": signed,
    "lock": lock,
    "toml": toml,
    "markdown": written,
    "examples": to_train_on,
}


def tried(target: Target, data: bytes) -> None:
    """Give bytes to a reader; whatever comes through is at fault."""
    with contextlib.suppress(*OURS):
        target(data)
