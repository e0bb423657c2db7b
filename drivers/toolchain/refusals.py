"""Why a kernel cannot be compiled for a board, and where: read off Numba's IR before anything else.

Looks through the kernel and every kernel that it calls. What only lowering or the object file
shows (a type that Numba does not know, a libm function behind `**`) is found later, in `emit`.
"""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba.core import ir
from numba.core.compiler import run_frontend
from numba.core.dispatcher import Dispatcher

from robots.kernel import Kernel

ALLOCATES = "it allocates memory, and a board has no heap"
RAISES = "it raises {}; a kernel says what is wrong by a flag"
PRINTS = "it prints; a board has nobody to read it"
RECURS = "it calls itself, so that nobody can say how much stack it needs"
LIBM = (
    "it calls {}, and no two libms' last bits are the same; robots.maths has one that gives the "
    "host's bits"
)
OBJECT = "it needs {}, a Python object"
TRIES = "it tries and catches, and a kernel raises nothing"
YIELDS = "it is a generator"

_BUILDERS = ("build_list", "build_set", "build_map", "build_string")
_EXACT = frozenset(
    {"sqrt", "floor", "ceil", "trunc", "fabs", "copysign", "isnan", "isinf", "isfinite"}
    | {"radians", "degrees", "absolute", "abs", "rint", "sign", "signbit", "negative"}
    | {"maximum", "minimum", "fmax", "fmin", "add", "subtract", "multiply", "divide"}
    | {"logical_and", "logical_or", "logical_not"}
)
_DURING = re.compile(r"^During: .* at (\S.*) \((\d+)\)$", re.M)
NUMBA = str(Path(numba.__file__).parent)
_TALK = ("Failed in nopython", "No implementation of", "During:", "File ", "raised from")
_MAKERS = frozenset(
    {"zeros", "empty", "ones", "full", "zeros_like", "empty_like", "ones_like", "full_like"}
    | {"array", "asarray", "arange", "linspace", "eye", "identity", "copy", "concatenate"}
    | {"stack", "hstack", "vstack", "dot", "matmul", "cross", "outer", "diag", "where"}
)


class Refusal(Exception):
    """A kernel cannot be compiled: the reason, with the place in the source."""

    def __init__(self, reason: str, file: str, line: int) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.reason, self.file, self.line = reason, file, line


def examine(kernel: Any) -> None:
    """Raise Refusal for the first thing in a kernel, or in one it calls, that no board can do."""
    _examine(kernel, (), set())


def _examine(kernel: Any, callers: tuple[Any, ...], done: set[Any]) -> None:
    function = kernel.py_func
    if function in done:
        return
    code = run_frontend(function)
    for statement in _statements(code):
        for reason in _reasons(code, statement):
            raise Refusal(reason, statement.loc.filename, statement.loc.line)
        called = _called(code, statement)
        if isinstance(called, Kernel | Dispatcher):
            if called.py_func in (function, *callers):
                raise Refusal(RECURS, statement.loc.filename, statement.loc.line)
            _examine(called, (*callers, function), done)
    done.add(function)


def _statements(code: ir.FunctionIR) -> Iterator[ir.Stmt]:
    for _, block in sorted(code.blocks.items()):
        yield from sorted(block.body, key=lambda statement: statement.loc.line)


def _reasons(code: ir.FunctionIR, statement: ir.Stmt) -> Iterator[str]:
    """Give what is wrong with one statement, nothing for most."""
    if isinstance(statement, ir.Raise):
        raised = _value(code, statement.exception) if statement.exception else None
        yield RAISES.format(getattr(raised, "__name__", "an exception"))
    if isinstance(statement, ir.EnterWith):
        yield OBJECT.format("a with block")
    if not isinstance(statement, ir.Assign):
        return
    value = statement.value
    if isinstance(value, ir.Yield):
        yield YIELDS
    if isinstance(value, ir.Expr) and value.op in _BUILDERS:
        yield ALLOCATES
    yield from _wrong_call(_called(code, statement))


def _wrong_call(called: Any) -> Iterator[str]:
    name = getattr(called, "__name__", "")
    if called is None:
        return
    if called is print:
        yield PRINTS
    elif called in (list, dict, set, bytearray, str):
        yield ALLOCATES
    elif called in (open, input, getattr, setattr, isinstance, type, eval, exec):
        yield OBJECT.format(name)
    elif name in _MAKERS and _module(called) == "numpy":
        yield ALLOCATES
    elif (getattr(math, name, None) is called or isinstance(called, np.ufunc)) and (
        name not in _EXACT
    ):
        yield LIBM.format(name)
    elif "exception_check" in name:
        yield TRIES


def _module(value: Any) -> str:
    return (getattr(value, "__module__", None) or "").partition(".")[0]


def _called(code: ir.FunctionIR, statement: ir.Stmt) -> Any:
    """Give the Python object that a statement calls; None where it calls none that is known."""
    value = getattr(statement, "value", None)
    if not isinstance(value, ir.Expr) or value.op != "call":
        return None
    return _value(code, value.func)


def _value(code: ir.FunctionIR, name: Any) -> Any:
    """Give the Python object that a variable stands for, or None."""
    try:
        found = code.get_definition(name)
    except KeyError:
        return None
    if isinstance(found, ir.Global | ir.FreeVar | ir.Const):
        return found.value
    if isinstance(found, ir.Expr) and found.op == "call":  # raise ValueError("...")
        return _value(code, found.func)
    if isinstance(found, ir.Expr) and found.op == "getattr":
        base = _value(code, found.value)
        if isinstance(base, ModuleType | type):
            return getattr(base, found.attr, None)
    return None


def place_of(error: BaseException, kernel: Callable[..., Any]) -> tuple[str, int]:
    """Give the file and line that an error of Numba's is about: the last that is not Numba's own.

    Where it names none, the kernel's own first line.
    """
    found = [
        (file, int(line))
        for file, line in _DURING.findall(str(error))
        if not file.startswith(NUMBA)
    ]
    loc = getattr(error, "loc", None)
    if isinstance(error, KeyError) and not found:
        loc = _place_of_field(error.args[0], kernel)
    if found:
        return found[-1]
    if loc is not None and loc.filename:
        return loc.filename, loc.line
    return kernel.__code__.co_filename, kernel.__code__.co_firstlineno


def _place_of_field(name: Any, function: Callable[..., Any]) -> ir.Loc | None:
    for statement in _statements(run_frontend(function)):
        if isinstance(statement, ir.SetAttr) and statement.attr == name:
            return statement.loc
    return None


def reason_of(error: BaseException) -> str:
    """Give in one line what Numba has against a kernel."""
    text = str(error)
    if isinstance(error, KeyError):
        return f"a record has no field {text}"
    if "NRT required" in text or "np.empty" in text:
        return ALLOCATES
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_TALK)]
    return (telling or lines or [type(error).__name__])[0]
