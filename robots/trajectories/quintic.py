"""Quintic polynomials: from any position, velocity and acceleration to any other in a given time.

In u = t / T every joint is c0 + c1 u + ... + c5 u^5, with D = q1 - q0, v = dq T and a = ddq T^2:

    c0 = q0,  c1 = v0,  c2 = a0/2
    c3 =  10 D - 6 v0 - 4 v1 - (3 a0 -   a1)/2
    c4 = -15 D + 8 v0 + 7 v1 + (3 a0 - 2 a1)/2
    c5 =   6 D - 3 v0 - 3 v1 - (  a0 -   a1)/2

(Siciliano et al., Robotics: Modelling, Planning and Control, 2009, 4.2; solved for the six
conditions). No limit is looked at: `shortest` gives the time that keeps a move from rest to rest
within limits.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from robots.errors import RobotError
from robots.kernel import kernel, unlocked
from robots.maths import NAN, cbrt, sqrt
from robots.trajectories import checks
from robots.trajectories.moves import Moves, precision, share
from robots.trajectories.trajectory import Motion, Planned, Trajectory

FLAG_INPUT = 1
"""A boundary value or the duration could not be used; the plan holds the start."""
PEAK_DDQ = 5.773502691896258
"""10/sqrt(3), the greatest acceleration of a unit move from rest to rest in unit time."""


@lru_cache
def plan_dtype(n: int) -> np.dtype:
    """Give the record of a planned move of n joints.

    `duration` s; `coefficients` (n, 6), in t / duration; the state at the end, (n,) each.
    """
    return np.dtype(
        [
            ("coefficients", np.float64, (n, 6)),
            *((name, np.float64, (n,)) for name in ("q_goal", "dq_goal", "ddq_goal")),
            ("duration", np.float64),
            ("flags", np.uint32),
        ],
        align=True,
    )


@kernel
def shortest(q_start, q_goal, dq_max, ddq_max, dddq_max):  # type: ignore[no-untyped-def]
    """Give the shortest duration, s, that keeps a rest-to-rest move within limits, (n,) each.

    Its peaks over a distance D are 15/8 D/T, 10/sqrt(3) D/T^2 and 60 D/T^3. NaN where a distance
    is not finite or a limit not positive and finite.
    """
    duration = 0.0
    for i in range(len(q_start)):
        v, a, j = dq_max[i], ddq_max[i], dddq_max[i]
        distance = q_goal[i] - q_start[i]
        distance = -distance if distance < 0.0 else distance
        if not (distance < 1e100):
            return NAN
        if not (1e-100 < v < 1e100) or not (1e-100 < a < 1e100) or not (1e-100 < j < 1e100):
            return NAN
        duration = max(duration, 1.875 * distance / v)
        duration = max(duration, sqrt(PEAK_DDQ * distance / a))
        duration = max(duration, cbrt(60.0 * distance / j))
    return duration


@kernel
def hold(q, record):  # type: ignore[no-untyped-def]
    """Make a plan that stays at q, or at zero where q is no finite number."""
    for i in range(len(record.q_goal)):
        for k in range(6):
            record.coefficients[i, k] = 0.0
        record.q_goal[i] = q[i] if -1e100 < q[i] < 1e100 else 0.0
        record.coefficients[i, 0] = record.q_goal[i]
        record.dq_goal[i] = 0.0
        record.ddq_goal[i] = 0.0
    record.duration = 0.0
    record.flags = np.uint32(0)


@kernel
def plan(q_start, dq_start, ddq_start, q_goal, dq_goal, ddq_goal, duration, record):  # type: ignore[no-untyped-def]
    """Fill a plan record for a move of `duration` s between two states, (n,) each.

    The duration has to lie between 1e-100 and 1e100 (or be 0 for a move that ends at once) and
    the rest within 1e100; anything else gives a plan that holds the start, with FLAG_INPUT.
    """
    hold(q_start, record)
    good = duration == 0.0 or 1e-100 < duration < 1e100
    for i in range(len(record.q_goal)):
        v0, v1 = dq_start[i] * duration, dq_goal[i] * duration
        a0, a1 = 0.5 * ddq_start[i] * duration * duration, 0.5 * ddq_goal[i] * duration * duration
        way = q_goal[i] - q_start[i]
        if not (-1e100 < q_start[i] < 1e100) or not (-1e100 < q_goal[i] < 1e100):
            good = False
        if not (-1e100 < v0 < 1e100) or not (-1e100 < v1 < 1e100):
            good = False
        if not (-1e100 < a0 < 1e100) or not (-1e100 < a1 < 1e100):
            good = False
        record.coefficients[i, 1] = v0
        record.coefficients[i, 2] = a0
        record.coefficients[i, 3] = 10.0 * way - (6.0 * v0 + 4.0 * v1) - (3.0 * a0 - a1)
        record.coefficients[i, 4] = (8.0 * v0 + 7.0 * v1) - 15.0 * way + (3.0 * a0 - 2.0 * a1)
        record.coefficients[i, 5] = 6.0 * way - 3.0 * (v0 + v1) - (a0 - a1)
        record.q_goal[i], record.dq_goal[i], record.ddq_goal[i] = q_goal[i], dq_goal[i], ddq_goal[i]
    if not good:
        hold(q_start, record)
        record.flags = np.uint32(1)
        return
    record.duration = duration


@unlocked
def plans(q_start, dq_start, ddq_start, q_goal, dq_goal, ddq_goal, duration, records):  # type: ignore[no-untyped-def]
    """Fill m plan records for moves between states, (m, n) each, of `duration` (m,) s."""
    for k in range(len(records)):
        plan(
            q_start[k],
            dq_start[k],
            ddq_start[k],
            q_goal[k],
            dq_goal[k],
            ddq_goal[k],
            duration[k],
            records[k],
        )


@kernel
def sample(record, t, q, dq, ddq):  # type: ignore[no-untyped-def]
    """Write position, speed and acceleration, (n,) each, at t seconds after the start.

    Before the start (or for a NaN) that is the state at the start, after the end that at the end.
    """
    whole = record.duration
    for i in range(len(record.q_goal)):
        if t >= whole:
            q[i], dq[i], ddq[i] = record.q_goal[i], record.dq_goal[i], record.ddq_goal[i]
            continue
        c = record.coefficients[i]
        u = t / whole if t > 0.0 else 0.0
        q[i] = c[0] + u * (c[1] + u * (c[2] + u * (c[3] + u * (c[4] + u * c[5]))))
        slope = c[1] + u * (2.0 * c[2] + u * (3.0 * c[3] + u * (4.0 * c[4] + u * (5.0 * c[5]))))
        bend = 2.0 * c[2] + u * (6.0 * c[3] + u * (12.0 * c[4] + u * (20.0 * c[5])))
        # A held plan lasts no time at all.
        dq[i] = slope / whole if whole > 0.0 else 0.0
        ddq[i] = bend / whole / whole if whole > 0.0 else 0.0


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


def between(start: Motion, goal: Motion, duration: float) -> Trajectory:
    """Plan the move of `duration` s between two states, (n,) each, on the host.

    Raises RobotError for shapes that do not fit, numbers that are not finite and a duration that
    is not positive.
    """
    n = len(checks.vector("start.q", start.q))
    states = [
        np.array(
            [checks.vector(f"{name}.{part}", getattr(state, part), n) for part in state._fields]
        )
        for name, state in (("start", start), ("goal", goal))
    ]
    record = np.zeros(1, plan_dtype(n))
    whole = np.array([checks.duration(duration)])
    plans(*(part[None] for state in states for part in state), whole, record)
    if record["flags"][0]:
        raise RobotError(
            f"duration {duration:g} is too long for these states: beyond 1e100 on the way"
        )
    return Planned(record, n, samples)


def many(start: Motion, goal: Motion, duration: ArrayLike, threads: int = 1) -> Moves:
    """Plan m moves of `duration` s, (m,) or one for all, between states, (m, n) each.

    Each move is the one that `between` plans, to the bit, on whatever number of `threads`; of
    float32 states see `Moves`. Raises RobotError as `between` does, and for no moves at all.
    """
    shape = checks.rows("start.q", start.q).shape
    states = [
        checks.rows(f"{name}.{part}", getattr(state, part), shape)
        for name, state in (("start", start), ("goal", goal))
        for part in state._fields
    ]
    times = np.asarray(duration, np.float64)
    if times.shape not in ((), shape[:1]):
        raise RobotError(f"duration has shape {times.shape}; it must be ({shape[0]},) or a number")
    times = np.broadcast_to(times, shape[:1]).copy()
    for value in times[~((times > 1.0 / checks.LARGEST) & (times < checks.LARGEST))]:
        checks.duration(value)
    records = np.zeros(shape[0], plan_dtype(shape[1]))
    share(plans, (*states, times), (), (records,), threads)
    if records["flags"].any():
        row = int(records["flags"].argmax())
        raise RobotError(
            f"duration[{row}] {times[row]:g} is too long for these states: beyond 1e100 on the way"
        )
    return Moves(records, shape[1], grid, precision(start.q, goal.q))
