"""Clocks that are wrong (faults 27 to 29), and times at the end of what calendars know."""

import pytest

from tests.cli.conftest import keep
from tests.hostile.conftest import Project, small
from tests.hostile.ended import ended, is_plain
from tests.hostile.test_stored import READERS
from verify.errors import Exit

TIMES = {
    "2099": ("2099-01-01T00:00:00Z", "2099-01-01T00:10:00Z"),
    "the last second": ("9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z"),
    "the first year": ("0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z"),
}


@pytest.mark.parametrize("time", TIMES)
def test_no_time_of_a_report_stops_a_verb(time: str, project: Project) -> None:
    created, finished = TIMES[time]
    path = keep(project.root, small(9, created=created, finished=finished))
    for name, words in READERS.items():
        end = ended("--root", str(project.root), *({"3": "4"}.get(word, word) for word in words))
        is_plain(end, exact=name == "report convert")
        assert end.code in (Exit.HOLDS, Exit.REFUSED, Exit.COULD_NOT_RUN, Exit.USAGE, Exit.INTEGRITY)
    end = ended("--root", str(project.root), "attest", str(path), "--key", str(project.key))
    is_plain(end)
    assert end.code == Exit.USAGE, end
