"""The fastest stop within acceleration and jerk limits, each joint for itself, from any motion.

A joint that moves at (v, a) ends up at speed v + a|a|/2j when its acceleration is taken back at
once; that speed's sign says which way to push. With v and a counted along it, the joint goes to
a deceleration A, keeps it for t_2 and lets go:

    A = sqrt(j v + a^2/2),  t_2 = 0                            where that is within the limit
    A = a_max,              t_2 = (v + (a^2/2 - A^2)/j) / A    elsewhere
    t_1 = (a + A)/j,        t_3 = A/j

No stop is shorter or ends sooner, so that a stop out of a move from rest to rest never leaves
the way of that move.
"""

from functools import lru_cache

import numpy as np

from robots.kernel import kernel
from robots.maths import sqrt

FLAG_INPUT = 1
"""A state or a limit could not be used; the plan stands where the joints are."""


@lru_cache
def plan_dtype(n: int) -> np.dtype:
    """Give the record of a stop of n joints.

    `duration` s, of the slowest; per joint the state at the start, `q_end`, the ends `t_push`,
    `t_keep`, `t_end` of the three parts, and the first part's `jerk` with its sign.
    """
    names = ("q_start", "dq_start", "ddq_start", "q_keep", "dq_keep", "ddq_keep")
    ends = ("q_end", "t_push", "t_keep", "t_end", "jerk")
    return np.dtype(
        [
            *((name, np.float64, (n,)) for name in (*names, *ends)),
            ("duration", np.float64),
            ("flags", np.uint32),
        ],
        align=True,
    )


@kernel
def _stand(q, record):  # type: ignore[no-untyped-def]
    """Make a plan that stays at q, or at zero where q is no finite number."""
    for i in range(len(record.q_end)):
        record.q_end[i] = q[i] if -1e100 < q[i] < 1e100 else 0.0
        record.q_start[i] = record.q_end[i]
        record.q_keep[i] = record.q_end[i]
        record.dq_start[i] = 0.0
        record.ddq_start[i] = 0.0
        record.dq_keep[i] = 0.0
        record.ddq_keep[i] = 0.0
        record.t_push[i] = 0.0
        record.t_keep[i] = 0.0
        record.t_end[i] = 0.0
        record.jerk[i] = 0.0
    record.duration = 0.0
    record.flags = np.uint32(0)


@kernel
def plan(q, dq, ddq, ddq_max, dddq_max, record):  # type: ignore[no-untyped-def]
    """Fill a plan record for a stop from a moving state, (n,) each.

    Limits have to lie between 1e-30 and 1e30 and states within 1e30; anything else gives a plan
    that stands at q, with FLAG_INPUT. A deceleration already over its limit is not increased.
    """
    _stand(q, record)
    for i in range(len(record.q_end)):
        good = -1e30 < q[i] < 1e30 and -1e30 < dq[i] < 1e30 and -1e30 < ddq[i] < 1e30
        good = good and 1e-30 < ddq_max[i] < 1e30 and 1e-30 < dddq_max[i] < 1e30
        if not good:
            _stand(q, record)
            record.flags = np.uint32(1)
            return
        j = dddq_max[i]
        left = dq[i] + 0.5 * ddq[i] * (ddq[i] if ddq[i] > 0.0 else -ddq[i]) / j
        sign = -1.0 if left < 0.0 else 1.0
        v, a = sign * dq[i], sign * ddq[i]
        most = max(ddq_max[i], -a)
        peak = sqrt(max(j * v + 0.5 * a * a, 0.0))
        keep = 0.0
        if peak > most:
            peak = most
            keep = max((v + (0.5 * a * a - peak * peak) / j) / peak, 0.0)
        push = max((a + peak) / j, 0.0)
        ease = peak / j
        record.q_start[i], record.dq_start[i], record.ddq_start[i] = q[i], dq[i], ddq[i]
        record.jerk[i] = -sign * j
        record.t_push[i] = push
        record.t_keep[i] = push + keep
        record.t_end[i] = push + keep + ease
        # Speed counted back from the end, where it is exactly zero.
        record.ddq_keep[i] = -sign * peak
        record.dq_keep[i] = sign * peak * (0.5 * ease + keep)
        way = push * (v + push * (0.5 * a - j * push / 6.0))
        record.q_keep[i] = q[i] + sign * way
        way = way + keep * peak * (0.5 * ease + 0.5 * keep) + peak * ease * ease / 6.0
        record.q_end[i] = q[i] + sign * way
        record.duration = max(record.duration, record.t_end[i])


@kernel
def sample(record, t, q, dq, ddq):  # type: ignore[no-untyped-def]
    """Write position, speed and acceleration, (n,) each, at t seconds after the start.

    Before the start (or for a NaN) that is the state at the start; a joint that has stopped stays.
    """
    for i in range(len(record.q_end)):
        past = t if t > 0.0 else 0.0
        if past >= record.t_end[i]:
            q[i], dq[i], ddq[i] = record.q_end[i], 0.0, 0.0
        elif past < record.t_push[i]:
            v, a, j = record.dq_start[i], record.ddq_start[i], record.jerk[i]
            q[i] = record.q_start[i] + past * (v + past * (0.5 * a + j * past / 6.0))
            dq[i] = v + past * (a + 0.5 * j * past)
            ddq[i] = a + j * past
        elif past < record.t_keep[i]:
            past = past - record.t_push[i]
            v, a = record.dq_keep[i], record.ddq_keep[i]
            q[i] = record.q_keep[i] + past * (v + 0.5 * a * past)
            dq[i] = v + a * past
            ddq[i] = a
        else:
            left = record.t_end[i] - past
            j = record.jerk[i]
            q[i] = record.q_end[i] + j * left * left * left / 6.0
            dq[i] = -0.5 * j * left * left
            ddq[i] = j * left


@kernel
def samples(records, t, q, dq, ddq):  # type: ignore[no-untyped-def]
    """Sample a plan, shape (1,), at m times: t (m,); q, dq, ddq (m, n)."""
    for k in range(len(t)):
        sample(records[0], t[k], q[k], dq[k], ddq[k])
