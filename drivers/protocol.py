"""The host link's words: messages, results, states, faults and records, for Python and for C.

`protocol.h` is generated from this file (`c_header`), so neither side can drift from the other.
All numbers are little-endian. docs/firmware.md has the tables.
"""

from enum import IntEnum
from typing import Any

import numpy as np

VERSION = 1
NAME_SIZE = 32
REPLY = 0x80
REGISTERS = 31


class Message(IntEnum):
    """A frame's type. Requests come from the host; a reply has the request's type | REPLY.

    OUTPUT and FAULT come from the board unasked.
    """

    HELLO = 1
    IDENTITY = 2
    LOAD = 3
    ARM = 4
    START = 5
    INPUT = 6
    STOP = 7
    CLEAR = 8
    STATUS = 9
    REPORT = 10
    OUTPUT = 0xC0
    FAULT = 0xC1


class Result(IntEnum):
    """The first byte of a reply."""

    OK = 0
    NO_HELLO = 1
    VERSION = 2
    CONTROLLER = 3
    BOARD = 4
    LAYOUT = 5
    STATE = 6
    SIZE = 7
    VALUE = 8
    UNKNOWN = 9
    NO_INPUT = 10


class State(IntEnum):
    """The firmware's states. Motors may move in RUNNING alone."""

    BOOT = 0
    IDLE = 1
    ARMED = 2
    RUNNING = 3
    FAULT = 4


class Event(IntEnum):
    """What moves the state machine."""

    BOOTED = 0
    LOADED = 1
    ARM = 2
    START = 3
    STOP = 4
    CLEAR = 5
    FAULT = 6


def _record(*fields: Any) -> np.dtype:
    return np.dtype(list(fields), align=True)


HELLO = _record(
    ("version", "<u4"),
    ("reserved", "<u4"),
    ("layout", "<u8"),
    ("controller", "u1", (NAME_SIZE,)),
    ("board", "u1", (NAME_SIZE,)),
)
"""Both sides' hello. Names are UTF-8, cut and filled with zeros to NAME_SIZE."""

REPLY_HEAD = _record(("result", "u1"), ("state", "u1"), ("fault", "u1"), ("reserved", "u1"))
"""The start of every reply."""

SIZES = _record(
    ("params", "<u4"),
    ("input", "<u4"),
    ("output", "<u4"),
    ("commands", "<u4"),
    ("timer_hz", "<u8"),
)
"""What follows the board's hello: bytes of the areas, and how many motor commands it limits."""

ARM = _record(
    ("period", "<u4"),
    ("watchdog", "<u4"),
    ("flags", "<u4"),
    ("every", "<u4"),
)
"""ARM's data, followed by a limit (f8) for each motor command.

`period` is timer ticks of a control tick, `watchdog` control ticks without a word from the host,
`flags` the output flags that are a limit violation; `every` sends each n-th output, 0: none.
"""

STATUS = _record(
    ("ticks", "<u8"),
    ("instructions", "<u4"),
    ("stack_used", "<u4"),
    ("lost", "<u4"),
    ("bad", "<u4"),
    ("stale", "<u4"),
    ("dropped", "<u4"),
)
"""STATUS's reply. Of the host's frames: `lost` never came, `bad` were none, `stale` came late or
twice. `dropped` are the board's own that found no room. `stack_used` is -1 (all bits) while
armed or running, when there is no time to look."""

IDENTITY = _record(
    ("size", "<u4"),
    ("reserved", "<u4"),
    ("sha256", "u1", (32,)),
)
"""IDENTITY's reply: bytes of code and constants in the board's memory, and their hash."""

OUTPUT_HEAD = _record(
    ("tick", "<u8"),
    ("instructions", "<u4"),
    ("input", "<u2"),
    ("state", "u1"),
    ("reserved", "u1"),
)
"""The start of OUTPUT: the tick, the kernel's instructions, the sequence of the input it read."""

CRASH = _record(
    ("state", "<u4"),
    ("fault", "<u4"),
    ("tick", "<u8"),
    ("mcause", "<u8"),
    ("mepc", "<u8"),
    ("mtval", "<u8"),
    ("x", "<u8", (REGISTERS,)),
)
"""FAULT and REPORT's record. `x` holds x1..x31, and like m* means something after a trap only."""

RECORDS = {
    "hello": HELLO,
    "reply_head": REPLY_HEAD,
    "sizes": SIZES,
    "arm": ARM,
    "status": STATUS,
    "identity": IDENTITY,
    "output_head": OUTPUT_HEAD,
    "crash": CRASH,
}


def pack_name(name: str) -> np.ndarray:
    """Give a name as `HELLO` holds it, shape (NAME_SIZE,)."""
    return np.frombuffer(name.encode()[:NAME_SIZE].ljust(NAME_SIZE, b"\0"), np.uint8)


def unpack_name(name: np.ndarray) -> str:
    """Give the text of a name from `HELLO`."""
    return bytes(name).rstrip(b"\0").decode(errors="replace")
