"""What a model is follows from its layers."""

import dataclasses

import pytest

from tests.judge.audit.documents import audited, claim, document, listed, machine, rules, statement

SHAPES = ((32, 16), (16, 4))
COUNT = 32 * 16 + 16 + 16 * 4 + 4


@pytest.mark.parametrize(("stated", "expected"), [(COUNT, []), (COUNT + 20, ["recompute.value"])])
def test_parameters_are_those_of_the_layers(stated: int, expected: list[str]) -> None:
    layers = listed("layers", "one", "two")
    items = [dataclasses.replace(item, shape=shape) for item, shape in zip(layers.items, SHAPES, strict=True)]
    layers = dataclasses.replace(layers, items=tuple(items))
    assert rules(document(claim("parameters", str(stated)), enumerations=(layers,))) == expected


@pytest.mark.parametrize(("hidden", "expected"), [("128", ["physics.memory_limit"]), ("4,096", [])])
def test_who_names_memory_as_the_limit_needs_much_of_it(hidden: str, expected: list[str]) -> None:
    shape = (
        claim("vocabulary", "32,000"), claim("hidden", hidden), claim("layers", "6"), claim("sequence_length", "256"),
    )  # fmt: skip
    written = document(*shape, machines=(machine(gpu_memory_gb=24.0),), statements=(statement("memory_limited"),))
    found = audited(written)
    assert [finding.rule for finding in found] == expected
    assert all(finding.grade == "likely" for finding in found)
