"""The page of a fleet keeps its denominator, and says who shares a machine."""

import math
import random

from tests.fleet.runs import plan
from verify.fleet.columns import Columns, Figures, Key
from verify.fleet.page import STEPS, page, shape
from verify.report.fleet import Fleet, Node

KEY: Key = ("a.check", "time", "s", "lower")
TOLD = "2026-02-15T18:00:00Z"


def fleet(count: int = 12, slow: str = "n3") -> Fleet:
    """A page of nodes that are alike, but for a slow one."""
    rng, columns = random.Random(0), Columns()
    nodes = []
    for number in range(count):
        name = f"n{number}"
        value = math.exp(rng.gauss(0, 0.01)) * (1.3 if name == slow else 1.0)
        columns.add(name, Figures("the class", {KEY: value}, {KEY: "others worked"} if name == slow else {}))
        nodes.append(Node(name=name, state="certified", seconds=10, report="0123456789ab", machine=f"{number:032x}"))
    nodes.append(Node(name="z", state="not_run", reason="Slurm has it as down: a fan"))
    return page(plan(*(node.name for node in nodes)), nodes, columns, TOLD)


def test_who_did_not_answer_stays_in_the_denominator() -> None:
    made = fleet()
    assert len(made.nodes) == 13
    assert made.counts == {"certified": 12, "not_run": 1}
    assert made.compared == 12


def test_an_outlier_is_told_with_its_figure_and_what_its_report_says() -> None:
    made = fleet()
    (outlier,) = made.outliers
    assert (outlier.node, outlier.disturbed) == ("n3", "others worked")
    assert 0.25 < outlier.worse < 0.35
    assert made.figures[outlier.figure].name == "time"
    assert sum(made.figures[outlier.figure].shape) == 12


def test_classes_that_are_too_small_say_so() -> None:
    made = fleet(4)
    assert [one.compared for one in made.classes] == [False]
    assert made.notes[0] == "nodes in classes of fewer than 5, which nothing is compared in: 4"
    assert made.outliers == ()


def test_nodes_that_are_one_machine_are_told() -> None:
    nodes = [Node(name=name, state="certified", machine="a" * 32) for name in ("n1", "n2")]
    (note,) = page(plan("n1", "n2"), nodes, Columns(), TOLD).notes
    assert note == "2 nodes are one machine, aaaaaaaaaaaa, or its /etc/machine-id was copied: n1, n2"


def test_a_page_comes_back_from_its_json() -> None:
    made = fleet()
    assert Fleet.model_validate_json(made.model_dump_json()) == made


def test_a_shape_counts_every_value() -> None:
    assert sum(shape([0.0, 1.0, 0.5], 0.0, 1.0)) == 3
    assert shape([2.0, 2.0], 2.0, 2.0)[STEPS // 2] == 2
