"""Rest to rest within velocity and acceleration limits, all joints in step.

Every joint accelerates for t_a at a, cruises at v, and brakes for t_a at a. With D the distance

    t_a = v/a, whole = t_a + D/v      where D >= v^2/a
    t_a = sqrt(D/a), whole = 2 t_a    elsewhere

(Siciliano et al., Robotics: Modelling, Planning and Control, 2009, 4.2). The slowest joint sets
the time; the others make the same move slower by a factor k, at 1/k of their speed and 1/k^2 of
their acceleration. The acceleration jumps: for a move without jolts see `jerk_limited`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from robots.kernel import kernel, unlocked
from robots.maths import sqrt
from robots.trajectories.moves import Moves
from robots.trajectories.rest_to_rest import RestToRest
from robots.trajectories.trajectory import Trajectory

FLAG_INPUT = 1
"""A position or a limit could not be used; the plan holds the start."""


@lru_cache
def plan_dtype(n: int) -> np.dtype:
    """Give the record of a planned move of n joints.

    `duration` s; per joint `t_cruise`, when the cruise begins, and `dq_peak`, `ddq_peak` >= 0.
    """
    names = ("q_start", "q_goal", "t_cruise", "dq_peak", "ddq_peak")
    return np.dtype(
        [
            *((name, np.float64, (n,)) for name in names),
            ("duration", np.float64),
            ("flags", np.uint32),
        ],
        align=True,
    )


@kernel
def fastest(distance: float, v: float, a: float) -> tuple[float, float]:
    """Give the time from rest to the cruise and the whole time, for one joint."""
    rise = v / a
    if distance >= v * rise:
        return rise, rise + distance / v
    rise = sqrt(distance / a)
    return rise, rise + rise


@kernel
def hold(q, record):  # type: ignore[no-untyped-def]
    """Make a plan that stays at q, or at zero where q is no finite number."""
    for i in range(len(record.q_start)):
        record.q_start[i] = q[i] if -1e100 < q[i] < 1e100 else 0.0
        record.q_goal[i] = record.q_start[i]
        record.t_cruise[i] = 0.0
        record.dq_peak[i] = 0.0
        record.ddq_peak[i] = 0.0
    record.duration = 0.0
    record.flags = np.uint32(0)


@kernel
def plan(q_start, q_goal, dq_max, ddq_max, record):  # type: ignore[no-untyped-def]
    """Fill a plan record for a move from rest at `q_start` to rest at `q_goal`, (n,) each.

    The limits, (n,), have to lie between 1e-100 and 1e100 and positions within 1e100; anything
    else gives a plan that holds the start, with FLAG_INPUT. Distances under 1e-200 count as none.
    """
    hold(q_start, record)
    duration = 0.0
    good = True
    for i in range(len(record.q_start)):
        v, a = dq_max[i], ddq_max[i]
        if not (-1e100 < q_start[i] < 1e100) or not (-1e100 < q_goal[i] < 1e100):
            good = False
        if not (1e-100 < v < 1e100) or not (1e-100 < a < 1e100):
            good = False
        distance = q_goal[i] - q_start[i]
        distance = -distance if distance < 0.0 else distance
        if distance > 1e-200:
            rise, whole = fastest(distance, v, a)
            # A share of the joint's own time until the time of all is known.
            record.t_cruise[i] = rise / whole
            if whole > duration:
                duration = whole
    if not good or not (duration < 1e100):
        hold(q_start, record)
        record.flags = np.uint32(1)
        return
    record.duration = duration
    for i in range(len(record.q_start)):
        record.q_goal[i] = q_goal[i]
        rise = min(record.t_cruise[i] * duration, 0.5 * duration)
        if not rise > 0.0:
            continue
        distance = q_goal[i] - q_start[i]
        distance = -distance if distance < 0.0 else distance
        record.t_cruise[i] = rise
        # No more than the limit even by the rounding of the last digit.
        record.dq_peak[i] = min(distance / (duration - rise), dq_max[i])
        record.ddq_peak[i] = min(record.dq_peak[i] / rise, ddq_max[i])


@unlocked
def plans(q_start, q_goal, dq_max, ddq_max, records):  # type: ignore[no-untyped-def]
    """Fill m plan records for moves between rows of `q_start` and `q_goal`, (m, n) each."""
    for k in range(len(records)):
        plan(q_start[k], q_goal[k], dq_max, ddq_max, records[k])


@kernel
def sample(record, t, q, dq, ddq):  # type: ignore[no-untyped-def]
    """Write position, speed and acceleration, (n,) each, at t seconds after the start.

    Before the start (or for a NaN) that is rest at `q_start`, after the end rest at `q_goal`.
    """
    for i in range(len(record.q_start)):
        q[i], dq[i], ddq[i] = record.q_start[i], 0.0, 0.0
        if t >= record.duration:
            q[i] = record.q_goal[i]
            continue
        if not t > 0.0:
            continue
        coming = t > 0.5 * record.duration
        past = record.duration - t if coming else t
        speed, slope = record.dq_peak[i], 0.0
        way = speed * (past - 0.5 * record.t_cruise[i])
        if past < record.t_cruise[i]:
            slope = record.ddq_peak[i]
            speed = slope * past
            way = 0.5 * slope * past * past
        sign = -1.0 if record.q_goal[i] < record.q_start[i] else 1.0
        dq[i] = sign * speed
        if coming:
            q[i] = record.q_goal[i] - sign * way
            ddq[i] = -sign * slope
        else:
            q[i] = record.q_start[i] + sign * way
            ddq[i] = sign * slope


@kernel
def samples(records, t, q, dq, ddq):  # type: ignore[no-untyped-def]
    """Sample a plan, shape (1,), at m times: t (m,); q, dq, ddq (m, n)."""
    for k in range(len(t)):
        sample(records[0], t[k], q[k], dq[k], ddq[k])


@unlocked
def grid(records, t, q, dq, ddq):  # type: ignore[no-untyped-def]
    """Sample m plans at k times: t (k,); q, dq, ddq (m, k, n), float64 or float32."""
    for i in range(len(records)):
        for k in range(len(t)):
            sample(records[i], t[k], q[i, k], dq[i, k], ddq[i, k])


_PLANNER = RestToRest(plan_dtype, plans, samples, grid)


def between(
    q_start: ArrayLike,
    q_goal: ArrayLike,
    dq_max: ArrayLike,
    ddq_max: ArrayLike,
    q_min: ArrayLike | None = None,
    q_max: ArrayLike | None = None,
) -> Trajectory:
    """Plan the move from rest at `q_start` to rest at `q_goal`, (n,) each, on the host.

    Raises RobotError for limits that are not positive, shapes that do not fit, numbers that are
    not finite and a start or goal outside q_min..q_max; the joints'
    way lies between the two.
    """
    return _PLANNER.between(
        q_start,
        q_goal,
        q_min,
        q_max,
        dq_max=dq_max,
        ddq_max=ddq_max,
    )


def many(
    q_start: ArrayLike,
    q_goal: ArrayLike,
    dq_max: ArrayLike,
    ddq_max: ArrayLike,
    q_min: ArrayLike | None = None,
    q_max: ArrayLike | None = None,
    threads: int = 1,
) -> Moves:
    """Plan m moves from rest at `q_start` to rest at `q_goal`, (m, n) each; limits (n,).

    Each move is the one that `between` plans, to the bit, on whatever number of `threads`; of
    float32 positions see `Moves`. Raises RobotError as `between` does, and for no moves at all.
    """
    return _PLANNER.many(
        q_start,
        q_goal,
        q_min,
        q_max,
        threads,
        dq_max=dq_max,
        ddq_max=ddq_max,
    )
