"""The walking controller: a commanded velocity to the torques of four legs, by a trot.

Diagonal legs step together. All feet are planned in the level frame: the base's origin and
heading, with z along gravity. There a foot that is down moves against the commanded motion,

    p' = -(v + w x p) / (1 + foot's radius / leg's length)      (the round sole rolls on)

and a foot that is up swings, by a minimum-jerk path and a hump, to where it will pass under its
hip in the middle of its next stance, with Raibert's correction for the speed not asked for:

    p = p_stand + (T_stance / 2) (v + w x p_stand) + k (v_measured - v)

Speed is measured by the feet that are down. Turning the plan from the level frame into the base
by roll and pitch keeps the trunk level. The joints follow by a spring and damper, and the feet
that are down carry the weight: tau = kp (q_ref - q) + kd (dq_ref - dq) - J^T f.

A command of zero ends the trot at a moment when all feet are down. A command that is no finite
number counts as zero, and a flag says so. A measurement that is none gives zero torque, and a
robot that lies on its side gets a damper only; after either it starts again from where its feet
are, standing up slowly.
"""

from functools import lru_cache

import numpy as np

from robots.controllers.contract import Controller
from robots.errors import RobotError
from robots.kernel import kernel
from robots.legged import Quadruped
from robots.legs import angles
from robots.trot import UPRIGHT, begin, is_down, keep_time, level, measure, plan

FLAG_NAN = 1
"""The command was not a finite number and counted as zero."""
FLAG_POSITION = 2
"""A joint's goal lay outside its limits and was moved to the limit."""
FLAG_SPEED = 4
"""The command was beyond what the robot walks at and was cut."""
FLAG_SENSOR = 8
"""A measurement was not a finite number; no torque."""
FLAG_TORQUE = 16
"""A torque was cut to its limit."""
FLAG_FALLEN = 32
"""The base is tilted by more than 60 degrees; the legs are only damped."""

FLAG_NAMES = {
    FLAG_NAN: "command not a number",
    FLAG_POSITION: "leg at its limit",
    FLAG_SPEED: "command beyond speed limit",
    FLAG_SENSOR: "sensor not a number",
    FLAG_TORQUE: "torque limited",
    FLAG_FALLEN: "fallen",
}

GRAVITY = 9.81
BLEND = 4.0


ROBOT = "a1"
"""The robot that it is set for when none is named."""


@lru_cache
def controller(n: int = 12) -> Controller:
    """Give the gait controller; n is 12, four legs of three joints.

    Raises RobotError for another n.
    """
    if n != 12:
        raise RobotError(f"gait drives 12 joints, four legs of three; not {n}")
    joints = (np.float64, (12,))
    three = (np.float64, (3,))
    feet = (np.float64, (4, 3))
    numbers = ("mass", "period", "duty", "lift", "raibert", "creep", "smoothing", "dt")
    return Controller(
        name="gait",
        params=np.dtype(
            [
                ("hips", *feet),
                ("stand", *feet),
                ("side", np.float64, (4,)),
                ("links", *three),
                ("kp", *joints),
                ("kd", *joints),
                ("kp_swing", *joints),
                ("kd_swing", *joints),
                ("q_min", *joints),
                ("q_max", *joints),
                ("dq_max", *joints),
                ("tau_max", *joints),
                ("speed_max", *three),
                ("slew_max", *three),
                *((name, np.float64) for name in numbers),
            ],
            align=True,
        ),
        state=np.dtype(
            [
                ("speed", *three),
                ("measured", *three),
                ("feet", *feet),
                ("lifted", *feet),
                ("q_ref", *joints),
                ("level", np.float64, (3, 3)),
                ("position", *feet),
                ("jacobian", np.float64, (4, 3, 3)),
                ("aim", *three),
                ("scratch", *three),
                ("phase", np.float64),
                ("trotting", np.uint32),
                ("idle", np.uint32),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(
            [
                ("q", *joints),
                ("dq", *joints),
                ("orientation", np.float64, (4,)),
                ("gyro", *three),
                ("command", *three),
            ],
            align=True,
        ),
        output=np.dtype(
            [
                ("tau", *joints),
                ("q_ref", *joints),
                ("dq_ref", *joints),
                ("down", np.float64, (4,)),
                ("flags", np.uint32),
            ],
            align=True,
        ),
        step=step,
    )


def params(robot: Quadruped, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a quadruped controlled at `rate_hz`.

    Raises RobotError for a robot without four legs and a rate that is not positive and finite.
    """
    if not isinstance(robot, Quadruped):
        raise RobotError(f"gait drives quadrupeds, such as a1; {robot.name!r} is none")
    if not 0.0 < rate_hz < np.inf:
        raise RobotError(f"rate_hz is {rate_hz}; it must be positive and finite, e.g. 500")
    record = np.zeros(1, controller().params)
    record["stand"] = robot.feet
    same = ("hips", "side", "links", "kp", "kd", "kp_swing", "kd_swing", "q_min", "q_max")
    for name in (*same, "dq_max", "tau_max", "speed_max", "slew_max"):
        record[name] = getattr(robot, name)
    for name in ("mass", "period", "duty", "lift", "raibert"):
        record[name] = getattr(robot, name)
    record["creep"] = 1.0 / (1.0 - robot.foot_radius / robot.feet[:, 2].mean())
    record["dt"] = 1.0 / rate_hz
    record["smoothing"] = min(1.0, 1.0 / rate_hz / 0.03)
    return record


@kernel
def finite(values):  # type: ignore[no-untyped-def]
    """Whether every number of a vector is one, and of a size that can be reckoned with."""
    good = True
    for i in range(len(values)):
        if not (-1e6 < values[i] < 1e6):
            good = False
    return good


@kernel
def follow_command(params, state, command):  # type: ignore[no-untyped-def]
    """Move the speed towards the command at no more than the slew limits; give flags."""
    flags = np.uint32(0)
    good = finite(command)
    if not good:
        flags |= np.uint32(1)
    for i in range(3):
        most = params.speed_max[i]
        wanted = command[i] if good else 0.0
        if wanted > most or wanted < -most:
            flags |= np.uint32(4)
        wanted = min(max(wanted, -most), most)
        reach = params.slew_max[i] * params.dt
        state.speed[i] += min(max(wanted - state.speed[i], -reach), reach)
    return flags


@kernel
def track(params, state, input, output):  # type: ignore[no-untyped-def]
    """Turn the plan into joint references and torques; give flags."""
    flags = np.uint32(0)
    carrying = 0.0
    for leg in range(4):
        output.down[leg] = 1.0 if is_down(params, state, leg)[0] else 0.0
        carrying += output.down[leg]
    weight = params.mass * GRAVITY / max(carrying, 1.0)
    m = state.level
    for leg in range(4):
        down, s = is_down(params, state, leg)
        lift = max(1.0 - s * BLEND, 0.0) if down else min(s * BLEND, 1.0)
        if state.trotting == 0:
            lift = 0.0
        p = state.feet[leg]
        for i in range(3):
            tilted = m[0, i] * p[0] + m[1, i] * p[1] + m[2, i] * p[2]
            state.aim[i] = p[i] + lift * (tilted - p[i]) - params.hips[leg, i]
        links, aim = params.links, state.aim
        side, goal = params.side[leg], state.scratch
        angles(links[0], links[1], links[2], side, aim[0], aim[1], aim[2], goal)
        load = weight if down else 0.0
        for k in range(3):
            i = 3 * leg + k
            q_ref = min(max(goal[k], params.q_min[i]), params.q_max[i])
            if q_ref != goal[k]:
                flags |= np.uint32(2)
            rate = (q_ref - state.q_ref[i]) / params.dt if state.started != 0 else 0.0
            rate = min(max(rate, -params.dq_max[i]), params.dq_max[i])
            state.q_ref[i] = q_ref
            kp = params.kp[i] if down else params.kp_swing[i]
            kd = params.kd[i] if down else params.kd_swing[i]
            j = state.jacobian[leg]
            lean = m[2, 0] * j[0, k] + m[2, 1] * j[1, k] + m[2, 2] * j[2, k]
            wanted = kp * (q_ref - input.q[i]) + kd * (rate - input.dq[i]) - load * lean
            tau = min(max(wanted, -params.tau_max[i]), params.tau_max[i])
            if tau != wanted:
                flags |= np.uint32(16)
            output.tau[i] = tau
            output.q_ref[i] = q_ref
            output.dq_ref[i] = rate
    return flags


@kernel
def give_up(params, state, input, output, damped):  # type: ignore[no-untyped-def]
    """Write a damper's torques, or none, and forget the plan."""
    for i in range(12):
        tau = -params.kd[i] * input.dq[i] if damped else 0.0
        output.tau[i] = min(max(tau, -params.tau_max[i]), params.tau_max[i])
        output.q_ref[i] = input.q[i] if damped else 0.0
        output.dq_ref[i] = 0.0
    for leg in range(4):
        output.down[leg] = 0.0
    state.started = np.uint32(0)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    flags = np.uint32(0)
    if not (
        finite(input.q) and finite(input.dq) and finite(input.orientation) and finite(input.gyro)
    ):
        give_up(params, state, input, output, False)
        output.flags = np.uint32(8)
        return
    if level(input.orientation, state.level) < UPRIGHT:
        give_up(params, state, input, output, True)
        output.flags = np.uint32(32)
        return
    if state.started == 0:
        state.trotting = np.uint32(0)
    measure(params, state, input)
    if state.started == 0:
        begin(params, state)
    flags |= follow_command(params, state, input.command)
    keep_time(params, state)
    plan(params, state)
    flags |= track(params, state, input, output)
    state.started = np.uint32(1)
    output.flags = flags
