"""Reading a stored report: only what we wrote is accepted, and only as we wrote it."""

from pathlib import Path

from verify.errors import IntegrityError
from verify.report import canonical, strict_json, validate
from verify.report.disk import read_regular
from verify.report.versions import MODELS, VERSIONS, AnyReport, validated, version_of

LARGEST_FILE = 16 * 1024 * 1024
CHANGED = "it was changed after it was written: restore it from version control"


def read_report(path: Path, root: Path) -> AnyReport:
    """The report in a file.

    Args:
        path: The file, somewhere below the root.
        root: The project, for the name that errors give the file.

    Raises:
        StorageError: There is no such file, or it cannot be read.
        IntegrityError: It is no regular file below the root, or not what we wrote.
    """
    return parse_report(read_regular(path, root, LARGEST_FILE), named(path, root))


def parse_report(data: bytes, where: str) -> AnyReport:
    """The report that the bytes of a stored file are.

    Raises:
        IntegrityError: They are not, byte for byte, what we wrote.
    """
    return _as_written(data) or prove_report(data, where)


def prove_report(data: bytes, where: str) -> AnyReport:
    """The same, by both validators and with a look at every token: for what is new, and to say what is wrong.

    Raises:
        IntegrityError: They are not, byte for byte, what we wrote.
    """
    if len(data) > LARGEST_FILE:
        raise IntegrityError(f"{where}: {len(data)} bytes, the limit is {LARGEST_FILE}", strict_json.RESTORE)
    value = strict_json.parse(data, where)
    if not isinstance(value, dict):
        raise IntegrityError(f"{where}: a report is a JSON object", strict_json.RESTORE)
    version = version_of(value.get("version"), where)
    report = validated(data.decode(), version, where)
    validate.against_schema(value, version, where)
    _is_untouched(report, data, where)
    return report


def _as_written(data: bytes) -> AnyReport | None:
    """The report, where the bytes are at once seen to be what we write; else None, whatever is wrong.

    What a model writes names nothing twice, is nowhere deep, and has each number in its one form. So where it writes
    these very bytes again there is nothing left to find in their tokens, which is what takes long.
    """
    version = next((version for version, begin in _BEGINNINGS.items() if data.startswith(begin)), None)
    if version is None or len(data) > LARGEST_FILE:
        return None
    try:
        report = MODELS[version].model_validate_json(data)
        content = report.model_dump(mode="json")
        text, digest = canonical.text_and_digest(content)
        same = text.encode() == data and digest == report.digest
        return report if same and validate.fits(content, version) else None
    except ValueError:
        return None


_BEGINNINGS = {version: f'{{\n  "version": "{version}",\n'.encode() for version in VERSIONS}


def named(path: Path, root: Path) -> str:
    """The path as errors show it: from the root, never from the machine's own root."""
    try:
        return str(path.relative_to(root))
    except ValueError:
        return path.name


def _is_untouched(report: AnyReport, data: bytes, where: str) -> None:
    if report.digest != canonical.digest(report):
        raise IntegrityError(f"{where}: its digest is not that of its content", CHANGED)
    if data != canonical.stored_text(report).encode():
        raise IntegrityError(f"{where}: its bytes are not those of the report it holds", CHANGED)
