"""A compiler for straight-line functions that works on all lanes of a block at once.

What `robots.generated.source` writes is Python of the plainest kind: loads and stores at constant
places, + - * / and `sincos`. `min`, `max`, `sqrt`, `a if b < c else d` and functions made of the
same are known besides; conditions, and calls for their effect, are left out. Every operation
becomes one LLVM instruction on as many lanes as a register of this CPU holds, so nothing depends
on what a vectoriser makes of a loop, and a function of a thousand operations compiles in well
under a second.

A product and the sum it goes into may be fused to one rounding (`contract`). Batched results thus
differ from single ones in the last bits, and between CPUs with and without fused multiply-add.
"""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from math import prod
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from robots.generated.functions import Shapes
from robots.generated.sincos import sincos
from robots.generated.source import flat

LANES = 16
CONTRACT = ("contract",)
OPERATIONS = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
INT = ir.IntType(64)


@functools.cache
def register_bytes() -> int:
    """Give the width of this CPU's vector registers."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


def lanes(function: Callable[..., Any], shapes: Shapes) -> Any:
    """Give a function for Numba of (arrays, k), which works on block k of every array.

    `shapes` are those of the function's arguments, in order; the arrays, in a tuple, are
    C-contiguous (blocks, numbers of a shape, 16), all float64 or all float32. `k` may be a tuple
    too, of one number for every array. Functions that it calls are written out in place.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def block(typingctx: Any, arrays: Any, k: Any) -> Any:
        dtypes = {array.dtype for array in arrays}
        if len(dtypes) != 1 or any(a.layout != "C" or a.ndim != 3 for a in arrays):
            return None
        number = (
            types.UniTuple(types.int64, len(arrays))
            if isinstance(k, types.BaseTuple)
            else types.int64
        )

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0])
            data = [
                context.make_array(ty)(context, builder, value).data
                for ty, value in zip(signature.args[0], values, strict=True)
            ]
            places = [args[1]] * len(data)
            if isinstance(signature.args[1], types.BaseTuple):
                places = cgutils.unpack_tuple(builder, args[1])
            double = types.float64 in dtypes
            width = register_bytes() // (8 if double else 4)
            vector = ir.VectorType(ir.DoubleType() if double else ir.FloatType(), width)
            with cgutils.for_range(builder, INT(LANES // width), intp=INT) as loop:
                lane = builder.mul(loop.index, INT(width))
                start = {}
                for (name, shape), pointer, at in zip(shapes.items(), data, places, strict=True):
                    place = builder.mul(at, INT(LANES * prod(shape)))
                    start[name] = builder.gep(pointer, [builder.add(place, lane)])
                _Body(builder, vector, start, shapes, function, {}).run()
            return context.get_dummy_value()

        return types.void(arrays, number), codegen

    return block


class _Body:
    """One pass over a function's statements; `values` has its arguments that are numbers."""

    def __init__(
        self,
        builder: Any,
        vector: Any,
        start: dict[str, Any],
        shapes: Shapes,
        function: Callable[..., Any],
        values: dict[str, Any],
    ) -> None:
        self.builder, self.vector, self.start, self.shapes = builder, vector, start, shapes
        self.function, self.values = function, values
        self.bytes = 8 if vector.element == ir.DoubleType() else 4

    def run(self) -> Any:
        """Emit the function's statements; give what it returns."""
        for statement in _syntax(self.function).body:
            if isinstance(statement, ast.Return):
                return self.value(statement.value)
            if isinstance(statement, ast.Assign):
                self.assign(statement.targets[0], statement.value)
        return None

    def assign(self, target: Any, source: Any) -> None:
        if isinstance(target, ast.Subscript):
            self.builder.store(self.value(source), self.place(target), align=self.bytes)
        elif isinstance(target, ast.Name):
            self.values[target.id] = self.value(source)
        else:
            if isinstance(source, ast.Tuple):
                found = [self.value(element) for element in source.elts]
            else:
                found = list(sincos(self.builder, self.value(source.args[0])))
            self.values.update({name.id: v for name, v in zip(target.elts, found, strict=True)})

    def value(self, node: Any) -> Any:
        builder, kind = self.builder, type(node)
        if kind is ast.Name:
            found = self.values.get(node.id)
            return self.constant(self.function.__globals__[node.id]) if found is None else found
        if kind is ast.Constant:
            return self.constant(node.value)
        if kind is ast.Subscript:
            return builder.load(self.place(node), align=self.bytes)
        if kind is ast.UnaryOp:
            return builder.fneg(self.value(node.operand), flags=CONTRACT)
        if kind is ast.IfExp:
            less = self.less(node.test.left, node.test.comparators[0])
            return builder.select(less, self.value(node.body), self.value(node.orelse))
        if kind is ast.Call:
            return self.call(node)
        operation = getattr(builder, OPERATIONS[type(node.op)])
        return operation(self.value(node.left), self.value(node.right), flags=CONTRACT)

    def less(self, left: Any, right: Any) -> Any:
        return self.builder.fcmp_ordered("<", self.value(left), self.value(right))

    def call(self, node: Any) -> Any:
        builder = self.builder
        name = node.func.id
        arguments = [self.value(argument) for argument in node.args]
        if name in ("min", "max"):
            a, b = arguments
            first, second = (a, b) if name == "min" else (b, a)
            return builder.select(builder.fcmp_ordered("<", first, second), a, b)
        if name == "sqrt":
            suffix = f"v{self.vector.count}f{8 * self.bytes}"
            kind = ir.FunctionType(self.vector, [self.vector])
            root = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.{suffix}")
            return builder.call(root, arguments)
        callee = self.function.__globals__[name].py_func
        names = [argument.arg for argument in _syntax(callee).args.args]
        given = dict(zip(names, arguments, strict=True))
        return _Body(self.builder, self.vector, {}, {}, callee, given).run()

    def constant(self, value: float) -> Any:
        return ir.Constant(self.vector, [float(value)] * self.vector.count)

    def place(self, node: Any) -> Any:
        name = node.value.id
        index = getattr(node.slice, "elts", [node.slice])
        row = flat([number.value for number in index], self.shapes[name])
        pointer = self.builder.gep(self.start[name], [INT(row * LANES)])
        return self.builder.bitcast(pointer, self.vector.as_pointer())


def _syntax(function: Callable[..., Any]) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
