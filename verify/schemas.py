"""The committed JSON Schemas: written from the models, and compared with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from verify.errors import StorageError
from verify.judge.gate_policy import GatePolicy
from verify.judge.hardware import Hardware
from verify.judge.known_issues import KnownIssues
from verify.judge.status import Terms
from verify.judge.waivers import Waivers
from verify.probe.regular import read_regular
from verify.report.attest.statement import Statement
from verify.report.gate import Report as Gate
from verify.report.keys import Signers
from verify.report.schemas import report_schemas, schema_text
from verify.spec.advisories import Advisories
from verify.spec.environment import Environment
from verify.spec.files import replace_file
from verify.spec.platform import Platform

FOLDER = "schemas"
LARGEST_FILE = 1024 * 1024
# An environment's and a platform's name is that of their file, and their digest that of its bytes.
FROM_ELSEWHERE = ("name", "digest")


def all_schemas() -> Mapping[str, str]:
    """The text of every schema, by file name."""
    return {
        **report_schemas(),
        "environment.json": schema_text(Environment, stored=False, without=FROM_ELSEWHERE),
        "platform.json": schema_text(Platform, stored=False, without=FROM_ELSEWHERE),
        "hardware.json": schema_text(Hardware, stored=False),
        "known-issues.json": schema_text(KnownIssues, stored=False),
        "waivers.json": schema_text(Waivers, stored=False),
        "advisories.json": schema_text(Advisories, stored=False),
        "certificate.json": schema_text(Terms, stored=False),
        "allowed-signers.json": schema_text(Signers, stored=False),
        "attestation.json": schema_text(Statement),
        "gate.json": schema_text(GatePolicy, stored=False),
        "report.gate-v1.json": schema_text(Gate),
    }


def write_schemas(root: Path, *, check: bool = False) -> list[str]:
    """Write the schemas that differ from their models.

    Args:
        root: The project.
        check: Only say which would be written.

    Returns:
        Names of the files that differ, were missing, or belong to no model.

    Raises:
        StorageError: They cannot be written.
    """
    folder, wanted = root / FOLDER, all_schemas()
    changed = sorted(name for name, text in wanted.items() if _content(folder / name) != text.encode())
    orphans = sorted(path.name for path in folder.glob("*.json") if path.name not in wanted)
    if not check:
        _write(folder, {name: wanted[name] for name in changed}, orphans)
    return changed + orphans


def _write(folder: Path, texts: Mapping[str, str], orphans: Sequence[str]) -> None:
    for name, text in texts.items():
        # Where a link lies, the link is replaced: nothing is written to where it leads.
        replace_file(folder / name, text.encode())
    try:
        for name in orphans:
            (folder / name).unlink()
    except OSError as error:
        raise StorageError(f"cannot write to {folder.name}/: {error.strerror}", "make the folder writable") from error


def _content(path: Path) -> bytes | None:
    try:
        return None if path.is_symlink() else read_regular(path, LARGEST_FILE)
    except OSError:
        return None
