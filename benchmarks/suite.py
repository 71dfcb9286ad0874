"""Which share of a run is not spent inside checks, told by the newest report."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path


def rows(root: Path) -> Iterator[str]:
    """The newest certify report of any environment, if there is one."""
    reports = sorted(root.glob("reports/*/*.json"), key=lambda path: path.name)
    found = [report for path in reports if (report := json.loads(path.read_text("utf-8")))["level"] == "certify"]
    if not found:
        return
    newest = found[-1]
    other = newest["conditions"]["other"]
    wall = (datetime.fromisoformat(newest["finished"]) - datetime.fromisoformat(newest["created"])).total_seconds()
    inside = other["seconds_inside_checks"]
    share = f"{1 - inside / wall:.1%} outside (aim: ≤ 10%)"
    yield f"| a whole run | inside checks | {wall:.0f} s | {inside:.0f} s | {share} | 1 |"
