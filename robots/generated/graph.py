"""Scalar expressions, each made once: what the generator computes with in place of numbers.

An algorithm written for numbers gives a graph when it is run on `Expr`. Constants stay floats and
are folded as they meet; a term times zero is gone; equal expressions are one object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Scalar = Any
"""An `Expr` or a float."""


class Expr:
    """One operation of a graph: `op`, its operands (`Expr` or float), and its place in time."""

    __slots__ = ("args", "graph", "number", "op")

    def __init__(self, graph: Graph, op: str, args: tuple[Scalar, ...], number: int) -> None:
        self.graph, self.op, self.args, self.number = graph, op, args, number

    def __add__(self, other: Scalar) -> Scalar:
        if not isinstance(other, (Expr, float, int)):
            return NotImplemented
        return self.graph.add(self, other)

    def __radd__(self, other: Scalar) -> Scalar:
        return self.graph.add(other, self)

    def __sub__(self, other: Scalar) -> Scalar:
        if not isinstance(other, (Expr, float, int)):
            return NotImplemented
        return self.graph.subtract(self, other)

    def __rsub__(self, other: Scalar) -> Scalar:
        return self.graph.subtract(other, self)

    def __mul__(self, other: Scalar) -> Scalar:
        if not isinstance(other, (Expr, float, int)):
            return NotImplemented
        return self.graph.multiply(self, other)

    def __rmul__(self, other: Scalar) -> Scalar:
        return self.graph.multiply(other, self)

    def __neg__(self) -> Scalar:
        return self.graph.negate(self)

    def __truediv__(self, other: Scalar) -> Scalar:
        return self.graph.make("div", self, other)

    def __rtruediv__(self, other: Scalar) -> Scalar:
        return self.graph.make("div", float(other), self)


class Graph:
    """All expressions of one function, in the order in which they were first made."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Expr] = {}
        self._count = 0

    def variable(self, name: str) -> Expr:
        """Give the input of that name."""
        return self.make("var", name)

    def sincos(self, angle: Scalar) -> tuple[Scalar, Scalar]:
        """Give sine and cosine of an angle, rad."""
        return self.make("sin", angle), self.make("cos", angle)

    def make(self, op: str, *args: Scalar) -> Expr:
        key = (op, *(id(a) if isinstance(a, Expr) else a for a in args))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Expr(self, op, args, self._count)
            self._count += 1
        return found

    def add(self, a: Scalar, b: Scalar) -> Scalar:
        if _is(a, 0.0):
            return b
        if _is(b, 0.0):
            return a
        if _negated(b):
            return self.subtract(a, b.args[0])
        if _negated(a):
            return self.subtract(b, a.args[0])
        return self.make("add", *_ordered(a, b))

    def subtract(self, a: Scalar, b: Scalar) -> Scalar:
        if _is(b, 0.0):
            return a
        if _is(a, 0.0):
            return -b
        if a is b:
            return 0.0
        if _negated(b):
            return self.add(a, b.args[0])
        if _negated(a):
            return self.negate(self.add(a.args[0], b))
        if isinstance(b, float):
            return self.make("add", *_ordered(a, -b))
        if isinstance(a, Expr) and b.number < a.number:
            return self.negate(self.make("sub", b, a))
        return self.make("sub", a, b)

    def multiply(self, a: Scalar, b: Scalar) -> Scalar:
        if not isinstance(a, Expr):
            a, b = b, a
        if _is(b, 0.0):
            return 0.0
        if _is(b, 1.0):
            return a
        if _is(b, -1.0):
            return self.negate(a)
        # Signs wander outwards, so that x and -x share their products.
        if _negated(a):
            return self.negate(self.multiply(a.args[0], b))
        if isinstance(b, Expr):
            if _negated(b):
                return self.negate(self.multiply(a, b.args[0]))
            return self.make("mul", *_ordered(a, b))
        if b < 0.0:
            return self.negate(self.multiply(a, -b))
        if a.op == "mul" and isinstance(a.args[1], float):
            return self.multiply(a.args[0], a.args[1] * b)
        return self.make("mul", a, float(b))

    def negate(self, a: Scalar) -> Scalar:
        if not isinstance(a, Expr):
            return -a
        if a.op == "neg":
            return a.args[0]
        return self.make("neg", a)


def needed(outputs: Iterable[Scalar]) -> list[Expr]:
    """Give every expression that the outputs need, operands before what uses them."""
    found: dict[int, Expr] = {}
    todo = [value for value in outputs if isinstance(value, Expr)]
    while todo:
        at = todo.pop()
        if at.number not in found:
            found[at.number] = at
            todo.extend(arg for arg in at.args if isinstance(arg, Expr))
    return [found[number] for number in sorted(found)]


def _is(a: Scalar, value: float) -> bool:
    return not isinstance(a, Expr) and a == value


def _negated(a: Scalar) -> bool:
    return isinstance(a, Expr) and a.op == "neg"


def _ordered(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """Put what commutes in one order: older first, constants last."""
    if not isinstance(a, Expr) or (isinstance(b, Expr) and b.number < a.number):
        a, b = b, a
    return a, b if isinstance(b, Expr) else float(b)
