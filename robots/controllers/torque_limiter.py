"""Torque limits: the last stage before the motors, for any law that makes torques.

Each torque is kept within its rate, then within its limit. The first tick takes up the whole
load at once: there is no torque before it. A torque that is no finite number counts as zero.
Flags are those of `limiter`.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_SENSOR, FLAG_TORQUE, check_rate
from robots.kernel import kernel


@lru_cache
def controller(n: int) -> Controller:
    """Give torque limits for n joints."""
    vector = (np.float64, (n,))
    return Controller(
        name="torque_limiter",
        params=np.dtype(
            [("tau_max", *vector), ("dtau_max", *vector), ("dt", np.float64)], align=True
        ),
        state=np.dtype([("tau", *vector), ("started", np.uint32)], align=True),
        input=np.dtype([("tau", *vector)], align=True),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,): the robot's own limits of torque and torque rate.

    Raises RobotError for a rate that is not positive and finite.
    """
    record = np.zeros(1, controller(len(robot.home)).params)
    record["tau_max"], record["dtau_max"] = robot.tau_max, robot.dtau_max
    record["dt"] = check_rate(rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    flags = np.uint32(0)
    for i in range(len(params.tau_max)):
        wanted = input.tau[i]
        if not (-1e300 < wanted < 1e300):
            wanted = 0.0
            flags |= np.uint32(FLAG_SENSOR)
        reach = params.dtau_max[i] * params.dt
        tau = wanted
        if state.started != 0:
            tau = min(max(tau, state.tau[i] - reach), state.tau[i] + reach)
        tau = min(max(tau, -params.tau_max[i]), params.tau_max[i])
        if tau != wanted:
            flags |= np.uint32(FLAG_TORQUE)
        state.tau[i] = tau
        output.tau[i] = tau
    state.started = np.uint32(1)
    output.flags = flags
