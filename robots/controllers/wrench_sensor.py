"""A wrench sensor at the tool: from what it reads to what the surroundings do to the tool.

    wrench = R(q) (reading - bias) - weight

The reading (6,), force and moment, is in the tool's frame, at its origin. `wrench` is in the base
frame, with the sensor's `bias` and the weight of what hangs on it taken off: `mass` with its centre
`com` in the tool's frame. What its inertia adds when the tool is accelerated stays in. It goes in
front of `admittance` or `force_control`:

    series("name", wrench_sensor, admittance, diff_ik, limiter, joint_impedance, torque_limiter)

A reading or a joint that is no finite number gives `broken`, a wrench beyond any sensor, which
those take for none; and the flag of `limiter`.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_SENSOR
from robots.kernel import kernel
from robots.kinematics import GRAVITY, chain_dtype, forward
from robots.pose import usable

BROKEN = 1e300
"""N. A finite number, because no output is ever anything else, and too large to be used."""


@lru_cache
def controller(n: int) -> Controller:
    """Give the sensor's arithmetic for an arm of n joints."""
    six, three = (np.float64, (6,)), (np.float64, (3,))
    return Controller(
        name="wrench_sensor",
        params=np.dtype(
            [("bias", *six), ("mass", np.float64), ("com", *three), ("chain", chain_dtype(n))],
            align=True,
        ),
        state=np.dtype([("position", *three), ("rotation", np.float64, (3, 3))], align=True),
        input=np.dtype([("q", np.float64, (n,)), ("reading", *six)], align=True),
        output=np.dtype([("wrench", *six), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot: no bias, and nothing that hangs on the sensor.

    They do not depend on `rate_hz`.
    """
    record = np.zeros(1, controller(len(robot.home)).params)
    record["chain"] = robot.record
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    if not (usable(input.q) and usable(input.reading)):
        for k in range(6):
            output.wrench[k] = BROKEN
        output.flags = np.uint32(FLAG_SENSOR)
        return
    forward(params.chain, input.q, state.position, state.rotation)
    r, c = state.rotation, params.com
    for start in range(0, 6, 3):
        x = input.reading[start] - params.bias[start]
        y = input.reading[start + 1] - params.bias[start + 1]
        z = input.reading[start + 2] - params.bias[start + 2]
        for k in range(3):
            output.wrench[start + k] = r[k, 0] * x + r[k, 1] * y + r[k, 2] * z
    weight = params.mass * GRAVITY
    # The weight is (0, 0, -weight); its moment about the tool's origin is com x that.
    output.wrench[2] += weight
    output.wrench[3] += weight * (r[1, 0] * c[0] + r[1, 1] * c[1] + r[1, 2] * c[2])
    output.wrench[4] -= weight * (r[0, 0] * c[0] + r[0, 1] * c[1] + r[0, 2] * c[2])
    output.flags = np.uint32(0)
