"""Gripper force: fingers go where they are told, and hold what they meet with a chosen force.

    free     tau = kp (q_ref - q) + kd (dq_ref - dq), at most `force`
    holding  tau = s (force + kp [pushed back]) - kd dq, at most the gripper's own `force_max`

with s the sign of the way the finger was going. A finger holds once it has stood still for
`wait` while its reference is `lead` ahead of it. Held is a force, not a place, so that a soft part
is not crushed and a slipping one is followed; a finger that is pushed back from where it touched
resists besides with its spring. It lets go when the reference comes back behind the finger, and
when the part is gone: the finger has run on by `lost`.

`force` (1,), N or N m a joint, is kept between zero and `force_max`. A force or a reference that
is no finite number counts as the latest that was, with a flag; a measurement that is none gives no
torque at all. Flags: `robots.controllers.flags`.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from robots.controllers.contract import Controller
from robots.controllers.flags import (
    FLAG_CONTACT,
    FLAG_NAN,
    FLAG_SENSOR,
    FLAG_TORQUE,
    check_rate,
)
from robots.gripper import fingers
from robots.kernel import kernel
from robots.pose import usable

BANDWIDTH = 60.0
"""rad/s, of a free finger's spring, for the inertia that the model gives it."""
WAIT_S = 0.03
"""s that a finger has to stand still."""
STILL_SHARE = 0.1
"""Standing still is less than this share of the top speed."""
LEAD_SHARE = 0.03
"""The reference is ahead where it is so by this share of the range: 1.2 mm of 40."""
LOST_SHARE = 0.1
"""The part is gone when the finger runs on by this share of the range."""


def size(robot: Any) -> int:
    """Give the number of the robot's fingers."""
    return len(fingers(robot).joint_names)


@lru_cache
def controller(n: int) -> Controller:
    """Give force control for n fingers."""
    vector = (np.float64, (n,))
    numbers = ("wait", "dt")
    names = ("kp", "kd", "force_max", "still", "lead", "lost")
    return Controller(
        name="gripper_force",
        params=np.dtype(
            [*((name, *vector) for name in names), *((name, np.float64) for name in numbers)],
            align=True,
        ),
        state=np.dtype(
            [
                ("q_ref", *vector),
                ("dq_ref", *vector),
                ("touched", *vector),
                ("side", *vector),
                ("waited", *vector),
                ("force", np.float64),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(
            [
                ("q", *vector),
                ("dq", *vector),
                ("q_ref", *vector),
                ("dq_ref", *vector),
                ("force", np.float64, (1,)),
            ],
            align=True,
        ),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Any, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot's gripper controlled at `rate_hz`.

    Raises RobotError for a rate that is not positive and finite.
    """
    body = fingers(robot)
    dt = check_rate(rate_hz)
    pace = min(BANDWIDTH, 0.1 / dt)
    span = body.q_max - body.q_min
    record = np.zeros(1, controller(len(body.home)).params)
    record["kp"], record["kd"] = body.inertia * pace**2, 2.0 * body.inertia * pace
    record["force_max"] = body.tau_max
    record["still"] = STILL_SHARE * body.dq_max
    record["lead"], record["lost"] = LEAD_SHARE * span, LOST_SHARE * span
    record["wait"], record["dt"] = WAIT_S, dt
    return record


@kernel
def _take_goal(params, state, input):  # type: ignore[no-untyped-def]
    """Take over reference and force, each if it is one; give flags."""
    flags = np.uint32(0)
    n = len(params.kp)
    if usable(input.q_ref) and usable(input.dq_ref):
        for i in range(n):
            state.q_ref[i], state.dq_ref[i] = input.q_ref[i], input.dq_ref[i]
        state.started = np.uint32(1)
    else:
        flags |= np.uint32(FLAG_NAN)
        for i in range(n):
            state.dq_ref[i] = 0.0
            if state.started == 0:
                state.q_ref[i] = input.q[i]
    if usable(input.force):
        state.force = max(input.force[0], 0.0)
    else:
        flags |= np.uint32(FLAG_NAN)
    return flags


@kernel
def _touch(params, state, i, q, dq):  # type: ignore[no-untyped-def]
    """Find out whether finger i touches something, or no longer does."""
    ahead = state.q_ref[i] - q
    side = state.side[i]
    if side != 0.0:
        behind = side * ahead < 0.0
        gone = side * (q - state.touched[i]) > params.lost[i]
        if behind or gone:
            state.side[i] = 0.0
            state.waited[i] = 0.0
        return
    speed = -dq if dq < 0.0 else dq
    far = ahead > params.lead[i] or ahead < -params.lead[i]
    if not far or speed > params.still[i]:
        state.waited[i] = 0.0
        return
    state.waited[i] += params.dt
    if state.waited[i] >= params.wait:
        state.side[i] = 1.0 if ahead > 0.0 else -1.0
        state.touched[i] = q


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.kp)
    if not (usable(input.q) and usable(input.dq)):
        for i in range(n):
            output.tau[i] = 0.0
            state.waited[i] = 0.0
        output.flags = np.uint32(FLAG_SENSOR)
        return
    flags = _take_goal(params, state, input)
    for i in range(n):
        q, dq = input.q[i], input.dq[i]
        _touch(params, state, i, q, dq)
        force = min(state.force, params.force_max[i])
        if force < state.force:
            flags |= np.uint32(FLAG_TORQUE)
        side = state.side[i]
        if side != 0.0:
            flags |= np.uint32(FLAG_CONTACT)
            pushed = max(side * (state.touched[i] - q), 0.0)
            most = params.force_max[i]
            wanted = side * (force + params.kp[i] * pushed) - params.kd[i] * dq
        else:
            most = force
            spring = params.kp[i] * (state.q_ref[i] - q)
            wanted = spring + params.kd[i] * (state.dq_ref[i] - dq)
        output.tau[i] = min(max(wanted, -most), most)
    output.flags = flags
