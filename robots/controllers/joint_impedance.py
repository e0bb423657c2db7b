"""Joint impedance: a spring and damper at every joint, with gravity carried.

    tau = kp (q_ref - q) + kd (dq_ref - dq) + g(q)

A measurement that is no finite number gives zero torque at every joint, and a flag.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.kernel import kernel
from robots.kinematics import chain_dtype, gravity


@lru_cache
def controller(n: int) -> Controller:
    """Give joint impedance control for n joints."""
    vector = (np.float64, (n,))
    return Controller(
        name="joint_impedance",
        params=np.dtype([("kp", *vector), ("kd", *vector), ("chain", chain_dtype(n))], align=True),
        state=np.dtype(
            [
                ("gravity", *vector),
                ("scratch", np.float64, (n, 9)),
                ("position", np.float64, (3,)),
                ("rotation", np.float64, (3, 3)),
            ],
            align=True,
        ),
        input=np.dtype(
            [("q", *vector), ("dq", *vector), ("q_ref", *vector), ("dq_ref", *vector)], align=True
        ),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot; the gains do not depend on `rate_hz`."""
    record = np.zeros(1, controller(len(robot.home)).params)
    record["kp"], record["kd"] = robot.kp, robot.kd
    record["chain"] = robot.record
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick of joint impedance control; see the module."""
    good = True
    for i in range(len(params.kp)):
        if not (-1e100 < input.q[i] < 1e100) or not (-1e100 < input.dq[i] < 1e100):
            good = False
        if not (-1e100 < input.q_ref[i] < 1e100) or not (-1e100 < input.dq_ref[i] < 1e100):
            good = False
    if good:
        gravity(params.chain, input.q, state.position, state.rotation, state.scratch, state.gravity)
    for i in range(len(params.kp)):
        if good:
            spring = params.kp[i] * (input.q_ref[i] - input.q[i])
            damper = params.kd[i] * (input.dq_ref[i] - input.dq[i])
            output.tau[i] = spring + damper + state.gravity[i]
        else:
            output.tau[i] = 0.0
    output.flags = np.uint32(0) if good else np.uint32(8)
