"""Time-optimal rest to rest within velocity, acceleration and jerk limits, all joints in step.

Every joint's fastest move is symmetric: jerk up, full acceleration, jerk down, cruise, and the
same mirrored; the middle parts may have no length. With D the distance and v, a, j the limits,
the time t_j of a jerk and t_a from rest to the cruise are

    t_j = a/j,  t_a = v/a + t_j              where v j >= a^2     (the acceleration limit is met)
    t_j = sqrt(v/j),  t_a = 2 t_j            elsewhere

and D/v - t_a is left for the cruise. Where that is negative there is none, and

    t_j = a/j,  t_a = t_j/2 + sqrt(t_j^2/4 + D/a)    where D >= 2 a^3/j^2
    t_j = cbrt(D/2j),  t_a = 2 t_j                   elsewhere

(Biagiotti and Melchiorri, Trajectory Planning for Automatic Machines and Robots, 2008, 3.4).
The slowest joint sets the time. The others make the same move slower by a factor k > 1, at
1/k, 1/k^2, 1/k^3 of their speed, acceleration and jerk, and so arrive with it within their limits.

The second half is measured back from the goal: arrival is exact.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from robots.kernel import kernel, unlocked
from robots.maths import cbrt, sqrt
from robots.trajectories.moves import Moves
from robots.trajectories.rest_to_rest import RestToRest
from robots.trajectories.trajectory import Trajectory

FLAG_INPUT = 1
"""A position or a limit could not be used; the plan holds the start."""


@lru_cache
def plan_dtype(n: int) -> np.dtype:
    """Give the record of a planned move of n joints.

    `duration` s; per joint, from rest: `t_jerk` the end of the first jerk, `t_full` of the full
    acceleration, `t_cruise` when the cruise begins; `dq_peak`, `ddq_peak`, `dddq_peak` >= 0 what
    the joint reaches of each.
    """
    names = ("q_start", "q_goal", "t_jerk", "t_full", "t_cruise")
    peaks = ("dq_peak", "ddq_peak", "dddq_peak")
    return np.dtype(
        [
            *((name, np.float64, (n,)) for name in (*names, *peaks)),
            ("duration", np.float64),
            ("flags", np.uint32),
        ],
        align=True,
    )


@kernel
def fastest(distance: float, v: float, a: float, j: float) -> tuple[float, float, float]:
    """Give the time of a jerk, the time from rest to the cruise and the whole, for one joint."""
    if v * j >= a * a:
        jerk = a / j
        rise = v / a + jerk
    else:
        jerk = sqrt(v / j)
        rise = jerk + jerk
    cruise = distance / v - rise
    if cruise >= 0.0:
        return jerk, rise, rise + rise + cruise
    jerk = a / j
    if distance >= 2.0 * a * jerk * jerk:
        rise = 0.5 * jerk + sqrt(0.25 * jerk * jerk + distance / a)
    else:
        jerk = cbrt(0.5 * distance / j)
        rise = jerk + jerk
    return jerk, rise, rise + rise


@kernel
def hold(q, record):  # type: ignore[no-untyped-def]
    """Make a plan that stays at q, or at zero where q is no finite number."""
    for i in range(len(record.q_start)):
        record.q_start[i] = q[i] if -1e100 < q[i] < 1e100 else 0.0
        record.q_goal[i] = record.q_start[i]
        record.t_jerk[i] = 0.0
        record.t_full[i] = 0.0
        record.t_cruise[i] = 0.0
        record.dq_peak[i] = 0.0
        record.ddq_peak[i] = 0.0
        record.dddq_peak[i] = 0.0
    record.duration = 0.0
    record.flags = np.uint32(0)


@kernel
def plan(q_start, q_goal, dq_max, ddq_max, dddq_max, record):  # type: ignore[no-untyped-def]
    """Fill a plan record for a move from rest at `q_start` to rest at `q_goal`, (n,) each.

    The limits, (n,), have to lie between 1e-100 and 1e100 and positions within 1e100; anything
    else gives a plan that holds the start, with FLAG_INPUT. Distances under 1e-200 count as none.
    """
    hold(q_start, record)
    duration = 0.0
    good = True
    for i in range(len(record.q_start)):
        v, a, j = dq_max[i], ddq_max[i], dddq_max[i]
        if not (-1e100 < q_start[i] < 1e100) or not (-1e100 < q_goal[i] < 1e100):
            good = False
        if not (1e-100 < v < 1e100) or not (1e-100 < a < 1e100) or not (1e-100 < j < 1e100):
            good = False
        distance = q_goal[i] - q_start[i]
        distance = -distance if distance < 0.0 else distance
        if distance > 1e-200:
            jerk, rise, whole = fastest(distance, v, a, j)
            # Shares of the joint's own time until the time of all is known.
            record.t_jerk[i] = jerk / whole
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
        jerk = record.t_jerk[i] * duration
        rise = min(record.t_cruise[i] * duration, 0.5 * duration)
        if not jerk > 0.0:
            continue
        distance = q_goal[i] - q_start[i]
        distance = -distance if distance < 0.0 else distance
        record.t_jerk[i] = jerk
        record.t_full[i] = max(rise - jerk, jerk)
        record.t_cruise[i] = rise
        # No more than the limit even by the rounding of the last digit.
        record.dq_peak[i] = min(distance / (duration - rise), dq_max[i])
        record.ddq_peak[i] = min(record.dq_peak[i] / record.t_full[i], ddq_max[i])
        record.dddq_peak[i] = min(record.ddq_peak[i] / jerk, dddq_max[i])


@unlocked
def plans(q_start, q_goal, dq_max, ddq_max, dddq_max, records):  # type: ignore[no-untyped-def]
    """Fill m plan records for moves between rows of `q_start` and `q_goal`, (m, n) each."""
    for k in range(len(records)):
        plan(q_start[k], q_goal[k], dq_max, ddq_max, dddq_max, records[k])


@kernel
def _from_rest(t, jerk, full, rise, v, a, j):  # type: ignore[no-untyped-def]
    """Give the way gone, the speed and the acceleration a time t after the start.

    The two `min` keep rounding from going over a peak; elsewhere it cannot.
    """
    if t < jerk:
        slope = j * t
        speed = 0.5 * slope * t
        return speed * t / 3.0, speed, slope
    if t < full:
        past = t - jerk
        first = 0.5 * a * jerk
        way = first * jerk / 3.0 + past * (first + 0.5 * a * past)
        return way, min(first + a * past, v), a
    if t < rise:
        left = rise - t
        slope = min(j * left, a)
        lack = 0.5 * slope * left
        return 0.5 * v * rise - left * (v - lack / 3.0), v - lack, slope
    return v * (t - 0.5 * rise), v, 0.0


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
        way, speed, slope = _from_rest(
            record.duration - t if coming else t,
            record.t_jerk[i],
            record.t_full[i],
            record.t_cruise[i],
            record.dq_peak[i],
            record.ddq_peak[i],
            record.dddq_peak[i],
        )
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
    dddq_max: ArrayLike,
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
        dddq_max=dddq_max,
    )


def many(
    q_start: ArrayLike,
    q_goal: ArrayLike,
    dq_max: ArrayLike,
    ddq_max: ArrayLike,
    dddq_max: ArrayLike,
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
        dddq_max=dddq_max,
    )
