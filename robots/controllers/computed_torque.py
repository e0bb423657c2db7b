"""Computed torque: the motion asked for, through the arm's own dynamics.

    tau = M(q) (ddq_ref + kd (dq_ref - dq) + kp (q_ref - q)) + C(q, dq) dq + g(q)

Every joint answers an error as a mass of one on a spring kp (1/s^2) and a damper kd (1/s), in
any posture (Luh, Walker and Paul 1980). A number that is none, measured or asked for, gives zero
torque at every joint, and the flag of `limiter`.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_SENSOR, check_rate
from robots.dynamics import WORK, body_dtype, body_record, rnea
from robots.kernel import kernel
from robots.pose import usable

BANDWIDTH = 25.0
"""rad/s. Fast enough to follow within a milliradian, slow enough for the motors' torques."""


@lru_cache
def controller(n: int) -> Controller:
    """Give computed torque control for n joints."""
    vector = (np.float64, (n,))
    return Controller(
        name="computed_torque",
        params=np.dtype([("kp", *vector), ("kd", *vector), ("body", body_dtype(n))], align=True),
        state=np.dtype(
            [
                ("ddq", *vector),
                ("work", np.float64, (n, WORK)),
                ("position", np.float64, (3,)),
                ("rotation", np.float64, (3, 3)),
            ],
            align=True,
        ),
        input=np.dtype(
            [
                ("q", *vector),
                ("dq", *vector),
                ("q_ref", *vector),
                ("dq_ref", *vector),
                ("ddq_ref", *vector),
            ],
            align=True,
        ),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`: critical damping.

    The bandwidth is BANDWIDTH, or a tenth of the rate (per second) where that is less. Raises
    RobotError for a rate that is not positive and finite.
    """
    pace = min(BANDWIDTH, 0.1 / check_rate(rate_hz))
    record = np.zeros(1, controller(len(robot.home)).params)
    record["kp"], record["kd"] = pace * pace, 2.0 * pace
    record["body"] = body_record(robot.chain)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    good = usable(input.q) and usable(input.dq)
    good = good and usable(input.q_ref) and usable(input.dq_ref) and usable(input.ddq_ref)
    if not good:
        for i in range(len(params.kp)):
            output.tau[i] = 0.0
        output.flags = np.uint32(FLAG_SENSOR)
        return
    for i in range(len(params.kp)):
        spring = params.kp[i] * (input.q_ref[i] - input.q[i])
        damper = params.kd[i] * (input.dq_ref[i] - input.dq[i])
        state.ddq[i] = input.ddq_ref[i] + damper + spring
    body, q, dq = params.body, input.q, input.dq
    rnea(body, q, dq, state.ddq, state.position, state.rotation, state.work, output.tau)
    output.flags = np.uint32(0)
