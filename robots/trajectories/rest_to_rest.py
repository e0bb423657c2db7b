"""What the planners from rest to rest have in common on the host: checks, a plan, what it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from robots.errors import RobotError
from robots.trajectories import checks
from robots.trajectories.moves import Moves, ends, precision, share
from robots.trajectories.trajectory import Planned, Trajectory

Bound = ArrayLike | None


@dataclass(frozen=True)
class RestToRest:
    """One such planner: its record for n joints, and its kernels."""

    plan_dtype: Callable[[int], np.dtype]
    plans: Callable[..., Any]
    samples: Callable[..., Any]
    grid: Callable[..., Any]

    def between(
        self, q_start: ArrayLike, q_goal: ArrayLike, q_min: Bound, q_max: Bound, **limits: ArrayLike
    ) -> Trajectory:
        """Plan one move between positions (n,); `limits` by name, in the kernel's order, (n,)."""
        start, goal = checks.ends(q_start, q_goal, q_min, q_max)
        n = len(start)
        given = tuple(checks.limit(name, value, n) for name, value in limits.items())
        record = np.zeros(1, self.plan_dtype(n))
        self.plans(start[None], goal[None], *given, record)
        if record["flags"][0]:
            raise _too_far("q_goal")
        return Planned(record, n, self.samples)

    def many(
        self,
        q_start: ArrayLike,
        q_goal: ArrayLike,
        q_min: Bound,
        q_max: Bound,
        threads: int,
        **limits: ArrayLike,
    ) -> Moves:
        """Plan m moves between positions (m, n); `limits` as for `between`."""
        start, goal = ends(q_start, q_goal, q_min, q_max)
        n = start.shape[1]
        given = tuple(checks.limit(name, value, n) for name, value in limits.items())
        records = np.zeros(len(start), self.plan_dtype(n))
        share(self.plans, (start, goal), given, (records,), threads)
        if records["flags"].any():
            raise _too_far(f"q_goal[{int(records['flags'].argmax())}]")
        return Moves(records, n, self.grid, precision(q_start, q_goal))


def _too_far(name: str) -> RobotError:
    return RobotError(f"{name} is too far for these limits: the move takes over 1e100 s")
