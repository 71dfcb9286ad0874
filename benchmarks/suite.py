"""How long the quick level takes, and which share of a run is not spent inside checks, told by the newest report."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.pairs import command, compare, row

ROUNDS = 3


def quick_rows(root: Path) -> Iterator[str]:
    """The quick level, of which a cluster's health check waits no longer than a minute; nothing is kept."""
    words = [str(root / ".tools/bin/verify"), "run", "--level", "quick", "--select", "*"]
    pair = compare(command(words), command([str(root / ".tools/bin/python"), "-c", "pass"]), ROUNDS)
    yield row("`verify run --level quick`", "`python -c pass`", pair, f"{pair.difference:.0f} s (aim: below 60 s)")


def rows(root: Path) -> Iterator[str]:
    """The newest certify report of any environment, if there is one."""
    reports = sorted(root.glob("reports/*/*.json"), key=lambda path: path.name)
    found = [report for path in reports if (report := json.loads(path.read_text("utf-8")))["level"] == "certify"]
    if not found:
        return
    newest = found[-1]
    yield timings_row([result for result in newest["results"] if "seconds_in_timings" in result["notes"]])
    other = newest["conditions"]["other"]
    wall = (datetime.fromisoformat(newest["finished"]) - datetime.fromisoformat(newest["created"])).total_seconds()
    inside = other["seconds_inside_checks"]
    share = f"{1 - inside / wall:.1%} outside (aim: ≤ 10%)"
    yield f"| a whole run | inside checks | {wall:.0f} s | {inside:.0f} s | {share} | 1 |"


def timings_row(timed: Sequence[Mapping[str, Any]]) -> str:
    """What the checks that time something cost, over what they spent in timings, warm-up included."""
    whole = sum(result["seconds"] for result in timed)
    inside = sum(result["notes"]["seconds_in_timings"] for result in timed)
    ratio = f"{whole / inside:.2f} (aim: ≤ 1.3)" if inside else "nothing was timed"
    return f"| {len(timed)} checks that time | inside timings | {whole:.0f} s | {inside:.0f} s | {ratio} | 1 |"
