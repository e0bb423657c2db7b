"""Faults put into a board on purpose: turned bits in RAM, and inputs that stick."""

import mmap
from typing import Any

import numpy as np

from hardware import Board


def flip_bit(ram: mmap.mmap, board: Board, address: int, bit: int) -> None:
    """Turn one bit over of the byte at a RAM address. Raises ValueError outside the RAM."""
    if not board.ram.base <= address < board.ram.end:
        raise ValueError(
            f"address {address:#x} is not in {board.name}'s RAM, "
            f"{board.ram.base:#x} to {board.ram.end - 1:#x}"
        )
    if not 0 <= bit < 8:
        raise ValueError(f"bit is {bit}; a byte has 0 to 7")
    ram[address - board.ram.base] ^= 1 << bit


def field_address(box: np.ndarray, board: Board, field: str, index: int = 0) -> int:
    """Give the board's address of an element of a mailbox field, such as `params.tau_max`.

    Raises ValueError for a field or an element that is none.
    """
    dtype, offset = box.dtype, 0
    for name in field.split("."):
        if dtype.fields is None or name not in dtype.fields:
            valid = ", ".join(dtype.names or ()) or "none below it"
            raise ValueError(f"field {field!r}: no {name!r}; valid: {valid}")
        dtype, inner = dtype.fields[name][:2]
        offset += inner
    count = int(np.prod(dtype.shape, dtype=int))
    if not 0 <= index < count:
        raise ValueError(f"field {field!r} has elements 0 to {count - 1}, not {index}")
    return board.mailbox.base + offset + index * dtype.base.itemsize


class Stuck:
    """Input fields that keep a value whatever the sensor would say.

    Of an input's bytes `mask` has the bits that are held, `bits` what they are held at.
    """

    def __init__(self, dtype: np.dtype) -> None:
        self._dtype = dtype
        self.mask, self.bits = (np.zeros(dtype.itemsize, np.uint8) for _ in range(2))

    def hold(self, field: str, value: object) -> None:
        """Hold a field at a value. Raises ValueError where that fails."""
        fields: Any = self._dtype.fields or {}
        if field not in fields:
            raise ValueError(f"input has no field {field!r}; valid: {', '.join(fields)}")
        held = np.zeros(1, self._dtype)
        held[field] = value
        kind, offset = fields[field][:2]
        place = slice(offset, offset + kind.itemsize)
        self.mask[place], self.bits[place] = 0xFF, held.view(np.uint8)[place]

    def release(self) -> None:
        """Let all fields follow their sensors again."""
        self.mask[:], self.bits[:] = 0, 0

    def apply(self, input: np.ndarray) -> None:
        """Write the held values into an input (1,)."""
        given = input.view(np.uint8)
        given[:] = given & ~self.mask | self.bits
