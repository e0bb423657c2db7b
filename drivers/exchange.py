"""The host's side of lockstep ticks on shared memory, compiled.

`code` gives them as C functions, so that a compiled loop can take a tick of an emulated board
where it would run a controller of its own (`robots.actuator.Entry`). What they need to know is a
plan: a record of PLAN, of which the last fields are counts.

Plain loads in a compiled loop are hoisted out of it, and plain stores may be reordered. The
two words that hand the turn over are therefore atomic: the request is stored with release,
the reply loaded with acquire.
"""

import ctypes
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import typing
from numba.extending import intrinsic

from drivers.mailbox import Status

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
_READY, _FAULT = int(Status.READY), int(Status.FAULT)
NAP_NS = 1000
"""How long to sleep between looks, and some 50 us more by Linux' timer slack. Not `sched_yield`:
with anybody else there, even one loses a whole time slice, which is a thousand ticks."""
_LOOK_AROUND = 256
_READABLE = 1
_CLOCK = int(getattr(time, "CLOCK_MONOTONIC", 1))
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
    if plan.process < 0:
        return False
    _store_word(plan.room, plan.process | (_READABLE << 32))
    return _poll(plan.room, 1, 0) > 0


@_compiled
def _replied(plan: Any) -> bool:
    """Look for the reply, asleep now and then, until patience or QEMU is at its end."""
    turns, began = 0, 0
    while True:
        for _ in range(plan.looks):
            if _load_acquire(plan.reply) == plan.sequence:
                return True
        _store_word(plan.room, 0)
        _store_word(plan.room + 8, NAP_NS)
        _nanosleep(plan.room, 0)
        turns += 1
        if turns % _LOOK_AROUND == 0:
            now = _now(plan.room)
            began = began or now
            over = now - began > plan.patience_ns or _gone(plan)
            if over or _load_acquire(plan.status) == _FAULT:
                # It may have answered between our last look and its end.
                return _load_acquire(plan.reply) == plan.sequence


@_compiled
def _stick(plan: Any, given: int) -> None:
    for i in range(plan.input_size):
        mask = _load_byte(plan.mask + i)
        held = _load_byte(given + i) & ~mask | _load_byte(plan.stuck + i)
        _store_byte(given + i, held)


@_compiled
def _keep(plan: Any, taken: int) -> None:
    """Keep both sides of the first difference, to be described later."""
    plan.first_differing = plan.ticks
    _copy(taken, plan.kept_output, plan.output_size)
    _copy(plan.host_output, plan.kept_host_output, plan.output_size)
    _copy(plan.guest_state, plan.kept_state, plan.state_size)
    _copy(plan.host_state, plan.kept_host_state, plan.state_size)


@_compiled
def _tick(plan: Any, given: int, taken: int) -> int:
    if plan.request == 0:
        return CLOSED
    if plan.missing > 0:
        plan.missing -= 1
        plan.missed += 1
        return OK
    began = _now(plan.room)
    if plan.mask != 0:
        _stick(plan, given)
    # A number is never 0, which the firmware starts from.
    plan.sequence = plan.sequence % 0xFFFF_FFFF + 1
    _copy(given, plan.guest_input, plan.input_size)
    _store_release(plan.request, plan.sequence)
    if plan.law != 0:
        raised = _call(plan.law, plan.host_params, plan.host_state, given, plan.host_output)
        if raised != 0:
            return RAISED
    if not _replied(plan):
        return LATE
    if _load_acquire(plan.status) != _READY:
        return NOT_READY
    _copy(plan.guest_output, taken, plan.output_size)
    plan.last_instructions = _load_acquire(plan.guest_instructions)
    plan.instructions += plan.last_instructions
    if plan.compare != 0 and (
        _differ(taken, plan.host_output, plan.output_size)
        or _differ(plan.guest_state, plan.host_state, plan.state_size)
    ):
        if plan.differing == 0:
            _keep(plan, taken)
        plan.differing += 1
    plan.ticks += 1
    plan.wall_ns += _now(plan.room) - began
    return OK


def _tick_at(plans, _, given, taken):  # type: ignore[no-untyped-def]
    plan = numba.carray(plans, 1)[0]
    plan.verdict = _tick(plan, given, taken)
    return plan.verdict


def _run_at(plans, inputs, outputs, count):  # type: ignore[no-untyped-def]
    plan = numba.carray(plans, 1)[0]
    for k in range(count):
        _copy(inputs + k * plan.input_size, plan.input, plan.input_size)
        verdict = _tick(plan, plan.input, plan.output)
        if verdict != OK:
            return verdict
        _copy(plan.output, outputs + k * plan.output_size, plan.output_size)
    return OK


class Code(NamedTuple):
    """Two C functions of a plan's address and three more words; both give OK or what went wrong.

    `tick(plan, 0, input, output)` takes one tick, and is at `address` for compiled code.
    `run(plan, inputs, outputs, n)` takes n, of contiguous arrays (n,).
    """

    address: int
    tick: Callable[..., int]
    run: Callable[..., int]


@lru_cache
def code() -> Code:
    """Compile, or load from disk, when the first board is made."""
    word = ctypes.c_int64
    made = numba.cfunc(
        types.int32(types.CPointer(numba.from_dtype(PLAN)), *[types.int64] * 3), cache=True
    )
    tick, run = made(_tick_at), made(_run_at)
    entry = ctypes.CFUNCTYPE(ctypes.c_int32, *[word] * 4)
    return Code(tick.address, entry(tick.address), entry(run.address))
