"""How MLX walks a graph: which arrays share a buffer, and when it is freed."""

from types import SimpleNamespace
from typing import Any

import pytest

from verify.checks.fit.mlx_recording import Graph, recorded_by_mlx
from verify.checks.fit.recipe import Recipe

FLOAT = SimpleNamespace(size=4)


def array(name: str, count: int = 10) -> tuple[str, tuple[int, ...], Any]:
    return name, (count,), FLOAT


def graph(wanted: list[str], *operations: tuple[str, list[str], str, int]) -> Graph:
    """A graph over the arrays `x` and `y`, of operations that are named with operands, result and its size."""
    nodes: list[dict[str, Any]] = [
        {"type": "primitive", "name": name, "inputs": [array(one) for one in operands], "outputs": [array(made, count)]}
        for name, operands, made, count in operations
    ]
    ends = [
        {"type": "inputs", "inputs": [array("x"), array("y")]},
        {"type": "outputs", "outputs": [array(one) for one in wanted]},
    ]
    return Graph.of([*nodes, *ends])


def test_what_is_not_wanted_is_not_computed() -> None:
    known = graph(["b"], ("Matmul", ["x", "y"], "a", 10), ("Matmul", ["a", "x"], "b", 10), ("Matmul", ["x"], "c", 10))
    assert [node.results for node in known.order()] == [("a",), ("b",)]


def test_what_is_given_and_held_stays_and_what_is_used_up_goes() -> None:
    known = graph(["b"], ("Matmul", ["x", "y"], "a", 100), ("Matmul", ["a"], "b", 1))
    # x, y and a are there together; with x and y gone, b is made beside a.
    assert known.tape(held=0).held() == [40, 80, 480, 440, 400, 404, 4]
    assert known.tape(held=2).held() == [40, 80, 480, 484, 84]


def test_a_view_takes_nothing_and_keeps_its_array_alive() -> None:
    known = graph(["c"], ("Matmul", ["x"], "a", 100), ("Reshape", ["a"], "b", 100), ("Matmul", ["b"], "c", 1))
    assert known.tape(held=2).peak() == 80 + 400 + 4


@pytest.mark.parametrize(("operands", "peak"), [(["a"], 80 + 400), (["a", "x"], 80 + 400)])
def test_a_result_takes_the_place_of_an_operand_that_is_used_up(operands: list[str], peak: int) -> None:
    known = graph(["b"], ("Matmul", ["x"], "a", 100), ("Multiply", operands, "b", 100))
    assert known.tape(held=2).peak() == peak


def test_what_is_needed_again_is_not_written_over() -> None:
    known = graph(["c"], ("Matmul", ["x"], "a", 100), ("Multiply", ["a"], "b", 100), ("Matmul", ["a", "b"], "c", 1))
    assert known.tape(held=2).peak() == 80 + 400 + 400 + 4


def test_checkpointing_is_refused() -> None:
    with pytest.raises(ValueError, match="exports no graph with checkpointing"):
        recorded_by_mlx({"model_type": "llama"}, Recipe("lora", checkpointing=True), 1, 8, metal=True)
