"""Time-optimal and jerk-limited from any moving state to any other: on the host, by Ruckig.

Ruckig (Berscheid and Kroeger, Jerk-limited Real-time Trajectory Generation with Arbitrary Target
States, RSS 2021) solves the case that has no closed form. Boards plan from rest: `jerk_limited`.
"""

from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import ArrayLike

from robots.errors import RobotError
from robots.trajectories import checks
from robots.trajectories.trajectory import Motion, Trajectory


@dataclass(frozen=True)
class _Moving:
    """A Trajectory that Ruckig planned."""

    plan: ruckig.Trajectory
    goal: Motion

    @property
    def duration(self) -> float:
        return float(self.plan.duration)

    def sample(self, t: float) -> Motion:
        if t >= self.duration:
            return Motion(*(np.copy(part) for part in self.goal))
        state = self.plan.at_time(t if t > 0.0 else 0.0)
        return Motion(*(np.array(part) for part in state))

    def samples(self, times: ArrayLike) -> Motion:
        t = np.atleast_1d(np.asarray(times, np.float64))
        rows = [self.sample(float(x)) for x in t]
        n = len(self.goal.q)
        return Motion(*(np.array([row[k] for row in rows]).reshape(-1, n) for k in range(3)))


def between(
    start: Motion,
    goal: Motion,
    dq_max: ArrayLike,
    ddq_max: ArrayLike,
    dddq_max: ArrayLike,
    q_min: ArrayLike | None = None,
    q_max: ArrayLike | None = None,
) -> Trajectory:
    """Plan the fastest move between two states, (n,) each, all joints in step.

    A start beyond the limits of speed or acceleration is first brought back within them. Raises
    RobotError for limits that are not positive, shapes that do not fit, numbers that are not
    finite, a goal beyond the limits, and a move that would leave q_min..q_max on its way.
    """
    n = len(checks.vector("start.q", start.q))
    task = ruckig.InputParameter(n)
    task.current_position = checks.vector("start.q", start.q).tolist()
    task.current_velocity = checks.vector("start.dq", start.dq, n).tolist()
    task.current_acceleration = checks.vector("start.ddq", start.ddq, n).tolist()
    end = Motion(*(checks.vector(f"goal.{name}", getattr(goal, name), n) for name in goal._fields))
    task.target_position = end.q.tolist()
    task.target_velocity = end.dq.tolist()
    task.target_acceleration = end.ddq.tolist()
    task.max_velocity = checks.limit("dq_max", dq_max, n).tolist()
    task.max_acceleration = checks.limit("ddq_max", ddq_max, n).tolist()
    task.max_jerk = checks.limit("dddq_max", dddq_max, n).tolist()
    found = ruckig.Trajectory(n)
    try:
        verdict = ruckig.Ruckig(n).calculate(task, found)
    except ruckig.RuckigError as error:
        line = str(error).replace("[ruckig]", "").strip().splitlines()[0]
        raise RobotError(f"no move between these states: {line}") from None
    if int(verdict) < 0:
        raise RobotError(f"no move between these states: Ruckig gave {verdict!r}")
    low = np.array([bound.min for bound in found.position_extrema])
    high = np.array([bound.max for bound in found.position_extrema])
    checks.inside("q on the way", low, high, q_min, q_max)
    return _Moving(found, end)
