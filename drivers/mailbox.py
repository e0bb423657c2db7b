"""The mailbox: how a host and a board's firmware share memory, as one NumPy dtype.

The C header of the firmware is generated from the same dtype (drivers/toolchain/header.py).
The host writes areas and `command`, then a new number to `request`; the firmware acts and
writes the same number to `reply`. Each side's word has a cache line of its own.
"""

import hashlib
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np

from robots.controllers.contract import Controller

MAGIC = 0x4D48_4258
VERSION = 2


class Command(IntEnum):
    """What the host asks. RUN answers at once, then steps at the timer's pace."""

    LOAD = 1
    STEP = 2
    RUN = 3
    STACK = 4
    STOP = 5


class Status(IntEnum):
    """What the firmware is doing. After FAULT only LOAD helps."""

    BOOT = 0
    READY = 1
    RUNNING = 2
    FAULT = 3
    STOPPED = 4


class Fault(IntEnum):
    """Why the status, or the host link's state, is FAULT."""

    NONE = 0
    TRAP = 1
    KERNEL = 2
    STACK = 3
    HOST_LOST = 4
    COMMAND = 5
    LIMIT = 6
    OVERRUN = 7
    NAN = 8


# `state` is the host link's (drivers/protocol.py); `x` is x1..x31 as a trap found them.
_HEADER: dict[str, tuple[Any, int]] = {
    "magic": ("<u4", 0),
    "version": ("<u4", 4),
    "layout": ("<u8", 8),
    "size": ("<u4", 16),
    "status": ("<u4", 20),
    "fault": ("<u4", 24),
    "stack_used": ("<u4", 28),
    "mcause": ("<u8", 32),
    "mepc": ("<u8", 40),
    "mtval": ("<u8", 48),
    "state": ("<u4", 56),
    "request": ("<u4", 64),
    "command": ("<u4", 68),
    "heartbeat": ("<u4", 72),
    "looks": ("<u4", 76),
    "doze": ("<u4", 80),
    "period": ("<u4", 84),
    "watchdog": ("<u4", 88),
    "reply": ("<u4", 128),
    "instructions": ("<u4", 132),
    "ticks": ("<u8", 136),
    "x": (("<u8", (31,)), 192),
}
HEADER = np.dtype(
    {
        "names": list(_HEADER),
        "formats": [kind for kind, _ in _HEADER.values()],
        "offsets": [offset for _, offset in _HEADER.values()],
        "itemsize": 448,
        "aligned": True,
    }
)
AREAS = ("params", "state", "input", "output")


@lru_cache
def mailbox_dtype(controller: Controller) -> np.dtype:
    """Give the whole mailbox of a controller: `header` and the four areas, 64-byte aligned."""
    kinds, offsets, offset = [HEADER], [0], HEADER.itemsize
    for area in AREAS:
        kind = getattr(controller, area)
        kinds.append(kind)
        offsets.append(offset)
        offset += -(-kind.itemsize // 64) * 64
    return np.dtype(
        {
            "names": ["header", *AREAS],
            "formats": kinds,
            "offsets": offsets,
            "itemsize": offset,
        }
    )


def layout_hash(controller: Controller) -> int:
    """A 64-bit hash of everything that host and firmware must agree on."""
    text = f"{VERSION} {controller.name} {describe(mailbox_dtype(controller))}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def describe(dtype: np.dtype) -> str:
    """Write a dtype's full layout as text: names, kinds, shapes, offsets and sizes."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{describe(base)}{list(shape)}"
    if dtype.fields is None:
        return dtype.str
    fields = (
        f"{name}@{dtype.fields[name][1]}:{describe(dtype.fields[name][0])}"
        for name in dtype.names or ()
    )
    return f"{{{' '.join(fields)} size {dtype.itemsize}}}"
