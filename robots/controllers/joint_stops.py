"""Soft joint stops: a law for the tool that asks for torques cannot drive a joint past its limits.

Within `margin` of a limit a spring and a damper push back, on top of a torque that is first cut to
`tau_max`. At the limit itself the spring alone makes twice that, so that no law gets there. Above
its top speed a joint is braked by `brake` (N m s/rad), which takes all of the torque at an eighth
more. A measurement or a torque that is no finite number gives zero torque. Flags are those of
`limiter`: position and speed where a stop or a brake is at work.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_POSITION, FLAG_SENSOR, FLAG_SPEED
from robots.kernel import kernel
from robots.pose import usable

MARGIN = 0.1
"""rad: some tenths of a second at the speed at which a joint comes to its limit."""


@lru_cache
def controller(n: int) -> Controller:
    """Give soft stops for n joints."""
    vector = (np.float64, (n,))
    names = ("q_min", "q_max", "margin", "kp", "kd", "tau_max", "dq_max", "brake")
    return Controller(
        name="joint_stops",
        params=np.dtype([(name, *vector) for name in names], align=True),
        state=np.dtype([("unused", np.uint32)], align=True),
        input=np.dtype([("q", *vector), ("dq", *vector), ("tau", *vector)], align=True),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot; they do not depend on `rate_hz`."""
    record = np.zeros(1, controller(len(robot.home)).params)
    record["q_min"], record["q_max"] = robot.q_min, robot.q_max
    record["margin"] = np.minimum(MARGIN, 0.1 * (robot.q_max - robot.q_min))
    record["tau_max"] = robot.tau_max
    record["kp"], record["kd"] = 2.0 * robot.tau_max / record["margin"], robot.kd
    record["dq_max"] = robot.dq_max
    record["brake"] = 8.0 * robot.tau_max / robot.dq_max
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.q_min)
    flags = np.uint32(0)
    good = usable(input.q) and usable(input.dq) and usable(input.tau)
    for i in range(n):
        if not good:
            output.tau[i] = 0.0
            continue
        q, dq = input.q[i], input.dq[i]
        tau = min(max(input.tau[i], -params.tau_max[i]), params.tau_max[i])
        above = q - (params.q_max[i] - params.margin[i])
        below = (params.q_min[i] + params.margin[i]) - q
        if above > 0.0:
            tau -= params.kp[i] * above + params.kd[i] * max(dq, 0.0)
            flags |= np.uint32(FLAG_POSITION)
        if below > 0.0:
            tau += params.kp[i] * below - params.kd[i] * min(dq, 0.0)
            flags |= np.uint32(FLAG_POSITION)
        fast = max(dq - params.dq_max[i], 0.0) + min(dq + params.dq_max[i], 0.0)
        if fast != 0.0:
            tau -= params.brake[i] * fast
            flags |= np.uint32(FLAG_SPEED)
        output.tau[i] = tau
    output.flags = flags if good else np.uint32(FLAG_SENSOR)
