"""A stored report, by what a user calls it."""

import re
from pathlib import Path

from verify.errors import UsageError
from verify.report.history import environments, read_stored, stored
from verify.report.read import read_report
from verify.report.versions import AnyReport

ID = re.compile(r"[0-9a-f]{12}")
NUMBER = re.compile(r"[1-9][0-9]{0,9}")


def report_called(name: str, root: Path, environment: str) -> AnyReport:
    """The report of an environment that a user names: by its file, its id, or its number in the history.

    Args:
        name: As it was typed.
        root: The project.
        environment: Whose report it must be.

    Raises:
        UsageError: There is none, or there are several.
        StorageError: It cannot be read.
        IntegrityError: It is not what was written.
    """
    report = _called(name, root, environment)
    if report.environment.name != environment:
        what = f"report {report.id} is of the environment {report.environment.name}, not of {environment}"
        raise UsageError(what, f"name the environment: --environment {report.environment.name}")
    return report


def _called(name: str, root: Path, environment: str) -> AnyReport:
    if ID.fullmatch(name):
        paths = [path for known in environments(root) for path in stored(root, known)]
        found = [read_stored(path, root) for path in paths if path.stem.endswith(f"-{name}")]
    elif NUMBER.fullmatch(name):
        reports = (read_stored(path, root) for path in stored(root, environment))
        found = [report for report in reports if report.sequence == int(name)]
    else:
        path = Path(name).absolute()
        found = [read_stored(path, root) if path.is_relative_to(root / "reports") else read_report(path, root)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{len(found)} machines have a report {name} of {environment}",
            f"name it by its id: {', '.join(report.id for report in found)}",
        )
    raise UsageError(
        f"reports/ holds no report {name}",
        "name its file, its id (the end of the file's name) or, of this environment, its number",
    )
