"""Recording what MLX would allocate in a training step: its own graph of the step, exported and never computed.

MLX builds a graph before it computes: weights that nobody asks for take no memory, and the graph of a step of any size
is exported in seconds. What is modelled is the rest: the order in which MLX walks its graph, which arrays are views of
others, and which results are put into the place of an operand that nobody needs any more.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.checks.fit.recipe import Recipe, targets_of
from verify.checks.fit.tape import Tape

if TYPE_CHECKING:
    from mlx import nn

    from verify.checks.models.configs import Config

# How many arrays MLX's walk keeps in a row: MLX_BFS_MAX_WIDTH in mlx/utils.h.
WIDTH = 20
VIEWS = {
    *("Transpose", "Broadcast", "ExpandDims", "Squeeze", "Unflatten", "Flatten", "Reshape", "Slice", "Split"),
    *("StopGradient", "Copy", "Depends", "View"),
}
# Results that may take an operand's place: mlx/backend/common/{unary,binary,ternary}.h, and softmax.
IN_PLACE = {
    *("Multiply", "Add", "Subtract", "Divide", "AsType", "Square", "Sqrt", "Rsqrt", "Exp", "Log", "Cos", "Sin", "Tanh"),
    *("Negative", "Sigmoid", "Select", "Softmax", "Maximum", "Minimum", "Power", "SliceUpdate"),
}
GROUP, BITS = 64, 4


def recorded_by_mlx(config: "Config", recipe: Recipe, batch: int, tokens: int, *, metal: bool) -> Tape:
    """What a training step of mlx-lm's trainer allocates and frees, its weights and optimiser's state included.

    Args:
        config: The model's.
        recipe: How it trains.
        batch: Texts in a batch.
        tokens: Of each text.
        metal: Whether norms and rotations are operations of their own, as on Metal, where this MLX takes them apart.

    Raises:
        ValueError: mlx-lm knows no such model; or the recipe has checkpointing, which MLX cannot export.
    """
    if recipe.checkpointing:
        raise ValueError("MLX exports no graph with checkpointing in it, so that cannot be predicted")
    import mlx.core as mx
    from mlx import nn, optimizers
    from mlx.utils import tree_flatten, tree_unflatten
    from mlx_lm.tuner.trainer import default_loss

    with _whole_operations(metal):
        model = mlx_skeleton(config, recipe)
        optimizer = {"adamw": optimizers.AdamW, "sgd": optimizers.SGD}[recipe.optimiser](learning_rate=1e-5)
        optimizer.init(model.trainable_parameters())
        passes = nn.value_and_grad(model, default_loss)
        trained = [name for name, _ in tree_flatten(model.trainable_parameters())]
        known = dict(tree_flatten(model.parameters()))
        kept = [name for name in known if name not in set(trained)]
        state = [name for name, _ in tree_flatten(optimizer.state)]

        def step(ids: Any, lengths: Any, *arrays: Any) -> list[Any]:
            model.update(tree_unflatten(list(zip([*kept, *trained], arrays, strict=False))))
            optimizer.state = tree_unflatten(list(zip(state, arrays[len(known) :], strict=True)))
            (loss, _), gradients = passes(model, ids, lengths)
            optimizer.update(model, gradients)
            moved = dict(tree_flatten(model.trainable_parameters()))
            return [loss, *moved.values(), *(array for _, array in tree_flatten(optimizer.state))]

        # Whoever holds a model holds what is not trained; what is trained moves to its next value in its place.
        arrays = [*(known[name] for name in [*kept, *trained]), *(array for _, array in tree_flatten(optimizer.state))]
        nodes: list[dict[str, Any]] = []
        ids, lengths = mx.zeros((batch, tokens + 1), dtype=mx.int32), mx.zeros((batch, 2), dtype=mx.int32)
        mx.export_function(nodes.append, step, ids, lengths, *arrays)
    return Graph.of(nodes).tape(held=2 + len(kept))


def mlx_skeleton(config: "Config", recipe: Recipe) -> "nn.Module":
    """The model in mlx-lm, made ready for a recipe; its weights are random, and computed only if they are asked for."""
    import mlx.core as mx
    from mlx import nn
    from mlx_lm.tuner.utils import linear_to_lora_layers
    from mlx_lm.utils import _get_classes

    model_type, arguments = _get_classes(_gpt2_in_mlx(config))
    model = model_type(arguments.from_dict(_gpt2_in_mlx(config)))
    model.set_dtype(getattr(mx, recipe.dtype))
    if recipe.method == "qlora":
        nn.quantize(model, GROUP, BITS)
    if recipe.method != "full":
        model.freeze()
        wanted = targets_of(config, recipe)
        keys = [name for name, _ in model.layers[0].named_modules() if name.split(".")[-1] in wanted]
        adapters = {"rank": recipe.rank, "scale": 2.0, "dropout": 0.0, "keys": keys}
        linear_to_lora_layers(model, recipe.layers or len(model.layers), adapters)
    model.train()
    return model


def _gpt2_in_mlx(config: "Config") -> dict[str, Any]:
    """mlx-lm asks GPT-2's configuration for what its other names imply."""
    if config["model_type"] != "gpt2":
        return dict(config)
    return {**config, "n_ctx": config["n_positions"], "num_key_value_heads": config["n_head"]}


@contextmanager
def _whole_operations(metal: bool) -> Iterator[None]:
    """Norms and rotations as one operation each, which keeps its operands alone for the way back."""
    import mlx.core as mx

    if not metal or mx.default_device() == mx.Device(mx.gpu):
        yield
        return
    before = {name: getattr(mx.fast, name) for name in ("rms_norm", "layer_norm", "rope")}
    # Products hold what these hold: a norm its operands, a rotation nothing.
    mx.fast.rms_norm = lambda states, weight, _: states * weight
    mx.fast.layer_norm = lambda states, weight, _bias, _: states * weight
    mx.fast.rope = lambda states, *_, **__: states * 0.5
    try:
        yield
    finally:
        for name, operation in before.items():
            setattr(mx.fast, name, operation)


@dataclass(frozen=True, slots=True)
class _Node:
    name: str
    operands: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The graph of a step.

    Attributes:
        given: Arrays that are there before.
        wanted: Arrays that are asked for.
        nodes: The operations.
        sizes: Bytes of every array, by name.
    """

    given: tuple[str, ...]
    wanted: tuple[str, ...]
    nodes: tuple[_Node, ...]
    sizes: dict[str, int]

    @classmethod
    def of(cls, exported: list[dict[str, Any]]) -> "Graph":
        """The graph that `mlx.core.export_function` hands over, one part at a time."""
        parts: dict[str, Any] = {part["type"]: part for part in exported if part["type"] != "primitive"}
        operations = [part for part in exported if part["type"] == "primitive"]
        arrays = [*parts["inputs"]["inputs"], *(array for part in operations for array in part["outputs"])]
        return cls(
            given=tuple(name for name, *_ in parts["inputs"]["inputs"]),
            wanted=tuple(name for name, *_ in parts["outputs"]["outputs"]),
            nodes=tuple(
                _Node(part["name"], tuple(a[0] for a in part["inputs"]), tuple(a[0] for a in part["outputs"]))
                for part in operations
            ),
            sizes={name: math.prod(shape) * dtype.size for name, shape, dtype in arrays},
        )

    def tape(self, held: int) -> Tape:
        """What computing the graph allocates and frees; of what is given, so many are held by others throughout."""
        return _Walk(self, held).tape()

    def order(self) -> list[_Node]:
        """The operations as MLX walks them: from what is wanted backwards, in rows of limited width; then turned round.

        It is `eval_impl` of https://github.com/ml-explore/mlx/blob/main/mlx/transforms.cpp.
        """
        makers = {result: node for node in self.nodes for result in node.results}
        end = _Node("end", self.wanted, ())
        waiting = Counter(operand for node in [end, *self._reached(makers, end)] for operand in node.operands)
        left = {id(node): sum(waiting[result] for result in node.results) for node in self.nodes}
        tape, stack, place = [end], list[tuple[_Node, int]](), 0
        while place < len(tape) or stack:
            if place < len(tape):
                node, first, place = tape[place], 0, place + 1
            else:
                node, first = stack.pop()
            for index in range(first, len(node.operands)):
                maker = makers.get(node.operands[index])
                if maker is None:
                    continue
                if len(tape) - place >= WIDTH:
                    stack.append((node, index))
                    break
                left[id(maker)] -= 1
                if not left[id(maker)]:
                    tape.append(maker)
        return tape[:0:-1]

    def _reached(self, makers: dict[str, _Node], end: _Node) -> list[_Node]:
        found, stack = dict[int, _Node](), [end]
        while stack:
            for operand in stack.pop().operands:
                maker = makers.get(operand)
                if maker is not None and id(maker) not in found:
                    found[id(maker)] = maker
                    stack.append(maker)
        return list(found.values())


class _Walk:
    """Arrays and the buffers that they share, while a graph is computed."""

    def __init__(self, graph: Graph, held: int) -> None:
        self._graph = graph
        self._order = graph.order()
        self._uses = Counter(name for node in self._order for name in node.operands) + Counter(graph.wanted)
        self._uses.update(graph.given[:held])
        self._buffers: dict[str, int] = {}
        self._owners: Counter[int] = Counter()
        self._sizes: list[int] = []
        self._events: list[int] = []

    def tape(self) -> Tape:
        for name in self._graph.given:
            self._allocate(name)
        for node in self._order:
            for result in node.results:
                self._place(node, result)
            for name in node.operands:
                self._release(name)
            for result in node.results:
                if not self._uses[result]:
                    self._uses[result] = 1
                    self._release(result)
        return Tape(tuple(self._events), tuple(self._sizes))

    def _place(self, node: _Node, result: str) -> None:
        operands = [name for name in node.operands if name in self._buffers]
        if node.name in VIEWS and operands:
            self._share(operands[0], result)
            return
        size = self._graph.sizes[result]
        for name in operands if node.name in IN_PLACE else ():
            buffer = self._buffers[name]
            last = self._uses[name] == node.operands.count(name) and self._owners[buffer] == 1
            if last and self._sizes[buffer] == size:
                self._share(name, result)
                return
        self._allocate(result)

    def _allocate(self, name: str) -> None:
        number = len(self._sizes)
        self._sizes.append(self._graph.sizes[name])
        self._events.append(number)
        self._buffers[name] = number
        self._owners[number] = 1

    def _share(self, name: str, result: str) -> None:
        buffer = self._buffers[name]
        self._buffers[result] = buffer
        self._owners[buffer] += 1

    def _release(self, name: str) -> None:
        self._uses[name] -= 1
        if self._uses[name] or name not in self._buffers:
            return
        buffer = self._buffers[name]
        self._owners[buffer] -= 1
        if not self._owners[buffer]:
            self._events.append(~buffer)
