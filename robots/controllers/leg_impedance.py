"""Joint control for legs: limiter, a spring and damper at every joint, torque limits.

    tau = kp (q_ref - q) + kd (dq_ref - dq)

The arm's `limited_impedance` carries the weight of a chain that stands on its base; what a
leg carries depends on which feet are down, so nothing is fed forward here: a standing A1 sags
by 0.05 rad. A measurement that is no finite number gives zero torque, and a flag.
"""

from functools import lru_cache

import numpy as np

from robots.controllers import limiter
from robots.controllers.contract import Controller
from robots.errors import RobotError
from robots.kernel import kernel
from robots.legged import Quadruped

ROBOT = "a1"
"""The robot that it is set for when none is named."""


@lru_cache
def controller(n: int = 12) -> Controller:
    """Give joint control for n joints; flags are those of `limiter`."""
    vector = (np.float64, (n,))
    inner = limiter.controller(n)
    return Controller(
        name="leg_impedance",
        params=np.dtype(
            [("limiter", inner.params), ("kp", *vector), ("kd", *vector), ("tau_max", *vector)],
            align=True,
        ),
        state=np.dtype(
            [
                ("limiter", inner.state),
                ("limiter_in", inner.input),
                ("limiter_out", inner.output),
            ],
            align=True,
        ),
        input=np.dtype([("q", *vector), ("dq", *vector), ("q_goal", *vector)], align=True),
        output=np.dtype(
            [("tau", *vector), ("q_ref", *vector), ("dq_ref", *vector), ("flags", np.uint32)],
            align=True,
        ),
        step=step,
    )


def params(robot: Quadruped, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a quadruped controlled at `rate_hz`.

    Raises RobotError for a robot without four legs.
    """
    if not isinstance(robot, Quadruped):
        raise RobotError(f"leg_impedance drives quadrupeds, such as a1; {robot.name!r} is none")
    record = np.zeros(1, controller(len(robot.home)).params)
    record["limiter"] = limiter.params(robot, rate_hz)
    record["kp"], record["kd"], record["tau_max"] = robot.kp, robot.kd, robot.tau_max
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.tau_max)
    good = True
    for i in range(n):
        state.limiter_in.q[i] = input.q[i]
        state.limiter_in.q_goal[i] = input.q_goal[i]
        if not (-1e100 < input.q[i] < 1e100) or not (-1e100 < input.dq[i] < 1e100):
            good = False
    limiter.step(params.limiter, state.limiter, state.limiter_in, state.limiter_out)
    reference = state.limiter_out
    flags = reference.flags if good else reference.flags | np.uint32(8)
    for i in range(n):
        tau = 0.0
        if good:
            spring = params.kp[i] * (reference.q_ref[i] - input.q[i])
            wanted = spring + params.kd[i] * (reference.dq_ref[i] - input.dq[i])
            tau = min(max(wanted, -params.tau_max[i]), params.tau_max[i])
            if tau != wanted:
                flags |= np.uint32(16)
        output.tau[i] = tau
        output.q_ref[i] = reference.q_ref[i]
        output.dq_ref[i] = reference.dq_ref[i]
    output.flags = flags
