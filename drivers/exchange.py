"""The host's side of a lockstep tick on shared memory, compiled.

Plain loads in a compiled loop are hoisted out of it, and plain stores may be reordered. The
two words that hand the turn over are therefore atomic: the request is stored with release,
the reply loaded with acquire.

A `plan` is an int64 array of addresses and sizes in bytes, in the order of PLAN.
"""

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

PLAN = (
    "request", "reply", "status", "guest_input", "input", "input_size",
    "guest_output", "output", "output_size", "host_output",
    "guest_state", "host_state", "state_size",
)  # fmt: skip

EQUAL, DIFFERENT, WAITING, NOT_READY = 0, 1, 2, 3
_READY = 1


def _compiled(function: Callable[..., Any]) -> Any:
    return numba.njit(nogil=True, cache=True)(function)


def _pointer(builder: Any, address: Any, bits: int) -> Any:
    return builder.inttoptr(address, ir.IntType(bits).as_pointer())


@intrinsic
def _store_release(typingctx, address, value):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        word = builder.trunc(args[1], ir.IntType(32))
        builder.store_atomic(word, _pointer(builder, args[0], 32), "release", 4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def _load_acquire(typingctx, address):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        word = builder.load_atomic(_pointer(builder, args[0], 32), "acquire", 4)
        return builder.zext(word, ir.IntType(64))

    return types.int64(types.int64), codegen


@intrinsic
def _load_byte(typingctx, address):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.zext(builder.load(_pointer(builder, args[0], 8)), ir.IntType(64))

    return types.int64(types.int64), codegen


@intrinsic
def _store_byte(typingctx, address, value):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte = builder.trunc(args[1], ir.IntType(8))
        builder.store(byte, _pointer(builder, args[0], 8))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@_compiled
def _copy(source: int, target: int, size: int) -> None:
    for i in range(size):
        _store_byte(target + i, _load_byte(source + i))


@_compiled
def _differ(one: int, other: int, size: int) -> bool:
    different = 0
    for i in range(size):
        different |= _load_byte(one + i) ^ _load_byte(other + i)
    return different != 0


@_compiled
def send(plan: Any, sequence: int) -> None:
    """Hand the input over and ask for `sequence`."""
    _copy(plan[4], plan[3], plan[5])
    _store_release(plan[0], sequence)


@_compiled
def receive(plan: Any, sequence: int, looks: int, compare: bool) -> int:
    """Look for the reply to `sequence` at most `looks` times; take the output and compare it.

    Gives EQUAL, DIFFERENT (output or state differ from the host's in some bit), WAITING (no
    reply yet) or NOT_READY (a reply, but the firmware's status is not READY).
    """
    for _ in range(looks):
        if _load_acquire(plan[1]) == sequence:
            break
    else:
        return WAITING
    if _load_acquire(plan[2]) != _READY:
        return NOT_READY
    _copy(plan[6], plan[7], plan[8])
    if compare and (_differ(plan[7], plan[9], plan[8]) or _differ(plan[10], plan[11], plan[12])):
        return DIFFERENT
    return EQUAL
