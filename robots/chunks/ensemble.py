"""Temporal ensembling: what overlapping chunks say of one instant, averaged.

Zhao, Kumar, Levine and Finn, "Learning Fine-Grained Bimanual Manipulation with Low-Cost
Hardware", 2023: of the k chunks that reach an instant, oldest first, the i-th has the weight
exp(-m i); the smaller m, the faster a new chunk counts.
"""

import numpy as np

from robots import maths
from robots.errors import RobotError
from robots.kernel import kernel

ON_A_ROW = 1e-6
"""An instant that lies within this share of a spacing from a row counts as lying on it."""


def weights(m: float, kept: int) -> np.ndarray:
    """Give exp(-m i) for i from 0 to kept - 1, oldest first; (kept,).

    Raises RobotError for an m that is not finite, or negative.
    """
    if not 0.0 <= m < np.inf:
        raise RobotError(f"m is {m}; it must be zero or more, e.g. 0.01")
    return np.array([maths.exp(-m * i) for i in range(kept)])


@kernel
def row_at(time, start, count, spacing):  # type: ignore[no-untyped-def]
    """Give the row, -1 for none, and share of the way to the next of a chunk at `time`.

    Row i of `count` is for `start + i * spacing`.
    """
    place = (time - start) / spacing
    if not (-ON_A_ROW <= place <= count - 1 + ON_A_ROW):
        return -1, 0.0
    row = int(place + ON_A_ROW)
    share = place - row
    if share < ON_A_ROW or row >= count - 1:
        share = 0.0
    return row, share


@kernel
def ensemble(rows, starts, counts, first, kept, spacing, weights, time, out):  # type: ignore[no-untyped-def]
    """Write the weighted mean (d,) at `time` of the chunks in a ring; give how many reach it.

    `rows` (c, h, d), `starts` (c,) seconds, `counts` (c,) rows in use; the ring's oldest is at
    `first` and `kept` are filled. Between two rows a chunk counts linearly. Where none reaches
    `out` stays as it was.
    """
    ring, _, dim = rows.shape
    found, total = 0, 0.0
    for k in range(kept):
        slot = first + k
        if slot >= ring:
            slot -= ring
        row, share = row_at(time, starts[slot], counts[slot], spacing)
        if row < 0:
            continue
        weight = weights[found]
        total += weight
        for j in range(dim):
            value = rows[slot, row, j]
            if share > 0.0:
                value += share * (rows[slot, row + 1, j] - value)
            out[j] = weight * value if found == 0 else out[j] + weight * value
        found += 1
    if found > 0:
        for j in range(dim):
            out[j] = out[j] / total
    return found
