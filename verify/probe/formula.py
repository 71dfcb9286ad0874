"""Arithmetic over named numbers, so that a derived figure can be recomputed by whoever doubts it."""

import ast
import math
import operator
from collections.abc import Callable, Mapping

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[[float], float]] = {"ln": math.log, "exp": math.exp, "abs": abs, "sqrt": math.sqrt}
LONGEST = 500
LARGEST_EXPONENT = 64


def evaluate(formula: str, inputs: Mapping[str, float]) -> float:
    """The value of a formula: ``+ - * / **``, ``ln exp abs sqrt``, numbers and the inputs' names.

    Raises:
        ValueError: The formula is not such arithmetic, names an unknown input, or has no finite value.
    """
    if len(formula) > LONGEST:
        raise ValueError(f"formula is longer than {LONGEST} characters")
    try:
        value = _value(ast.parse(formula, mode="eval").body, inputs)
    except (SyntaxError, ZeroDivisionError, OverflowError, RecursionError, TypeError) as error:
        raise ValueError(f"{formula!r}: {error}") from error
    if isinstance(value, complex) or not math.isfinite(value):
        raise ValueError(f"{formula!r} has no finite value")
    return value


def _value(node: ast.expr, inputs: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.Name(id=name) if name in inputs:
            return inputs[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, inputs)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left, inputs), _value(right, inputs))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, inputs), _value(right, inputs))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument, inputs))
    raise ValueError(f"cannot read {ast.unparse(node)!r}")


def _power(number: float, exponent: float) -> float:
    # An attacker's 9 ** 9 ** 9 would compute for hours: real formulas need small exponents.
    if abs(exponent) > LARGEST_EXPONENT:
        raise ValueError(f"exponent {exponent} is beyond {LARGEST_EXPONENT}")
    power: float = float(number) ** exponent
    return power
