"""How compiled kernels call each other on a board: values come back in registers.

Numba's own convention returns a status and writes the value, and the exception there may be,
through pointers. A kernel of the contract raises nothing, so none of that is needed. What raises
all the same becomes a call of a function that no board has, and whose name is the place in the
source; where the optimiser cannot prove it away, `emit` finds it in the object and says so.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.callconv import RETCODE_NONE, RETCODE_OK, BaseCallConv, Status, TryStatus
from numba.core.types.misc import Optional

RAISE = "millhand.raise "
"""What the name of a function begins with that stands for an exception; its place follows."""


class DirectCallConv(BaseCallConv):
    """`value f(arguments...)`; what may be None comes as the value and whether it is one."""

    def _make_call_helper(self, builder: ir.IRBuilder) -> None:
        return None

    def get_function_type(self, restype: Any, argtypes: Any) -> ir.FunctionType:
        """Give the LLVM type of a function."""
        value = self.get_return_type(restype).pointee
        if isinstance(restype, Optional):
            value = ir.LiteralStructType([value, cgutils.bool_t])
        return ir.FunctionType(value, list(self._get_arg_packer(argtypes).argument_types))

    def decorate_function(
        self, fn: ir.Function, args: Any, fe_argtypes: Any, noalias: bool = False
    ) -> None:
        """Name the arguments."""
        names = [f"arg.{name}" for name in args]
        self._get_arg_packer(fe_argtypes).assign_names(self.get_arguments(fn), names)
        fn.attributes.add("nounwind")

    def get_arguments(self, func: ir.Function) -> Any:
        """Give the arguments as the packer made them."""
        return func.args

    def call_function(
        self, builder: ir.IRBuilder, callee: Any, resty: Any, argtys: Any, args: Any,
        attrs: Any = None,
    ) -> tuple[Status, Any]:  # fmt: skip
        """Call a function: its status, which is never an error, and what it returns."""
        packed = list(self._get_arg_packer(argtys).as_arguments(builder, args))
        value = builder.call(callee, packed)
        code, is_none = RETCODE_OK, cgutils.false_bit
        if isinstance(resty, Optional):
            is_none = builder.not_(builder.extract_value(value, 1))
            code = builder.select(is_none, RETCODE_NONE, RETCODE_OK)
            value = builder.extract_value(value, 0)
        status = Status(
            code=code,
            is_ok=cgutils.true_bit,
            is_none=is_none,
            is_error=cgutils.false_bit,
            is_stop_iteration=cgutils.false_bit,
            is_python_exc=cgutils.false_bit,
            is_user_exc=cgutils.false_bit,
            excinfoptr=None,
        )
        return status, self.context.get_returned_value(builder, resty, value)

    def return_value(self, builder: ir.IRBuilder, retval: Any) -> None:
        """Return a value."""
        kind = builder.function.type.pointee.return_type
        if kind != retval.type:
            pair = builder.insert_value(ir.Constant(kind, ir.Undefined), retval, 0)
            retval = builder.insert_value(pair, cgutils.true_bit, 1)
        builder.ret(retval)

    def return_native_none(self, builder: ir.IRBuilder) -> None:
        """Return None where a value could have been."""
        builder.ret(cgutils.get_null_value(builder.function.type.pointee.return_type))

    def return_status_propagate(self, builder: ir.IRBuilder, status: Status) -> None:
        """Do nothing: no call gives an error, so that this is never reached."""

    def return_user_exc(
        self, builder: ir.IRBuilder, exc: Any, exc_args: Any = None, loc: Any = None,
        func_name: Any = None,
    ) -> None:  # fmt: skip
        """Stand for an exception of a class, or for the one that is raised again."""
        self._raise(builder, exc.__name__ if exc else "an exception", loc)

    def return_dynamic_user_exc(
        self, builder: ir.IRBuilder, exc: Any, exc_args: Any, nb_types: Any, loc: Any = None,
        func_name: Any = None,
    ) -> None:  # fmt: skip
        """Stand for an exception with values that are known only when it is raised."""
        self.return_user_exc(builder, exc, loc=loc)

    def return_exc(self, builder: ir.IRBuilder) -> None:
        """Stand for an exception of Python's own."""
        self._raise(builder, "an exception", None)

    def return_stop_iteration(self, builder: ir.IRBuilder) -> None:
        """Stand for a generator's end."""
        self._raise(builder, "StopIteration", None)

    def check_try_status(self, builder: ir.IRBuilder) -> TryStatus:
        """Say that nothing is tried: `refusals` finds a try before this is asked."""
        return TryStatus(in_try=cgutils.false_bit, excinfo=None)

    def _raise(self, builder: ir.IRBuilder, what: str, loc: Any) -> None:
        place = f"{loc.filename}:{loc.line}" if loc else "an unknown place"
        raiser = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), []), f"{RAISE}{what} at {place}"
        )
        raiser.attributes.add("noreturn")
        raiser.attributes.add("nounwind")
        builder.call(raiser, [])
        builder.unreachable()
