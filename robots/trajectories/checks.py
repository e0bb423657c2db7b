"""What a planner on the host refuses, in one line that says what would do."""

import numpy as np
from numpy.typing import ArrayLike

from robots.errors import RobotError

LARGEST = 1e100


def vector(name: str, value: ArrayLike, n: int | None = None) -> np.ndarray:
    """Give `value` as float64 (n,), of any length >= 1 where n is None.

    Raises RobotError for another shape and for numbers that are not finite or beyond 1e100.
    """
    try:
        array = np.ascontiguousarray(value, np.float64)
    except (TypeError, ValueError):
        raise RobotError(f"{name} is {value!r:.60}; it must be numbers, one per joint") from None
    if array.ndim != 1 or len(array) == 0 or (n is not None and len(array) != n):
        wanted = "(n,), one number per joint" if n is None else f"({n},)"
        raise RobotError(f"{name} has shape {np.shape(value)}; it must be {wanted}")
    for i, x in enumerate(array):
        if not abs(x) < LARGEST:
            raise RobotError(f"{name}[{i}] is {x}; it must be finite (under {LARGEST:g})")
    return array


def rows(name: str, value: ArrayLike, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Give `value` as float64 (m, n), C-contiguous, of any shape with m, n >= 1 where it is None.

    Raises RobotError for another shape and for numbers that are not finite or beyond 1e100.
    """
    try:
        array = np.ascontiguousarray(value, np.float64)
    except (TypeError, ValueError):
        raise RobotError(f"{name} is {value!r:.60}; it must be numbers, a row per move") from None
    if array.ndim != 2 or 0 in array.shape or shape not in (None, array.shape):
        wanted = "(m, n), a row per move and at least one" if shape is None else f"{shape}"
        raise RobotError(f"{name} has shape {np.shape(value)}; it must be {wanted}")
    if not (np.abs(array) < LARGEST).all():
        k, i = np.argwhere(~(np.abs(array) < LARGEST))[0].tolist()
        raise RobotError(
            f"{name}[{k}, {i}] is {array[k, i]}; it must be finite (under {LARGEST:g})"
        )
    return array


def limit(name: str, value: ArrayLike, n: int) -> np.ndarray:
    """Give a limit as float64 (n,).

    Raises RobotError for another shape and for numbers that are not positive and finite.
    """
    array = vector(name, value, n)
    for i, x in enumerate(array):
        if not x > 1.0 / LARGEST:
            raise RobotError(f"{name}[{i}] is {x}; a limit must be positive")
    return array


def inside(
    name: str, low: np.ndarray, high: np.ndarray, q_min: ArrayLike | None, q_max: ArrayLike | None
) -> None:
    """Check that joints which go from `low` to `high`, (n,) each, keep their position limits.

    A limit that is None is none. Raises RobotError that names the first joint which does not.
    """
    n = len(low)
    least = np.full(n, -np.inf) if q_min is None else vector("q_min", q_min, n)
    most = np.full(n, np.inf) if q_max is None else vector("q_max", q_max, n)
    for i in range(n):
        if low[i] < least[i] or high[i] > most[i]:
            value = low[i] if low[i] < least[i] else high[i]
            raise RobotError(
                f"{name}[{i}] is {value:g}, outside its limits {least[i]:g} to {most[i]:g}"
            )


def ends(
    q_start: ArrayLike, q_goal: ArrayLike, q_min: ArrayLike | None, q_max: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the two ends of a move as float64 (n,) each, both inside q_min..q_max.

    Raises RobotError where one does not fit or lies outside.
    """
    start = vector("q_start", q_start)
    goal = vector("q_goal", q_goal, len(start))
    inside("q_start", start, start, q_min, q_max)
    inside("q_goal", goal, goal, q_min, q_max)
    return start, goal


def duration(value: float) -> float:
    """Check the duration of a move. Raises RobotError unless it is positive and finite."""
    if not 1.0 / LARGEST < value < LARGEST:
        raise RobotError(f"duration is {value}; it must be positive and finite, in seconds")
    return float(value)
