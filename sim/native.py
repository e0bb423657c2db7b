"""Bullet's own C interface, for loops that Numba compiles.

PyBullet's extension module exports what Bullet's PhysicsClientC_API.h declares. Its functions take
a client's handle, which the module keeps, by the client's number, in a static table. We find that
table by its name in the module's symbol table; where the module has been stripped of it, or is not
an ELF file, `handle` gives None and everything goes through PyBullet's Python functions: the same
commands, the same bits, a fifth slower.
"""

import ctypes
import mmap
import struct
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pybullet as bullet

TABLE = "sPhysicsClients1"
SYMBOL = np.dtype(
    [
        ("name", "<u4"),
        ("info", "u1"),
        ("other", "u1"),
        ("section", "<u2"),
        ("value", "<u8"),
        ("size", "<u8"),
    ]
)
"""An entry of an ELF-64 symbol table (System V ABI)."""
SYMBOL_TABLE = 2
FUNCTIONS = {
    "b3SubmitClientCommand": "ipp",
    "b3ProcessServerStatus": "pp",
    "b3InitStepSimulationCommand": "pp",
    "b3RequestActualStateCommandInit": "ppi",
    "b3RequestActualStateCommandComputeForwardKinematics": "ipi",
    "b3GetStatusActualState2": "i" + 13 * "p",
    "b3GetLinkState": "ippip",
    "b3MultiplyTransforms": "v" + 6 * "p",
    "b3JointControlCommandInit2": "ppii",
    "b3JointControlSetDesiredForceTorque": "ipid",
    "b3JointControlSetDesiredPosition": "ipid",
    "b3JointControlSetDesiredVelocity": "ipid",
    "b3JointControlSetKp": "ipid",
    "b3JointControlSetKd": "ipid",
    "b3JointControlSetMaximumForce": "ipid",
    "b3JointControlSetMaximumVelocity": "ipid",
}
"""Result and arguments: int32, double, pointer or void; every handle is a pointer."""


class Function:
    """One of FUNCTIONS as compiled code sees it; Numba is loaded when it first asks."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def _numba_type_(self) -> Any:
        from numba import types
        from numba.core import typing

        kinds = {"i": types.int32, "d": types.float64, "p": types.uintp, "v": types.void}
        signature = typing.signature(*(kinds[letter] for letter in FUNCTIONS[self.name]))
        return types.ExternalFunction(self.name, signature)


def function(name: str) -> Any:
    """Give one of FUNCTIONS for use in compiled code."""
    return Function(name)


class Intrinsic:
    """What compiled code does with addresses; Numba is loaded when it first asks.

    `build` gives the signature for the types of the arguments and what writes the code, as
    `numba.extending.intrinsic` wants it.
    """

    def __init__(self, build: Any) -> None:
        self._build = build

    @cached_property
    def _numba_type_(self) -> Any:
        from numba import extending
        from numba.core.registry import cpu_target

        made = extending.intrinsic(self._build)
        cpu_target.typing_context.refresh()  # takes up what was made since it last looked
        return cpu_target.typing_context.resolve_value_type(made)


def _peek(context: Any, address: Any, index: Any) -> Any:
    from numba import types

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        number = context.get_value_type(types.float64)
        place = builder.inttoptr(values[0], number.as_pointer())
        return builder.load(builder.gep(place, [values[1]]))

    return types.float64(types.uintp, types.intp), generate


def _call(context: Any, address: Any, params: Any, state: Any, given: Any, taken: Any) -> Any:
    from llvmlite import ir
    from numba import types

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        step = ir.FunctionType(ir.IntType(32), [pointer] * 4).as_pointer()
        records = [builder.inttoptr(value, pointer) for value in values[1:3]]
        records += [builder.bitcast(value, pointer) for value in values[3:]]
        return builder.call(builder.inttoptr(values[0], step), records)

    return types.int32(types.uintp, types.uintp, types.uintp, given, taken), generate


peek: Any = Intrinsic(_peek)
"""In compiled code, `peek(address, i)`: the float64 that is the i-th from an address."""
call: Any = Intrinsic(_call)
"""In compiled code, `call(address, params, state, input, output)`: an actuator's tick
(`robots.actuator.Entry`) on two records; what it gives, 0 where it went well."""


def handle(client: int) -> int | None:
    """Give the handle of a client of PyBullet, by its number; None where there is no way to it."""
    table = _table()
    return None if table is None else table[client]


@lru_cache(maxsize=1)
def _table() -> Any:
    """Find the module's table of handles; make its functions known to Numba. None: not here."""
    path = bullet.__file__
    try:
        module = ctypes.CDLL(path)
        addresses = {
            name: ctypes.cast(getattr(module, name), ctypes.c_void_p).value for name in FUNCTIONS
        }
        anchor = next(iter(FUNCTIONS))
        found = _symbols(path, (TABLE, anchor))
    except (OSError, AttributeError, KeyError, ValueError, struct.error):
        return None
    import llvmlite.binding as llvm

    for name, address in addresses.items():
        llvm.add_symbol(name, address)
    place, size = found[TABLE]
    start = (addresses[anchor] or 0) - found[anchor][0] + place
    return (ctypes.c_void_p * (size // ctypes.sizeof(ctypes.c_void_p))).from_address(start)


def _symbols(path: str, names: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Give value and size of symbols in an ELF-64 file. Raises KeyError, ValueError without."""
    with open(path, "rb") as file:
        image = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no little-endian ELF-64 file")
    (headers,) = struct.unpack_from("<Q", image, 40)
    (count,) = struct.unpack_from("<H", image, 60)
    # Of a section: name, type, flags, address, offset, size, link, and three more.
    sections = [struct.unpack_from("<IIQQQQIIQQ", image, headers + 64 * i) for i in range(count)]
    table = next((s for s in sections if s[1] == SYMBOL_TABLE), None)
    if table is None:
        raise ValueError("stripped")
    symbols = np.frombuffer(image, SYMBOL, table[5] // SYMBOL.itemsize, table[4])
    texts = sections[table[6]]
    strings = image[texts[4] : texts[4] + texts[5]]
    found = {}
    for name in names:
        at = strings.find(b"\0" + name.encode() + b"\0") + 1
        rows = symbols[(symbols["name"] == at) & (symbols["section"] != 0)]
        if at == 0 or len(rows) != 1:
            raise KeyError(name)
        found[name] = int(rows[0]["value"]), int(rows[0]["size"])
    return found
