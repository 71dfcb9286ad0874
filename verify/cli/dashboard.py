"""What the page over a history is made from: for `verify history html`, and for `verify serve`."""

from pathlib import Path

from verify.cli.changes import courses
from verify.cli.index import fresh_index
from verify.render.html.dashboard import Dashboard
from verify.report.overview import listed, taken
from verify.report.series import series_of
from verify.report.wholeness import verify_history
from verify.run.policies import terms

# How many of the newest reports a page holds with all of their figures, to compare any two.
COMPARED = 60


def dashboard(root: Path, environment: str | None, last: int) -> Dashboard:
    """The history of a project, its index brought up to date first.

    Args:
        root: The project.
        environment: Only its reports; None for all.
        last: Of each course, so many values.

    Raises:
        IntegrityError: A report was changed.
        StorageError: A report cannot be read, or the index not be written.
    """
    index = fresh_index(root)
    series = series_of(index, environment=environment, metric=None, last=last)
    return Dashboard(
        reports=listed(index, environment),
        told=courses(root, series),
        taken=taken(index, environment, COMPARED),
        longest_days=terms(root).longest_days,
        broken=[finding for finding in verify_history(root) if finding.severity == "error"],
    )
