"""Stacking patterns: where each carton of a stack goes."""

import math

import numpy as np

from sim.errors import SimError

LENGTH, WIDTH, HEIGHT = 0.110, 0.056, 0.048
"""A carton, metres, along its x, y and z."""
ABREAST = 0.082
"""From a carton to the one beside it: the fingers that hold its sides need 26 mm between two."""
BEHIND = 0.114
"""From a carton to the one at its end."""
PATTERNS = ("row", "column", "pyramid", "square", "crossed")
FEWEST, MOST = 3, 5
QUARTER = math.pi / 2

Spot = tuple[float, float, int, float]


def places(pattern: str, count: int) -> np.ndarray:
    """Give the places of a pattern of 3 to 5 cartons, (count, 4), lower layers first.

    A row is x, y, z of the foot's centre and the yaw, which counts up to half a turn; metres and
    radians, about the middle of the deck. Raises SimError for a pattern that takes another count.
    """
    if pattern == "square" and count < 4:
        raise SimError(f"pattern 'square' takes 4 or 5 cartons, not {count}")
    found = {
        "row": row(count, 0),
        "column": [(0.0, 0.0, k, 0.0) for k in range(count)],
        "pyramid": pyramid(count),
        "square": square(count),
        "crossed": crossed(count),
    }[pattern]
    return np.array([(x, y, layer * HEIGHT, yaw) for x, y, layer, yaw in found])


def fitting(count: int) -> tuple[str, ...]:
    """Give the patterns that so many cartons can be stacked in."""
    return tuple(p for p in PATTERNS if p != "square" or count >= 4)


def row(count: int, layer: int) -> list[Spot]:
    """Side by side, in the middle of a layer."""
    return [(0.0, (k - (count - 1) / 2) * ABREAST, layer, 0.0) for k in range(count)]


def pyramid(count: int) -> list[Spot]:
    """Two or three in a row, the rest on top of them."""
    low = 2 if count == 3 else 3
    return row(low, 0) + row(count - low, 1)


def square(count: int) -> list[Spot]:
    """Two by two, and the fifth on top of all four."""
    ends = [(sx * BEHIND / 2, sy * ABREAST / 2, 0, 0.0) for sx in (1, -1) for sy in (-1, 1)]
    return [*ends, (0.0, 0.0, 1, 0.0)][:count]


def crossed(count: int) -> list[Spot]:
    """Layers of two, each laid across the one below; a last one alone lies in the middle."""
    found: list[Spot] = []
    for layer in range((count + 1) // 2):
        for shift in (0.0,) if count - len(found) == 1 else (-ABREAST / 2, ABREAST / 2):
            found.append((shift, 0.0, layer, QUARTER) if layer % 2 else (0.0, shift, layer, 0.0))
    return found


def yaw_of(pose: np.ndarray) -> float:
    """Give the turn about z of a pose (7,) that is upright, radians."""
    x, y, z, w = (float(v) for v in pose[3:])
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def turn_between(one: float, other: float) -> float:
    """Give the least turn from one yaw to another, where half a turn makes no difference."""
    return (one - other + math.pi / 2) % math.pi - math.pi / 2
