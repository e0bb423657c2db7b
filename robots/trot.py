"""The plan of a trot: which feet are down, and where each is to be, in the level frame.

Kernels of the bit-exact path; `robots.controllers.gait` says what they reckon, and has their
`params`, `state` and `input`.
"""

import numpy as np

from robots.kernel import kernel
from robots.legs import foot
from robots.maths import sqrt

UPRIGHT = 0.5
STILL = 0.01
STAND_UP = 0.25


@kernel
def level(orientation, matrix):  # type: ignore[no-untyped-def]
    """Write the base's axes in the level frame, (3, 3); give the cosine of the tilt.

    The level frame keeps the base's heading. Below the cosine of 60 degrees nothing is written.
    """
    x, y, z, w = orientation[0], orientation[1], orientation[2], orientation[3]
    size = x * x + y * y + z * z + w * w
    if size < 1e-6:
        return 0.0
    # Up, seen from the base: the last row of the rotation matrix.
    up_x = 2.0 * (x * z - y * w) / size
    up_y = 2.0 * (y * z + x * w) / size
    up_z = 1.0 - 2.0 * (x * x + y * y) / size
    if up_z < UPRIGHT:
        return up_z
    # The level frame's x lies in the base's x-z plane, so that up_x can be no more than 0.87.
    cos_pitch = sqrt(max(1.0 - up_x * up_x, 0.0))
    matrix[2, 0], matrix[2, 1], matrix[2, 2] = up_x, up_y, up_z
    matrix[0, 0] = cos_pitch
    matrix[0, 1] = -up_x * up_y / cos_pitch
    matrix[0, 2] = -up_x * up_z / cos_pitch
    matrix[1, 0] = 0.0
    matrix[1, 1] = up_z / cos_pitch
    matrix[1, 2] = -up_y / cos_pitch
    return up_z


@kernel
def is_down(params, state, leg):  # type: ignore[no-untyped-def]
    """Whether a leg is meant to carry; how far through its stance or its swing it is, 0..1."""
    if state.trotting == 0:
        return True, 0.5
    # Front right and rear left step together, half a stride before the others.
    phase = state.phase + (0.5 if leg == 0 or leg == 3 else 0.0)
    if phase >= 1.0:
        phase -= 1.0
    if phase < params.duty:
        return True, phase / params.duty
    return False, (phase - params.duty) / (1.0 - params.duty)


@kernel
def measure(params, state, input):  # type: ignore[no-untyped-def]
    """Find the feet and the base's speed in the level frame from joints and gyro."""
    l1, l2, l3 = params.links[0], params.links[1], params.links[2]
    gx, gy, gz = input.gyro[0], input.gyro[1], input.gyro[2]
    seen_x, seen_y, seen_z, count = 0.0, 0.0, 0.0, 0.0
    for leg in range(4):
        a, t, c = input.q[3 * leg], input.q[3 * leg + 1], input.q[3 * leg + 2]
        p, j = state.position[leg], state.jacobian[leg]
        foot(l1, l2, l3, params.side[leg], a, t, c, p, j)
        for i in range(3):
            p[i] += params.hips[leg, i]
        if is_down(params, state, leg)[0]:
            dx, dy, dz = gy * p[2] - gz * p[1], gz * p[0] - gx * p[2], gx * p[1] - gy * p[0]
            for k in range(3):
                rate = input.dq[3 * leg + k]
                dx += j[0, k] * rate
                dy += j[1, k] * rate
                dz += j[2, k] * rate
            seen_x, seen_y, seen_z, count = seen_x - dx, seen_y - dy, seen_z - dz, count + 1.0
    if count > 0.0:
        for i in range(3):
            r = state.level[i]
            speed = (r[0] * seen_x + r[1] * seen_y + r[2] * seen_z) / count
            state.measured[i] += params.smoothing * (speed / params.creep - state.measured[i])


@kernel
def begin(params, state):  # type: ignore[no-untyped-def]
    """Take the feet where they are as the plan."""
    for leg in range(4):
        p = state.position[leg]
        for i in range(3):
            r = state.level[i]
            state.feet[leg, i] = r[0] * p[0] + r[1] * p[1] + r[2] * p[2]
    for i in range(3):
        state.speed[i] = 0.0
        state.measured[i] = 0.0
    state.trotting = np.uint32(0)
    state.idle = np.uint32(0)
    state.phase = 0.0


@kernel
def keep_time(params, state):  # type: ignore[no-untyped-def]
    """Advance the stride; start and stop the trot where all feet are down."""
    asked = False
    for i in range(3):
        if state.speed[i] > STILL or state.speed[i] < -STILL:
            asked = True
    if state.trotting == 0:
        # Stand up first: all feet at their height.
        ready = True
        for leg in range(4):
            gap = state.feet[leg, 2] - params.stand[leg, 2]
            if gap > 1e-3 or gap < -1e-3:
                ready = False
        if asked and ready:
            state.trotting, state.phase, state.idle = np.uint32(1), 0.0, np.uint32(0)
        return
    before = state.phase
    state.phase += params.dt / params.period
    halfway = before < 0.5 and state.phase >= 0.5
    if state.phase >= 1.0:
        state.phase -= 1.0
        halfway = True
    if asked:
        state.idle = np.uint32(0)
    elif halfway:
        # One more step of each pair brings the feet home.
        state.idle += np.uint32(1)
        if state.idle >= 4:
            state.trotting = np.uint32(0)


@kernel
def plan(params, state):  # type: ignore[no-untyped-def]
    """Move every foot of the plan by one tick, in the level frame."""
    vx, vy, turn = state.speed[0], state.speed[1], state.speed[2]
    half = 0.5 * params.duty * params.period
    for leg in range(4):
        p, stand, lifted = state.feet[leg], params.stand[leg], state.lifted[leg]
        down, s = is_down(params, state, leg)
        if down:
            dx, dy = vx - turn * p[1], vy + turn * p[0]
            p[0] -= dx * params.creep * params.dt
            p[1] -= dy * params.creep * params.dt
            reach = STAND_UP * params.dt
            p[2] += min(max(stand[2] - p[2], -reach), reach)
            for i in range(3):
                lifted[i] = p[i]
        else:
            goal_x = stand[0] + half * (vx - turn * stand[1])
            goal_y = stand[1] + half * (vy + turn * stand[0])
            goal_x += params.raibert * (state.measured[0] - vx)
            goal_y += params.raibert * (state.measured[1] - vy)
            share = s * s * s * (10.0 - s * (15.0 - 6.0 * s))
            rise = 16.0 * s * s * (1.0 - s) * (1.0 - s)
            p[0] = lifted[0] + share * (goal_x - lifted[0])
            p[1] = lifted[1] + share * (goal_y - lifted[1])
            p[2] = lifted[2] + share * (stand[2] - lifted[2]) + rise * params.lift
