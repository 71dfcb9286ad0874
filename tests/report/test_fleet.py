"""The page holds every node that was asked for."""

import pytest
from pydantic import ValidationError

from verify.report.fleet import STATES, Fleet, Node


def test_who_does_not_hold_has_a_reason() -> None:
    for state in ("refused", "crashed", "timed_out", "damaged", "not_run"):
        with pytest.raises(ValidationError, match="without a reason"):
            Node.model_validate({"name": "n1", "state": state})
    assert Node(name="n1", state="certified").reason is None


def test_the_counts_are_of_all_nodes() -> None:
    nodes = tuple(Node(name=f"n{number}", state=state, reason="why") for number, state in enumerate(STATES))
    fleet = Fleet(
        run="a-run",
        created="2026-02-15T16:30:00Z",
        told="2026-02-15T17:30:00Z",
        partition="gpu",
        environment="m2",
        level="certify",
        nodes=(*nodes, Node(name="z", state="not_run", reason="down")),
    )
    assert sum(fleet.counts.values()) == len(fleet.nodes)
    assert fleet.counts["not_run"] == 2
    assert Fleet.model_validate_json(fleet.model_dump_json()) == fleet
