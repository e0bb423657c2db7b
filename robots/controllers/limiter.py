"""Safety limiter: follow a joint goal within position, velocity, acceleration and jerk limits.

Each tick picks every joint's next acceleration. The wish is a velocity servo towards the goal
with the goal's own speed fed forward; the choice is the nearest acceleration from which the
arm can still stop inside every limit, so that no input whatever can take it outside:

    jerk          |a' - a| <= j dt
    acceleration  |a'| <= a_max
    velocity      v + a' dt + a'^2 / 2j <= v_max             (there is room to take a' back to 0)
    position      q + stopping distance(v', a') <= q_max     (braking at j, then at a_max)

and the mirrored four. A goal that is NaN or infinite counts as no goal: the joint brakes to a
stand, holds, and the flag says so. Flags last one tick.

The reference starts at the measured position. Until every joint has been measured once there is
nowhere to start from: the reference reads zero, the flag says so, and no limit is used up.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.errors import RobotError
from robots.kernel import kernel
from robots.legged import Quadruped
from robots.maths import sqrt

FLAG_NAN = 1
"""The goal of a joint was not a finite number; that joint brakes and holds."""
FLAG_POSITION = 2
"""The goal of a joint lay outside its position limits and was moved to the limit."""
FLAG_SPEED = 4
"""A joint ran at its velocity limit."""
FLAG_SENSOR = 8
"""A measured position or velocity was not a finite number."""
FLAG_TORQUE = 16
"""A torque was cut to its limit or slowed to its rate limit."""

FLAG_NAMES = {
    FLAG_NAN: "goal not a number",
    FLAG_POSITION: "goal beyond position limit",
    FLAG_SPEED: "at velocity limit",
    FLAG_SENSOR: "sensor not a number",
    FLAG_TORQUE: "torque limited",
}

BANDWIDTH = 60.0


@lru_cache
def controller(n: int) -> Controller:
    """Give the limiter for n joints."""

    def of(*names: str) -> list[tuple[str, type, tuple[int, ...]]]:
        return [(name, np.float64, (n,)) for name in names]

    params = of("q_min", "q_max", "dq_max", "ddq_max", "dddq_max")
    return Controller(
        name="limiter",
        params=np.dtype([*params, ("dt", np.float64)], align=True),
        state=np.dtype(
            [*of("q_ref", "dq_ref", "ddq_ref", "q_goal"), ("started", np.uint32)], align=True
        ),
        input=np.dtype(of("q", "q_goal"), align=True),
        output=np.dtype([*of("q_ref", "dq_ref", "ddq_ref"), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot | Quadruped, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`.

    Raises RobotError for a rate that is not positive and finite.
    """
    if not 0.0 < rate_hz < np.inf:
        raise RobotError(f"rate_hz is {rate_hz}; it must be positive and finite, e.g. 500")
    record = np.zeros(1, controller(len(robot.home)).params)
    for name in ("q_min", "q_max", "dq_max", "ddq_max", "dddq_max"):
        record[name] = getattr(robot, name)
    record["dt"] = 1.0 / rate_hz
    return record


@kernel
def stopping_distance(v: float, a: float, a_max: float, j: float) -> float:
    """How far a joint still goes, at speed v >= 0 and acceleration a, when it brakes."""
    to_full = (a + a_max) / j
    v_full = v + to_full * (a - 0.5 * j * to_full)
    if v_full > 0.0:
        distance = to_full * (v + to_full * (0.5 * a - j * to_full / 6.0))
        return distance + v_full * v_full / (2.0 * a_max)
    t = (a + sqrt(a * a + 2.0 * j * v)) / j
    return t * (v + t * (0.5 * a - j * t / 6.0))


@kernel
def fits(room: float, v: float, a: float, a_max: float, j: float, dt: float) -> bool:
    """Whether a joint that moves at (v, a) can stop within `room`, with two ticks to spare."""
    speed = v if a <= 0.0 else v + a * a / (2.0 * j)
    if speed <= 0.0:
        return room >= 0.0
    start = v if v > 0.0 else 0.0
    return stopping_distance(start, a, a_max, j) + 2.0 * dt * speed <= room


@kernel
def next_acceleration(wish, q, v, a, low, high, v_max, a_max, j, dt):  # type: ignore[no-untyped-def]
    """Give the acceleration nearest to `wish` from which all limits can still be kept."""
    least = max(a - j * dt, -a_max)
    most = min(a + j * dt, a_max)
    slack = j * dt
    up = v_max - v
    down = v_max + v
    most_v = sqrt(slack * slack + 2.0 * j * up) - slack if up > 0.0 else -a_max
    least_v = slack - sqrt(slack * slack + 2.0 * j * down) if down > 0.0 else a_max
    choice = min(max(wish, least_v), most_v)
    choice = min(max(choice, least), most)
    v_next = v + choice * dt
    q_next = q + v_next * dt
    if not fits(high - q_next, v_next, choice, a_max, j, dt):
        choice = least
    elif not fits(q_next - low, -v_next, -choice, a_max, j, dt):
        choice = most
    return choice


@kernel
def start(params, state, input):  # type: ignore[no-untyped-def]
    """Put the reference at the measured position, if every joint has one."""
    for i in range(len(params.q_min)):
        if not (-1e100 < input.q[i] < 1e100):
            return
    for i in range(len(params.q_min)):
        state.q_ref[i] = min(max(input.q[i], params.q_min[i]), params.q_max[i])
        state.q_goal[i] = state.q_ref[i]
    state.started = np.uint32(1)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick of the limiter; see the module."""
    if state.started == 0:
        start(params, state, input)
    if state.started == 0:
        for i in range(len(params.q_min)):
            output.q_ref[i] = 0.0
            output.dq_ref[i] = 0.0
            output.ddq_ref[i] = 0.0
        output.flags = np.uint32(8)
        return
    flags = np.uint32(0)
    dt = params.dt
    for i in range(len(params.q_min)):
        if not (-1e300 < input.q[i] < 1e300):
            flags |= np.uint32(8)
        q, v, a = state.q_ref[i], state.dq_ref[i], state.ddq_ref[i]
        goal = input.q_goal[i]
        v_max, a_max, j = params.dq_max[i], params.ddq_max[i], params.dddq_max[i]
        if not (-1e300 < goal < 1e300):
            flags |= np.uint32(1)
            wish = -BANDWIDTH * v
            state.q_goal[i] = q
        else:
            if goal < params.q_min[i] or goal > params.q_max[i]:
                flags |= np.uint32(2)
            goal = min(max(goal, params.q_min[i]), params.q_max[i])
            pace = min(max((goal - state.q_goal[i]) / dt, -v_max), v_max)
            state.q_goal[i] = goal
            error = goal - q
            size = -error if error < 0.0 else error
            pull = min(0.5 * BANDWIDTH * size, sqrt(a_max * size))
            aim = pace + (-pull if error < 0.0 else pull)
            aim = min(max(aim, -v_max), v_max)
            wish = 2.0 * BANDWIDTH * (aim - v)
        a = next_acceleration(wish, q, v, a, params.q_min[i], params.q_max[i], v_max, a_max, j, dt)
        v = v + a * dt
        q = q + v * dt
        if v >= 0.999 * v_max or v <= -0.999 * v_max:
            flags |= np.uint32(4)
        state.q_ref[i] = q
        state.dq_ref[i] = v
        state.ddq_ref[i] = a
        output.q_ref[i] = q
        output.dq_ref[i] = v
        output.ddq_ref[i] = a
    output.flags = flags
