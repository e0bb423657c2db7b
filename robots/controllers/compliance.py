"""A pose that gives way: what admittance and force control share.

The offset (6,) of a goal's pose, a translation and a rotation vector in the goal's own frame, and
how fast it changes. No controller by itself.
"""

from robots.kernel import kernel
from robots.pose import is_zero, rotation_from, turned, usable


@kernel
def take_goal(state, input):  # type: ignore[no-untyped-def]
    """Take over the goal's pose, if it is one, and say whether it is.

    `state` has `goal` (7,): the position and quaternion of the latest that was; and `rotation`.
    """
    if not (usable(input.position) and usable(input.twist)):
        return False
    if not rotation_from(input.quaternion, state.rotation):
        return False
    for k in range(3):
        state.goal[k] = input.position[k]
    for k in range(4):
        state.goal[3 + k] = input.quaternion[k]
    return True


@kernel
def into_goal(rotation, wrench, out):  # type: ignore[no-untyped-def]
    """Write a wrench (6,), base frame, in the goal's frame, (3, 3)."""
    for start in range(0, 6, 3):
        x, y, z = wrench[start], wrench[start + 1], wrench[start + 2]
        for k in range(3):
            out[start + k] = rotation[0, k] * x + rotation[1, k] * y + rotation[2, k] * z


@kernel
def give_way(m, d, k, force, x, v, v_max, dt):  # type: ignore[no-untyped-def]
    """Move a mass m on a damper d and a spring k by one tick under a force; give x and v.

    Damper and spring act at the end of the tick (implicit Euler), so that it is stable for any
    values above zero, and the speed is kept within v_max.
    """
    v = (m * v + dt * (force - k * x)) / (m + dt * d + dt * dt * k)
    v = min(max(v, -v_max), v_max)
    return x + dt * v, v


@kernel
def write_pose(state, twist, good, output):  # type: ignore[no-untyped-def]
    """Write the goal's pose moved by state.offset, and its twist plus state.speed, base frame.

    Before there has been a goal all is zero: no pose, and no motion.
    """
    r, x, v = state.rotation, state.offset, state.speed
    none = is_zero(state.goal)
    for k in range(3):
        output.position[k] = state.goal[k]
        output.twist[k], output.twist[3 + k] = 0.0, 0.0
        if not none:
            output.position[k] += r[k, 0] * x[0] + r[k, 1] * x[1] + r[k, 2] * x[2]
            output.twist[k] = r[k, 0] * v[0] + r[k, 1] * v[1] + r[k, 2] * v[2]
            output.twist[3 + k] = r[k, 0] * v[3] + r[k, 1] * v[4] + r[k, 2] * v[5]
            if good:
                output.twist[k] += twist[k]
                output.twist[3 + k] += twist[3 + k]
    if none:
        for k in range(4):
            output.quaternion[k] = 0.0
    else:
        turned(state.goal[3:], x[3:], output.quaternion)
