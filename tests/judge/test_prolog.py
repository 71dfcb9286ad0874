"""A node takes jobs while it is what was certified."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import examples
from verify.judge.prolog import reasons, too_few
from verify.judge.status import Present, Terms

FINISHED = datetime(2026, 2, 15, 16, 41, 37, tzinfo=UTC)


def why(days: int = 1, **changes: Any) -> list[str]:
    """Why the example's machine may take no jobs, as it is some days later."""
    present = Present(
        lock_digest="1" * 64,
        facts=examples.draft("v1", facts=examples.facts(**changes)).facts,
        moment=FINISHED + timedelta(days=days),
        terms=Terms(longest_days=30, skew_minutes=10),
    )
    return reasons(examples.certify(), present)


def gpu(**changes: Any) -> list[dict[str, Any]]:
    works = {"built": True, "available": True, "computes": True, "title": "Apple M2 Ultra", "memory_bytes": 51539607552}
    others = [device for device in examples.facts()["devices"] if device["name"] != "mps"]
    return [*others, examples.device("mps", **{**works, **changes})]


def test_it_takes_jobs_while_nothing_changed() -> None:
    assert why() == []
    assert why(memory_bytes=int(68719476736 * 0.99)) == []


def test_a_lapsed_certificate_is_told_as_by_status() -> None:
    (told,) = why(days=31)
    assert "31 days old" in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"memory_bytes": 51539607552}, "the memory was 68.7 GB, is 51.5 GB"),
        ({"processor": examples.facts()["processor"] | {"physical_cores": 23}}, "the cores were 24, are 23"),
        ({"processor": examples.facts()["processor"] | {"name": "Apple M1"}}, "the processor was Apple M2 Ultra"),
        ({"devices": gpu(computes=False, problem="it fell off the bus")}, "mps does not compute any more: it fell off"),
        ({"devices": gpu(memory_bytes=2**34)}, "mps was Apple M2 Ultra with 51.5 GB, is Apple M2 Ultra with 17.2 GB"),
        ({"devices": gpu()[:-1]}, "mps does not compute any more: nobody says why"),
    ],
)
def test_a_machine_that_is_less_than_was_certified_takes_none(changes: dict[str, Any], words: str) -> None:
    assert words in "; ".join(why(**changes))


def test_a_gpu_that_is_missing_is_counted() -> None:
    assert too_few(8, 8) == []
    assert too_few(0, None) == []
    assert too_few(7, 8) == ["7 of 8 GPUs answer the driver"]
