"""The host's side of lockstep ticks on shared memory, compiled.

`tick` and `run` are C functions, so that a compiled loop can take a tick of an emulated board
where it would run a controller of its own (`robots.actuator.Entry`). What they need to know is a
plan: 64-bit words in the order of PLAN, of which the last ones are counts.

Plain loads in a compiled loop are hoisted out of it, and plain stores may be reordered. The
two words that hand the turn over are therefore atomic: the request is stored with release,
the reply loaded with acquire.
"""

import ctypes
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import typing
from numba.extending import intrinsic

COUNTS = ("ticks", "differing", "instructions", "last_instructions", "missed", "missing", "wall_ns")
PLAN = np.dtype(
    [
        (name, np.int64)
        for name in (
            # addresses in the mailbox
            *("request", "reply", "status", "guest_instructions"),
            *("guest_input", "guest_output", "guest_state"),
            # of the host's side: its step and the step's memory, 0 where it is not compared
            *("law", "host_params", "host_state", "host_output"),
            *("input_size", "output_size", "state_size"),
            # of what Emulator works on, and where the first difference is kept
            *("input", "output", "kept_output", "kept_host_output", "kept_state"),
            *("kept_host_state", "first_differing"),
            # of input bits that are stuck, and the bits they are stuck at; 0 for none
            *("mask", "stuck"),
            *("sequence", "looks", "compare", "process", "patience_ns", "room", "verdict"),
            *COUNTS,
        )
    ]
)
"""`process` is a file descriptor that is readable once QEMU is gone, or -1; `room` of 16 bytes."""

OK, LATE, NOT_READY, RAISED, CLOSED = 0, 1, 2, 3, 4
"""What a tick gives: LATE for no reply before QEMU was gone or patience over, NOT_READY for a reply
of a firmware whose status is not READY, RAISED where the host's own kernel raised, CLOSED where
the plan has no `request`."""
_READY, _FAULT = 1, 3
NAP_NS = 1000
"""How long to sleep between looks, and some 50 us more by Linux' timer slack. Not `sched_yield`:
with anybody else there, even one loses a whole time slice, which is a thousand ticks."""
_LOOK_AROUND = 256
_READABLE = 1
_CLOCK = int(getattr(time, "CLOCK_MONOTONIC", 1))
(
    _REQUEST, _REPLY, _STATUS, _GUEST_INSTRUCTIONS, _GUEST_INPUT, _GUEST_OUTPUT, _GUEST_STATE,
    _LAW, _HOST_PARAMS, _HOST_STATE, _HOST_OUTPUT, _INPUT_SIZE, _OUTPUT_SIZE, _STATE_SIZE,
    _INPUT, _OUTPUT, _KEPT_OUTPUT, _KEPT_HOST_OUTPUT, _KEPT_STATE, _KEPT_HOST_STATE,
    _FIRST_DIFFERING, _MASK, _STUCK, _SEQUENCE, _LOOKS, _COMPARE, _PROCESS, _PATIENCE_NS, _ROOM,
    _VERDICT,    _TICKS, _DIFFERING, _INSTRUCTIONS, _LAST, _MISSED, _MISSING, _WALL_NS,
) = range(len(PLAN.names or ()))  # fmt: skip

_nanosleep = types.ExternalFunction(
    "nanosleep", typing.signature(types.int32, types.int64, types.int64)
)
_clock_gettime = types.ExternalFunction(
    "clock_gettime", typing.signature(types.int32, types.int32, types.int64)
)
_poll = types.ExternalFunction(
    "poll", typing.signature(types.int32, types.int64, types.int64, types.int32)
)


def _compiled(function: Callable[..., Any]) -> Any:
    return numba.njit(nogil=True, cache=True, error_model="numpy")(function)


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


@intrinsic
def _store_word(typingctx, address, value):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        builder.store(args[1], _pointer(builder, args[0], 64))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def _load_word(typingctx, address):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.load(_pointer(builder, args[0], 64))

    return types.int64(types.int64), codegen


@intrinsic
def _call(typingctx, law, params, state, given, taken):  # type: ignore[no-untyped-def]
    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        word = ir.IntType(64)
        step = ir.FunctionType(ir.IntType(32), [word] * 4).as_pointer()
        return builder.call(builder.inttoptr(args[0], step), args[1:])

    return types.int32(*[types.int64] * 5), codegen


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
def _now(room: int) -> int:
    _clock_gettime(_CLOCK, room)
    return _load_word(room) * 1_000_000_000 + _load_word(room + 8)


@_compiled
def _gone(plan: Any) -> bool:
    """Say whether QEMU has ended: a struct pollfd of its descriptor, and no time to wait."""
    if plan[_PROCESS] < 0:
        return False
    _store_word(plan[_ROOM], plan[_PROCESS] | (_READABLE << 32))
    return _poll(plan[_ROOM], 1, 0) > 0


@_compiled
def _replied(plan: Any) -> bool:
    """Look for the reply, asleep now and then, until patience or QEMU is at its end."""
    turns, began = 0, 0
    while True:
        for _ in range(plan[_LOOKS]):
            if _load_acquire(plan[_REPLY]) == plan[_SEQUENCE]:
                return True
        _store_word(plan[_ROOM], 0)
        _store_word(plan[_ROOM] + 8, NAP_NS)
        _nanosleep(plan[_ROOM], 0)
        turns += 1
        if turns % _LOOK_AROUND == 0:
            now = _now(plan[_ROOM])
            began = began or now
            over = now - began > plan[_PATIENCE_NS] or _gone(plan)
            if over or _load_acquire(plan[_STATUS]) == _FAULT:
                # It may have answered between our last look and its end.
                return _load_acquire(plan[_REPLY]) == plan[_SEQUENCE]


@_compiled
def _stick(plan: Any, given: int) -> None:
    for i in range(plan[_INPUT_SIZE]):
        mask = _load_byte(plan[_MASK] + i)
        held = _load_byte(given + i) & ~mask | _load_byte(plan[_STUCK] + i)
        _store_byte(given + i, held)


@_compiled
def _keep(plan: Any, taken: int) -> None:
    """Keep both sides of the first difference, to be described later."""
    plan[_FIRST_DIFFERING] = plan[_TICKS]
    _copy(taken, plan[_KEPT_OUTPUT], plan[_OUTPUT_SIZE])
    _copy(plan[_HOST_OUTPUT], plan[_KEPT_HOST_OUTPUT], plan[_OUTPUT_SIZE])
    _copy(plan[_GUEST_STATE], plan[_KEPT_STATE], plan[_STATE_SIZE])
    _copy(plan[_HOST_STATE], plan[_KEPT_HOST_STATE], plan[_STATE_SIZE])


@_compiled
def _tick(plan: Any, given: int, taken: int) -> int:
    if plan[_REQUEST] == 0:
        return CLOSED
    if plan[_MISSING] > 0:
        plan[_MISSING] -= 1
        plan[_MISSED] += 1
        return OK
    began = _now(plan[_ROOM])
    if plan[_MASK] != 0:
        _stick(plan, given)
    # A number is never 0, which the firmware starts from.
    plan[_SEQUENCE] = plan[_SEQUENCE] % 0xFFFF_FFFF + 1
    _copy(given, plan[_GUEST_INPUT], plan[_INPUT_SIZE])
    _store_release(plan[_REQUEST], plan[_SEQUENCE])
    if plan[_LAW] != 0:
        raised = _call(plan[_LAW], plan[_HOST_PARAMS], plan[_HOST_STATE], given, plan[_HOST_OUTPUT])
        if raised != 0:
            return RAISED
    if not _replied(plan):
        return LATE
    if _load_acquire(plan[_STATUS]) != _READY:
        return NOT_READY
    _copy(plan[_GUEST_OUTPUT], taken, plan[_OUTPUT_SIZE])
    plan[_LAST] = _load_acquire(plan[_GUEST_INSTRUCTIONS])
    plan[_INSTRUCTIONS] += plan[_LAST]
    if plan[_COMPARE] != 0 and (
        _differ(taken, plan[_HOST_OUTPUT], plan[_OUTPUT_SIZE])
        or _differ(plan[_GUEST_STATE], plan[_HOST_STATE], plan[_STATE_SIZE])
    ):
        if plan[_DIFFERING] == 0:
            _keep(plan, taken)
        plan[_DIFFERING] += 1
    plan[_TICKS] += 1
    plan[_WALL_NS] += _now(plan[_ROOM]) - began
    return OK


_PLAN = types.CPointer(types.int64)
_WORDS = len(PLAN.names or ())


@numba.cfunc(types.int32(_PLAN, types.int64, types.int64, types.int64), cache=True)
def _tick_at(plan, _, given, taken):  # type: ignore[no-untyped-def]
    words = numba.carray(plan, _WORDS)
    words[_VERDICT] = _tick(words, given, taken)
    return words[_VERDICT]


@numba.cfunc(types.int64(_PLAN, types.int64, types.int64, types.int64), cache=True)
def _run_at(plan, inputs, outputs, count):  # type: ignore[no-untyped-def]
    words = numba.carray(plan, _WORDS)
    given, taken = words[_INPUT], words[_OUTPUT]
    for k in range(count):
        _copy(inputs + k * words[_INPUT_SIZE], given, words[_INPUT_SIZE])
        verdict = _tick(words, given, taken)
        if verdict != OK:
            return verdict
        _copy(taken, outputs + k * words[_OUTPUT_SIZE], words[_OUTPUT_SIZE])
    return OK


ADDRESS: int = _tick_at.address
"""Of `int32_t tick(int64_t *plan, ?, input *, output *)`: one tick; gives OK or what went wrong."""
_WORD = ctypes.c_int64
tick = ctypes.CFUNCTYPE(ctypes.c_int32, _WORD, _WORD, _WORD, _WORD)(ADDRESS)
run = ctypes.CFUNCTYPE(ctypes.c_int64, _WORD, _WORD, _WORD, _WORD)(_run_at.address)
"""Of a plan, inputs (n,), outputs (n,) and n: as many ticks; addresses of contiguous arrays."""
