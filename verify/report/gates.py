"""Where gates are kept: ``reports/gates/<environment>/<time>-<id>.json``, with ``.md`` beside it.

A gate is no link of a machine's history, for it certifies nothing; it is kept whole or not at all, and never
overwritten.
"""

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from verify.errors import IntegrityError, StorageError
from verify.report import strict_json, validate
from verify.report.canonical import digest, stored_text
from verify.report.disk import LOCAL, Disk, read_regular, settle, stage, sweep
from verify.report.gate import Report
from verify.report.history import FREE, GATES
from verify.report.listing import no_link
from verify.report.read import CHANGED, LARGEST_FILE, named

Render = Callable[[Report], str]


def folder_of(root: Path, environment: str) -> Path:
    """Where the gates of an environment lie."""
    return root / GATES / environment


def _own_folder(root: Path, environment: str) -> Path:
    """The same, which is written to: nothing on the way there may lead elsewhere."""
    folder = folder_of(root, environment)
    for path in (folder.parent.parent, folder.parent, folder):
        no_link(path, root)
    return folder


def preflight(root: Path, environment: str, disk: Disk = LOCAL) -> None:
    """Prove, before the long work, that a gate can be kept.

    Raises:
        StorageError: The disk is full, read-only or broken.
        IntegrityError: A link is where a folder of gates should be.
    """
    folder = _own_folder(root, environment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        stage(disk, folder / "probe", b"\0").unlink()
    except OSError as error:
        raise StorageError(f"cannot write to {named(folder, root)}: {error.strerror}", FREE) from error


def keep(root: Path, report: Report, render: Render, disk: Disk = LOCAL) -> Path:
    """Write a gate and its page.

    Returns:
        The JSON file.

    Raises:
        StorageError: The disk would not keep it.
        IntegrityError: It does not read back as it was, or one of its name exists.
    """
    sealed = report.model_copy(update={"digest": digest(report)})
    data = stored_text(sealed).encode()
    parse_gate(data, "the new gate")
    folder = _own_folder(root, report.environment.name)
    path = folder / f"{report.created.replace('-', '').replace(':', '')}-{report.id}.json"
    if os.path.lexists(path):
        raise IntegrityError(f"{path.name} exists", "gates are never overwritten; wait a second")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, content in ((path, data), (path.with_suffix(".md"), render(sealed).encode())):
            settle(disk, stage(disk, target, content), target)
        disk.sync_folder(folder)
    except OSError as error:
        raise StorageError(f"cannot write to {named(folder, root)}: {error.strerror}", FREE) from error
    return path


def read_gate(path: Path, root: Path) -> Report:
    """A stored gate.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is not what was written.
    """
    data = read_regular(path, root, LARGEST_FILE)
    return parse_gate(data, named(path, root))


def parse_gate(data: bytes, where: str) -> Report:
    """A gate from its bytes.

    Raises:
        IntegrityError: They are none, or not byte for byte what we wrote.
    """
    value = strict_json.parse(data, where)
    try:
        report = Report.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "gate"
        raise IntegrityError(f"{where} is no gate: {place}: {first['msg']}"[:300], strict_json.RESTORE) from error
    validate.against_schema(value, report.version, where)
    if report.digest != digest(report) or stored_text(report).encode() != data:
        raise IntegrityError(f"{where} is not as it was written", CHANGED)
    return report
