"""Operational-space control: the tool moves as a mass on a spring, whatever the posture.

    a   = kd (v_wanted + twist_goal - J dq),  v_wanted = (kp / kd) error, at most speed_max
    tau = J^T L (a - dJ/dt dq - J ddq_0) + M ddq_0 + C dq + g,   L = (J M^-1 J^T)^-1
    ddq_0 = kp_posture (q_ref - q) - kd_posture dq

which is Khatib's unified form (1987, "A unified approach for motion and force control of robot
manipulators") with the posture task ddq_0 in the dynamically consistent null space: it cannot
be felt at the tool. Near a singularity (the dynamic manipulability det(J M^-1 J^T)^(1/2) below
`manipulability`) 1 / mass_max grows into the diagonal of J M^-1 J^T, so that no direction is
treated as heavier than that (Nakamura and Hanafusa 1986, for the damping's form).

A goal is a position (3,), a quaternion xyzw (4,) of any length and a twist (6,), base frame. One
that is no finite number, or a quaternion without length, counts as none, with a flag: the tool
holds the latest good pose, or the one it started from. A posture that is none counts as where
the joints are. A measurement that is none gives zero torque. Flags: `robots.controllers.flags`.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_NAN, FLAG_SENSOR, FLAG_SINGULAR, check_rate
from robots.dynamics import WORK, body_dtype, body_record, rnea
from robots.kernel import kernel
from robots.kinematics import jacobian
from robots.linear import cholesky, solve, solve_lower
from robots.mass import MASS_WORK, crba, jacobian_drift
from robots.pose import rotation_between, rotation_from, shortened, usable

BANDWIDTH = 20.0
"""rad/s, of the tool's spring."""
POSTURE_BANDWIDTH = 6.0
"""rad/s, of the posture in the null space."""
SPEED_MAX = (0.5, 2.0)
"""m/s and rad/s, at which a far goal is approached."""
MASS_MAX = 50.0, 2.0
"""kg and kg m^2; ten times what the heavier arms of the catalogue show at their homes."""
SINGULAR_SHARE = 0.2
"""Damping begins below this share of the manipulability at home."""


@lru_cache
def controller(n: int) -> Controller:
    """Give operational-space control for n joints."""
    vector, six = (np.float64, (n,)), (np.float64, (6,))
    square, rows = (np.float64, (6, 6)), (np.float64, (6, n))
    return Controller(
        name="operational_space",
        params=np.dtype(
            [
                ("kp", *six),
                ("kd", *six),
                ("speed_max", np.float64, (2,)),
                ("mass_max", *six),
                ("manipulability", np.float64),
                ("kp_posture", *vector),
                ("kd_posture", *vector),
                ("body", body_dtype(n)),
            ],
            align=True,
        ),
        state=np.dtype(
            [
                ("goal_position", np.float64, (3,)),
                ("goal_rotation", np.float64, (3, 3)),
                ("tool_position", np.float64, (3,)),
                ("tool_rotation", np.float64, (3, 3)),
                ("aim", *six),
                ("drift", *six),
                ("ddq", *vector),
                ("jacobian", *rows),
                ("eased", *rows),
                ("mobility", *square),
                ("factor", *square),
                ("mass", np.float64, (n, n)),
                ("scratch", np.float64, (n, 9)),
                ("mass_work", np.float64, (n, MASS_WORK)),
                ("work", np.float64, (n, WORK)),
                ("position", np.float64, (3,)),
                ("rotation", np.float64, (3, 3)),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(
            [
                ("q", *vector),
                ("dq", *vector),
                ("position", np.float64, (3,)),
                ("quaternion", np.float64, (4,)),
                ("twist", *six),
                ("q_ref", *vector),
            ],
            align=True,
        ),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`: critical damping.

    Raises RobotError for a rate that is not positive and finite.
    """
    pace = min(BANDWIDTH, 0.1 / check_rate(rate_hz))
    n = len(robot.home)
    record = np.zeros(1, controller(n).params)
    record["kp"], record["kd"] = pace * pace, 2.0 * pace
    record["kp_posture"], record["kd_posture"] = POSTURE_BANDWIDTH**2, 2.0 * POSTURE_BANDWIDTH
    record["speed_max"] = SPEED_MAX
    record["mass_max"] = np.repeat(MASS_MAX, 3)
    record["body"] = body_record(robot.chain)
    jac, mass = np.empty((6, n)), np.empty((n, n))
    position, rotation = np.empty(3), np.empty((3, 3))
    jacobian(robot.record[0], robot.home, position, rotation, np.empty((n, 9)), jac)
    crba(record["body"][0], robot.home, position, rotation, np.empty((n, MASS_WORK)), mass)
    eased = jac @ np.linalg.solve(mass, jac.T)
    # An arm of fewer than six joints is singular everywhere: it is always damped.
    record["manipulability"] = SINGULAR_SHARE * np.sqrt(max(np.linalg.det(eased), 1e-4))
    return record


@kernel
def _take_goal(params, state, input):  # type: ignore[no-untyped-def]
    """Take over the goal, if it is one, and say whether it is."""
    good = usable(input.position) and usable(input.twist)
    # The quaternion last: it is written at once where it is good.
    good = good and rotation_from(input.quaternion, state.goal_rotation)
    if good:
        for k in range(3):
            state.goal_position[k] = input.position[k]
    elif state.started == 0:
        for k in range(3):
            state.goal_position[k] = state.tool_position[k]
            for j in range(3):
                state.goal_rotation[k, j] = state.tool_rotation[k, j]
    return good


@kernel
def _accelerate(params, state, input, good):  # type: ignore[no-untyped-def]
    """Leave in state.aim the acceleration (6,) that the tool's spring and damper want."""
    aim = state.aim
    for k in range(3):
        aim[k] = state.goal_position[k] - state.tool_position[k]
    aim[3], aim[4], aim[5] = rotation_between(state.tool_rotation, state.goal_rotation)
    for k in range(6):
        aim[k] *= params.kp[k] / params.kd[k]
    shortened(aim, 0, params.speed_max[0])
    shortened(aim, 3, params.speed_max[1])
    for k in range(6):
        if good:
            aim[k] += input.twist[k]
        for i in range(len(input.dq)):
            aim[k] -= state.jacobian[k, i] * input.dq[i]
        aim[k] *= params.kd[k]


@kernel
def _weigh(params, state):  # type: ignore[no-untyped-def]
    """Factor J M^-1 J^T, damped where it has to be; say whether it had to."""
    n = len(state.ddq)
    cholesky(state.mass)
    for r in range(6):
        for i in range(n):
            state.eased[r, i] = state.jacobian[r, i]
        solve_lower(state.mass, state.eased[r])
        for k in range(r + 1):
            total = 0.0
            for i in range(n):
                total += state.eased[r, i] * state.eased[k, i]
            state.mobility[r, k] = total
            state.factor[r, k] = total
    share = cholesky(state.factor) / params.manipulability
    if share >= 1.0:
        return False
    damping = (1.0 - share) * (1.0 - share)
    for r in range(6):
        for k in range(r + 1):
            state.factor[r, k] = state.mobility[r, k]
        state.factor[r, r] += damping / params.mass_max[r]
    cholesky(state.factor)
    return True


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.kp_posture)
    if not (usable(input.q) and usable(input.dq)):
        for i in range(n):
            output.tau[i] = 0.0
        output.flags = np.uint32(FLAG_SENSOR)
        return
    flags = np.uint32(0)
    q, dq, body, jac = input.q, input.dq, params.body, state.jacobian
    jacobian(body.chain, q, state.tool_position, state.tool_rotation, state.scratch, jac)
    good = _take_goal(params, state, input)
    state.started = np.uint32(1)
    if not good:
        flags |= np.uint32(FLAG_NAN)
    posed = usable(input.q_ref)
    if not posed:
        flags |= np.uint32(FLAG_NAN)
    for i in range(n):
        away = input.q_ref[i] - q[i] if posed else 0.0
        state.ddq[i] = params.kp_posture[i] * away - params.kd_posture[i] * dq[i]
    _accelerate(params, state, input, good)
    jacobian_drift(body.chain, dq, state.scratch, state.tool_position, state.drift)
    for k in range(6):
        state.aim[k] -= state.drift[k]
        for i in range(n):
            state.aim[k] -= jac[k, i] * state.ddq[i]
    crba(body, q, state.position, state.rotation, state.mass_work, state.mass)
    if _weigh(params, state) and n >= 6:
        flags |= np.uint32(FLAG_SINGULAR)
    solve(state.factor, state.aim)
    rnea(body, q, dq, state.ddq, state.position, state.rotation, state.work, output.tau)
    for i in range(n):
        for k in range(6):
            output.tau[i] += jac[k, i] * state.aim[k]
    output.flags = flags
