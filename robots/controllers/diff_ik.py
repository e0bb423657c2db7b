"""Differential inverse kinematics: a tool's pose or twist in, joint references out.

    v  = twist_goal + kp error, at most speed_max
    dq = dq_0 + J^T (J J^T + damping)^-1 (v - J dq_0),   dq_0 = k_posture (posture - q_ref)

Damped least squares with the posture in the null space (Wampler 1986). The damping is zero but
near a singularity, where it grows as damping_max (1 - w / w_0)^2 with the manipulability
w = det(J J^T)^(1/2) below `manipulability` w_0 (Nakamura and Hanafusa 1986). A joint that would
come to a limit faster than `approach` (1/s) times the way left is held to that, and the others
are solved for again (Flacco, De Luca and Khatib 2012, "Motion control of redundant robots under
joint constraints: saturation in the null space"); speeds beyond the joints' own are scaled down
together, so that the tool stays on its way.

It reckons from its own reference, which starts at the measured position: gravity or a hand on the
arm does not bend the way, and a target out of reach leaves no error behind that would wind up.

A goal is a position (3,), a quaternion xyzw (4,) of any length and a twist (6,), base frame. An
all-zero quaternion says that there is no pose: the twist alone is followed, so an all-zero input
holds still. A goal that is no finite number holds the reference, with a flag; so does a measured
position that is none. Before there has been one the references read zero. Flags:
`robots.controllers.flags`.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.controllers.flags import (
    FLAG_NAN,
    FLAG_POSITION,
    FLAG_SENSOR,
    FLAG_SINGULAR,
    FLAG_SPEED,
    check_rate,
)
from robots.kernel import kernel
from robots.kinematics import chain_dtype, jacobian
from robots.linear import cholesky, solve
from robots.pose import is_zero, rotation_between, rotation_from, shortened, usable

BANDWIDTH = 15.0
"""1/s: a pose error decays in some 70 ms."""
POSTURE_BANDWIDTH = 1.0
"""1/s, of the posture in the null space."""
SPEED_MAX = (0.5, 2.0)
"""m/s and rad/s, of the tool; the joints' own limits hold besides."""
SPEED_SHARE = 0.9
"""What the references use of the joints' speed: the limiter behind has to catch up."""
DAMPING_MAX = 4e-3
"""m^2 at a singularity: a lost direction is followed with 1 m/s for each 250 rad/s at most."""
SINGULAR_SHARE = 0.3
"""Damping begins below this share of the manipulability at home."""
APPROACH = 10.0
"""1/s."""
PASSES = 4
"""How often a tick solves, with more joints held at their limits each time."""


@lru_cache
def controller(n: int) -> Controller:
    """Give differential inverse kinematics for n joints."""
    vector, six = (np.float64, (n,)), (np.float64, (6,))
    numbers = ("manipulability", "damping_max", "k_posture", "approach", "dt")
    return Controller(
        name="diff_ik",
        params=np.dtype(
            [
                ("kp", *six),
                ("speed_max", np.float64, (2,)),
                ("posture", *vector),
                ("q_min", *vector),
                ("q_max", *vector),
                ("dq_max", *vector),
                *((name, np.float64) for name in numbers),
                ("chain", chain_dtype(n)),
            ],
            align=True,
        ),
        state=np.dtype(
            [
                ("q_ref", *vector),
                ("dq", *vector),
                ("locked", np.uint32, (n,)),
                ("twist", *six),
                ("aim", *six),
                ("square", np.float64, (6, 6)),
                ("jacobian", np.float64, (6, n)),
                ("scratch", np.float64, (n, 9)),
                ("position", np.float64, (3,)),
                ("rotation", np.float64, (3, 3)),
                ("goal", np.float64, (3, 3)),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(
            [
                ("q", *vector),
                ("position", np.float64, (3,)),
                ("quaternion", np.float64, (4,)),
                ("twist", *six),
            ],
            align=True,
        ),
        output=np.dtype(
            [("q_goal", *vector), ("dq_goal", *vector), ("flags", np.uint32)], align=True
        ),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`.

    The posture is the robot's home. Raises RobotError for a rate that is not positive and finite.
    """
    dt = check_rate(rate_hz)
    n = len(robot.home)
    record = np.zeros(1, controller(n).params)
    record["kp"] = min(BANDWIDTH, 0.1 / dt)
    record["speed_max"] = SPEED_MAX
    record["posture"] = robot.home
    record["q_min"], record["q_max"] = robot.q_min, robot.q_max
    record["dq_max"] = SPEED_SHARE * robot.dq_max
    record["k_posture"], record["damping_max"] = POSTURE_BANDWIDTH, DAMPING_MAX
    record["approach"] = min(APPROACH, 0.1 / dt)
    record["dt"] = dt
    record["chain"] = robot.record
    jac = np.empty((6, n))
    jacobian(robot.record[0], robot.home, np.empty(3), np.empty((3, 3)), np.empty((n, 9)), jac)
    # An arm of fewer than six joints is singular everywhere: it is always damped.
    square = max(float(np.linalg.det(jac @ jac.T)), 1e-5)
    record["manipulability"] = SINGULAR_SHARE * np.sqrt(square)
    return record


@kernel
def _start(params, state, input):  # type: ignore[no-untyped-def]
    for i in range(len(params.q_min)):
        state.q_ref[i] = min(max(input.q[i], params.q_min[i]), params.q_max[i])
    state.started = np.uint32(1)


@kernel
def _want(params, state, input):  # type: ignore[no-untyped-def]
    """Leave in state.twist (6,) how the tool shall move; say whether the goal is one."""
    twist = state.twist
    for k in range(6):
        twist[k] = 0.0
    if not (usable(input.twist) and usable(input.position) and usable(input.quaternion)):
        return False
    if not is_zero(input.quaternion):
        if not rotation_from(input.quaternion, state.goal):
            return False
        for k in range(3):
            twist[k] = input.position[k] - state.position[k]
        twist[3], twist[4], twist[5] = rotation_between(state.rotation, state.goal)
    for k in range(6):
        twist[k] = params.kp[k] * twist[k] + input.twist[k]
    shortened(twist, 0, params.speed_max[0])
    shortened(twist, 3, params.speed_max[1])
    return True


@kernel
def _factor(params, state):  # type: ignore[no-untyped-def]
    """Factor J J^T of the joints that are free, damped where it has to be; say whether it had to.

    The upper triangle keeps the matrix, the lower one takes the factor.
    """
    square, jac = state.square, state.jacobian
    diagonal = state.aim
    for r in range(6):
        for k in range(r + 1):
            total = 0.0
            for i in range(len(params.q_min)):
                if state.locked[i] == 0:
                    total += jac[r, i] * jac[k, i]
            square[r, k], square[k, r] = total, total
        diagonal[r] = square[r, r]
    share = cholesky(square) / params.manipulability
    if share >= 1.0:
        return False
    damping = params.damping_max * (1.0 - share) * (1.0 - share)
    for r in range(6):
        for k in range(r):
            square[r, k] = square[k, r]
        square[r, r] = diagonal[r] + damping
    cholesky(square)
    return True


@kernel
def _solve(params, state):  # type: ignore[no-untyped-def]
    """Leave in state.dq the joints' speeds, the locked ones' as they are; say whether damped."""
    n = len(params.q_min)
    for i in range(n):
        if state.locked[i] == 0:
            state.dq[i] = params.k_posture * (params.posture[i] - state.q_ref[i])
    damped = _factor(params, state)
    for k in range(6):
        total = state.twist[k]
        for i in range(n):
            total -= state.jacobian[k, i] * state.dq[i]
        state.aim[k] = total
    solve(state.square, state.aim)
    for i in range(n):
        if state.locked[i] == 0:
            for k in range(6):
                state.dq[i] += state.jacobian[k, i] * state.aim[k]
    return damped


@kernel
def _lock(params, state):  # type: ignore[no-untyped-def]
    """Hold every joint that comes to its limit too fast to what it may; say whether one did."""
    found = False
    for i in range(len(params.q_min)):
        least = params.approach * (params.q_min[i] - state.q_ref[i])
        most = params.approach * (params.q_max[i] - state.q_ref[i])
        if state.dq[i] < least or state.dq[i] > most:
            state.dq[i] = min(max(state.dq[i], least), most)
            if state.locked[i] == 0:
                state.locked[i] = np.uint32(1)
                found = True
    return found


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.q_min)
    flags = np.uint32(0)
    sensed = usable(input.q)
    if not sensed:
        flags |= np.uint32(FLAG_SENSOR)
    if state.started == 0 and sensed:
        _start(params, state, input)
    moving = False
    if state.started != 0:
        q_ref, jac = state.q_ref, state.jacobian
        jacobian(params.chain, q_ref, state.position, state.rotation, state.scratch, jac)
        moving = _want(params, state, input)
        if not moving:
            flags |= np.uint32(FLAG_NAN)
        moving = moving and sensed
    scale = 0.0
    if moving:
        for i in range(n):
            state.locked[i] = np.uint32(0)
        for _ in range(PASSES):
            damped = _solve(params, state)
            if damped and n >= 6:
                flags |= np.uint32(FLAG_SINGULAR)
            if not _lock(params, state):
                break
            flags |= np.uint32(FLAG_POSITION)
        scale = 1.0
        for i in range(n):
            size = -state.dq[i] if state.dq[i] < 0.0 else state.dq[i]
            if scale * size > params.dq_max[i]:
                scale = params.dq_max[i] / size
                flags |= np.uint32(FLAG_SPEED)
    for i in range(n):
        speed = scale * state.dq[i] if moving else 0.0
        reached = state.q_ref[i] + speed * params.dt
        if state.started != 0:
            reached = min(max(reached, params.q_min[i]), params.q_max[i])
        state.q_ref[i] = reached
        output.q_goal[i] = reached
        output.dq_goal[i] = speed
    output.flags = flags
