import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from tests import examples
from tests import gates as made_gates
from tests.cli.conftest import ROOT
from tests.hostile.entries import Kind
from tests.report.attest.signing import signer
from tests.written import SOUND
from verify.render import gate as gate_page
from verify.render import markdown
from verify.report import gates
from verify.report.attest.envelope import sign
from verify.report.attest.private_key import make_key
from verify.report.canonical import stored_text
from verify.report.history import append
from verify.report.keys import entry
from verify.report.versions import AnyReport
from verify.run.attesting import attest
from verify.run.signatures import trust_of

MACHINE = "a" * 32
FOREVER = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2999-01-01T00:00:00Z"}
# An interpreter that says nothing of itself: what is read before it is asked, is read.
MUTE = "#!/bin/sh\nexit 9\n"


@dataclass(frozen=True, slots=True)
class Project:
    """A project with a history, that an environment seems to be set up in.

    Attributes:
        root: Its folder.
        reports: The files of its history, oldest first; the last is attested, and the head signed.
        gate: The file of a gate.
        key: A key that it trusts.
        sound: What lies where hostile files are put, when all is well.
    """

    root: Path
    reports: tuple[Path, ...]
    gate: Path
    key: Path
    sound: Mapping[Kind, bytes]


def small(number: int, **changes: Any) -> AnyReport:
    """A small report of the example's machine."""
    return examples.draft_judged(results=examples.results()[:4], id=f"{number:012x}", **changes)


def furnish(root: Path) -> None:
    """What a set-up leaves behind, but for the packages."""
    build = root / ".environments/builds/m2-1"
    (build / "bin").mkdir(parents=True)
    (build / "bin/python").write_text(MUTE)
    (build / "bin/python").chmod(0o755)
    lock = hashlib.sha256((root / "lockfiles/macos-arm64.txt").read_bytes()).hexdigest()
    stamp = {"platform": "macos-arm64", "lock_digest": lock, "platform_digest": "0" * 64}
    (build / "verify-stamp.json").write_text(json.dumps({**stamp, "python": "3.11"}))
    (root / ".environments/m2").symlink_to("builds/m2-1")
    (root / ".environments/current").write_text("m2\n")


def made(root: Path) -> Project:
    """A project in a new folder."""
    for part in ("envs", "lockfiles", "policy", "schemas"):
        shutil.copytree(ROOT / part, root / part)
    furnish(root)
    pem = root.parent / "keys" / f"{root.name}.pem"
    key = make_key(pem, root, None)
    reports = tuple(_kept(root, small(number), key) for number in range(3))
    gate = gates.keep(root, made_gates.gate(), gate_page.render)
    stranger = root.parent / "keys" / "nobody.pem"
    make_key(stranger, root, None)
    (root / "policy/allowed-signers.toml").write_text(entry(signer(key, **FOREVER)))
    sound: dict[Kind, bytes] = {
        "report": stored_text(examples.report()).encode(),
        "markdown": SOUND.encode(),
        "attested": stored_text(examples.report()).encode(),
        "head": (root / f"reports/m2/{MACHINE}.head").read_bytes(),
        "key": stranger.read_bytes(),
        "recipe": b'model = "x"\ndata = "nowhere.jsonl"\nrank = 8\n',
        "examples": b'{"text": "one"}\n{"text": "two"}\n{"text": "three"}\n',
        "config": b'{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}\n',
        "lock": (root / "lockfiles/linux-x86_64-cpu.txt").read_bytes(),
        "checks": b"from verify.probe.check import check\n\nraise SystemExit(3)\n",
    }
    attest(reports[-1], root, key, trust_of(root), datetime(2026, 2, 20, tzinfo=UTC))
    return Project(root, reports, gate, pem, sound)


def _kept(root: Path, report: AnyReport, key: CryptoSigner) -> Path:
    """A report at the end of its chain, whose head is signed."""
    return append(
        root, report, render=markdown.render, audit=lambda _: [], sign=lambda payload, of: sign(payload, of, key)
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that no test changes."""
    return made(tmp_path_factory.mktemp("hostile") / "a project")


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """None but the tests' own."""
    monkeypatch.delenv("VERIFY_KEY_PASSPHRASE", raising=False)


Copy = Callable[[], Project]


@pytest.fixture
def project(shared: Project, tmp_path: Path) -> Project:
    """A copy of that project, to be spoilt."""
    root = tmp_path / "a project"
    shutil.copytree(shared.root, root, symlinks=True)
    reports = tuple(root / path.relative_to(shared.root) for path in shared.reports)
    return Project(root, reports, root / shared.gate.relative_to(shared.root), shared.key, shared.sound)
