"""Batches as blocks: (blocks, rows, 16), sixteen states side by side in every row."""

import numpy as np

from robots.generated.compile import LANES, batch


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Give an array, not filled, that begins at a multiple of 64 bytes, as registers like."""
    size = int(np.prod(shape)) * dtype.itemsize
    room = np.empty(size + 64, np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + size].view(dtype).reshape(shape)


def count(states: int) -> int:
    """Give the number of blocks that so many states fill."""
    return -(-states // LANES)


@batch
def pack(states, blocks):  # type: ignore[no-untyped-def]
    """Write states (batch, n) into blocks (blocks, n, 16); the last one fills up what is left."""
    total = len(states)
    for k in range(len(blocks)):
        for lane in range(16):
            at = min(16 * k + lane, total - 1)
            for row in range(states.shape[1]):
                blocks[k, row, lane] = states[at, row]


@batch
def unpack(blocks, states):  # type: ignore[no-untyped-def]
    """Write blocks (blocks, n, 16) into states (batch, n)."""
    for k in range(len(blocks)):
        for lane in range(min(16, len(states) - 16 * k)):
            for row in range(states.shape[1]):
                states[16 * k + lane, row] = blocks[k, row, lane]
