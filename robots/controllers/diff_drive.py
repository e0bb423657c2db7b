"""Differential drive: a speed and a yaw rate in, wheel torques out, within every limit.

Both speeds follow their goals within velocity, acceleration and jerk limits: each tick takes the
acceleration towards the goal from which the acceleration can still be taken back to zero when
the goal is reached. The wheels' speeds follow from them,

    left = (v - w track / 2) / radius        right = (v + w track / 2) / radius

both scaled down by the same factor where one is beyond its limit, so that the base stays on its
curve. A PI servo at each wheel gives the torque, tau = kp e + integral of ki e, e = wanted -
measured; the integral stands still while the torque is at its limit.

A goal that is no finite number counts as a stop, with a flag; a measurement that is none gives
no torque at all. Flags are those of `limiter`.
"""

from functools import lru_cache

import numpy as np

from robots.controllers.contract import Controller
from robots.errors import RobotError
from robots.kernel import kernel
from robots.maths import sqrt
from robots.mobile import MobileBase

SPEEDS = ("v", "w")
ROBOT = "husky"
"""The robot that it is set for when none is named."""


@lru_cache
def controller(n: int) -> Controller:
    """Give the control of a base with n wheels, the left half first; see the module."""
    pair, wheels = (np.float64, (2,)), (np.float64, (n,))
    return Controller(
        name="diff_drive",
        params=np.dtype(
            [
                ("speed_max", *pair),
                ("acceleration_max", *pair),
                ("jerk_max", *pair),
                ("dt", np.float64),
                ("radius", np.float64),
                ("track", np.float64),
                ("wheel_max", np.float64),
                ("tau_max", np.float64),
                ("kp", np.float64),
                ("ki", np.float64),
                ("wheels", np.int32),
            ],
            align=True,
        ),
        state=np.dtype(
            [("speed", *pair), ("acceleration", *pair), ("integral", *wheels)], align=True
        ),
        input=np.dtype([("goal", *pair), ("wheel", *wheels)], align=True),
        output=np.dtype(
            [("tau", *wheels), ("wheel_ref", *wheels), ("speed_ref", *pair), ("flags", np.uint32)],
            align=True,
        ),
        step=step,
    )


def params(base: MobileBase, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a base controlled at `rate_hz`.

    Raises RobotError for a rate that is not positive and finite.
    """
    if not 0.0 < rate_hz < np.inf:
        raise RobotError(f"rate_hz is {rate_hz}; it must be positive and finite, e.g. 500")
    record = np.zeros(1, controller(len(base.joint_names)).params)
    record["speed_max"] = base.v_max, base.w_max
    record["acceleration_max"] = base.dv_max, base.dw_max
    record["jerk_max"] = base.ddv_max, base.ddw_max
    for name in ("radius", "track", "wheel_max", "tau_max", "kp", "ki"):
        record[name] = getattr(base, name)
    record["dt"] = 1.0 / rate_hz
    record["wheels"] = len(base.joint_names)
    return record


@kernel
def next_acceleration(goal, v, a, a_max, j, dt):  # type: ignore[no-untyped-def]
    """Give the next acceleration on the way from speed v to a goal, within its limits.

    From +most the speed still gains most^2 / 2j while the acceleration goes back to zero; `slack`
    makes up for the ticks in which it does.
    """
    slack = j * dt
    gap = goal - v
    size = -gap if gap < 0.0 else gap
    most = min(sqrt(slack * slack + 2.0 * j * size) - slack, a_max)
    # The last bit of the way takes one tick.
    most = min(most, size / dt)
    wish = -most if gap < 0.0 else most
    return min(max(wish, a - slack), a + slack)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    flags = np.uint32(0)
    dt = params.dt
    for i in range(2):
        goal = input.goal[i]
        if not (-1e300 < goal < 1e300):
            flags |= np.uint32(1)
            goal = 0.0
        top = params.speed_max[i]
        goal = min(max(goal, -top), top)
        v, a = state.speed[i], state.acceleration[i]
        a = next_acceleration(goal, v, a, params.acceleration_max[i], params.jerk_max[i], dt)
        v = v + a * dt
        if v > top or v < -top:
            v = min(max(v, -top), top)
            a = 0.0
        if v >= 0.999 * top or v <= -0.999 * top:
            flags |= np.uint32(4)
        state.speed[i], state.acceleration[i] = v, a
        output.speed_ref[i] = v
    middle = state.speed[0] / params.radius
    side = 0.5 * state.speed[1] * params.track / params.radius
    fastest = (-middle if middle < 0.0 else middle) + (-side if side < 0.0 else side)
    scale = params.wheel_max / fastest if fastest > params.wheel_max else 1.0
    good = True
    for i in range(params.wheels):
        if not (-1e100 < input.wheel[i] < 1e100):
            good = False
    for i in range(params.wheels):
        left = 2 * i < params.wheels
        wanted = scale * (middle - side if left else middle + side)
        output.wheel_ref[i] = wanted
        if not good:
            state.integral[i] = 0.0
            output.tau[i] = 0.0
            continue
        error = wanted - input.wheel[i]
        integral = state.integral[i] + params.ki * dt * error
        tau = params.kp * error + integral
        if tau > params.tau_max or tau < -params.tau_max:
            flags |= np.uint32(16)
            tau = min(max(tau, -params.tau_max), params.tau_max)
        else:
            state.integral[i] = integral
        output.tau[i] = tau
    output.flags = flags if good else flags | np.uint32(8)
