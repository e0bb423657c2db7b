"""What every planner gives to the host: a duration, and samples at any time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike


class Motion(NamedTuple):
    """Position, speed and acceleration of n joints: (n,) each at one time, (m, n) at m."""

    q: np.ndarray
    dq: np.ndarray
    ddq: np.ndarray


def rest(q: ArrayLike) -> Motion:
    """Give the state of joints that stand at q, (n,)."""
    array = np.asarray(q)
    return Motion(array, np.zeros(array.shape), np.zeros(array.shape))


class Trajectory(Protocol):
    """A move of n joints. Before 0 s it is at its start, after `duration` at its end."""

    @property
    def duration(self) -> float:
        """How long the move takes, s."""
        ...

    def sample(self, t: float) -> Motion:
        """Give the state at t seconds, (n,) each."""
        ...

    def samples(self, times: ArrayLike) -> Motion:
        """Give the states at m times (m,), (m, n) each."""
        ...


@dataclass(frozen=True)
class Planned:
    """A Trajectory that a kernel planned: its record, shape (1,), and the kernel to sample it."""

    record: np.ndarray
    n: int
    kernel: Callable[..., Any]

    @property
    def duration(self) -> float:
        """How long the move takes, s."""
        return float(self.record["duration"][0])

    def sample(self, t: float) -> Motion:
        """Give the state at t seconds, (n,) each."""
        motion = self.samples([t])
        return Motion(motion.q[0], motion.dq[0], motion.ddq[0])

    def samples(self, times: ArrayLike) -> Motion:
        """Give the states at m times (m,), (m, n) each."""
        t = np.atleast_1d(np.asarray(times, np.float64))
        motion = Motion(*(np.empty((len(t), self.n)) for _ in range(3)))
        self.kernel(self.record, t, *motion)
        return motion
