"""Many moves at once: planned and sampled in compiled loops, on threads if asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from robots.errors import RobotError
from robots.threads import spread
from robots.trajectories import checks
from robots.trajectories.trajectory import Motion

SHARE = 256
"""Moves that a thread takes at a time."""


@dataclass(frozen=True)
class Moves:
    """Planned moves: their records (m,), and the kernel that samples all of them at some times.

    Each is planned by itself, so that no number of threads and no other move changes a bit of it.
    `dtype` is what samples are given in, float32 where the positions came so: they are worked out
    in float64 all the same and rounded once, by which they can pass a limit by half a unit in
    float32's last place. Durations are float64.
    """

    records: np.ndarray
    n: int
    kernel: Callable[..., Any]
    dtype: Any = np.float64

    def __len__(self) -> int:
        return len(self.records)

    @property
    def duration(self) -> np.ndarray:
        """How long each move takes, s, (m,)."""
        duration: np.ndarray = self.records["duration"]
        return duration

    def samples(self, times: ArrayLike, threads: int = 1) -> Motion:
        """Give the states of all moves at k times (k,): (m, k, n) each.

        Before 0 s a move is at its start, after its duration at its end. Raises RobotError for
        times of another shape.
        """
        t = np.ascontiguousarray(times, np.float64)
        if t.ndim != 1:
            raise RobotError(f"times has shape {np.shape(times)}; it must be (k,), seconds")
        shape = (len(self), len(t), self.n)
        motion = Motion(*(np.empty(shape, self.dtype) for _ in range(3)))
        share(self.kernel, (self.records,), (t,), motion, threads)
        return motion


def share(
    kernel: Callable[..., Any],
    rows: tuple[np.ndarray, ...],
    common: tuple[np.ndarray, ...],
    out: tuple[np.ndarray, ...],
    threads: int,
) -> None:
    """Call a kernel with SHARE rows of `rows` and `out` at a time, and `common` between them."""

    def work(part: int) -> None:
        here = slice(part * SHARE, (part + 1) * SHARE)
        kernel(*(array[here] for array in rows), *common, *(array[here] for array in out))

    spread(work, -(-len(rows[0]) // SHARE), threads)


def ends(
    q_start: ArrayLike, q_goal: ArrayLike, q_min: ArrayLike | None, q_max: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the two ends of m moves as float64 (m, n) each, all inside q_min..q_max.

    Raises RobotError where one does not fit or lies outside.
    """
    start = checks.rows("q_start", q_start)
    goal = checks.rows("q_goal", q_goal, start.shape)
    for name, rows in (("q_start", start), ("q_goal", goal)):
        for k in {int(k) for k in (*rows.argmin(axis=0), *rows.argmax(axis=0))}:
            checks.inside(f"{name}[{k}]", rows[k], rows[k], q_min, q_max)
    return start, goal


def precision(*values: ArrayLike) -> Any:
    """Give float32 where every value is an array of it, else float64."""
    single = all(isinstance(x, np.ndarray) and x.dtype == np.float32 for x in values)
    return np.float32 if single else np.float64
