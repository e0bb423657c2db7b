"""Finds the first bit in which two copies of the same structured data differ."""

import numpy as np


def first_difference(board: np.ndarray, host: np.ndarray, name: str) -> str | None:
    """Name the first field in which two structured arrays differ in any bit, or give None.

    The text holds the field's path, both values and both bit patterns.
    """
    if board.dtype.names:
        for field in board.dtype.names:
            found = first_difference(board[field], host[field], f"{name}.{field}")
            if found:
                return found
        return None
    one, other = np.ascontiguousarray(board).ravel(), np.ascontiguousarray(host).ravel()
    for i in range(one.size):
        here, there = one[i : i + 1].tobytes(), other[i : i + 1].tobytes()
        if here != there:
            place = f"{name}[{i}]" if one.size > 1 else name
            bits = f"0x{here[::-1].hex()} and 0x{there[::-1].hex()}"
            return f"{place} is {one[i]} on the board and {other[i]} on the host (bits {bits})"
    return None
