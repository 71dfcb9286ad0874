"""Nodes are compared within one hardware class, in what was measured there."""

from typing import Any

from tests import examples
from tests.examples import facts, measured, result
from verify.fleet.columns import Columns, figures_of, hardware_class


def group(**changes: Any) -> str:
    return hardware_class(examples.certify(facts=facts(**changes)))


def test_what_makes_a_machine_of_another_kind_makes_another_class() -> None:
    alike = group()
    assert group(kernel="26.0.0", memory_bytes=66_500_000_000) == alike
    others = [
        group(memory_bytes=2**35),
        group(memory_limit_bytes=2**34),
        group(power_mode="low"),
        group(processor=facts()["processor"] | {"physical_cores": 20}),
        group(devices=facts()["devices"][:2]),
        hardware_class(examples.certify(lock={"name": "x.txt", "digest": "2" * 64, "packages": 1})),
        hardware_class(examples.certify(suite={"version": "0.1.0", "digest": "6" * 64})),
    ]
    assert len({alike, *others}) == len(others) + 1


def test_figures_of_one_direction_are_compared_and_disturbances_are_told() -> None:
    found = figures_of(examples.certify())
    names = {(check, name) for check, name, _, _ in found.values}
    assert ("matmul.rate[mps]", "rate (dtype float32, shape 2048x2048, threads 16)") in names
    assert ("", "time inside checks") in names
    assert not any(name.startswith("parameters") for _, name in names)
    assert list(found.disturbed.values()) == ["other processes used 31% of the processors"]


def test_what_has_no_logarithm_is_left_out() -> None:
    figures = [measured("error", [0.0], "1", direction="lower"), measured("gap", [-0.5], "1", direction="lower")]
    report = examples.certify(results=[result("a.question", measurements=figures)], known_issues=[])
    assert list(figures_of(report).values) == [("", "time inside checks", "s", "lower")]


def test_columns_have_each_node_once() -> None:
    columns = Columns()
    for number in range(3):
        columns.add(f"n{number}", figures_of(examples.certify()))
    assert list(columns.nodes.values()) == [3]
    for column in columns.all():
        assert set(column.values) == {"n0", "n1", "n2"}
