"""Kinematics of one leg: a hip that abducts, a thigh and a calf that swing in its plane.

    x = -l2 sin(t) - l3 sin(t + c)        in the leg's plane, z' likewise with cos
    y = s l1 cos(a) - z' sin(a)           a, t, c: hip, thigh, calf; s = -1 right, +1 left
    z = s l1 sin(a) + z' cos(a)           foot's centre from the hip joint, base axes

Kernels of the bit-exact path; closed forms, no libm.
"""

import numpy as np

from robots.kernel import kernel
from robots.legged import Quadruped
from robots.maths import atan2, sincos, sqrt


@kernel
def foot(l1, l2, l3, side, a, t, c, position, jacobian):  # type: ignore[no-untyped-def]
    """Write the foot's `position` (3,) and `jacobian` (3, 3) for the angles of a leg."""
    sin_a, cos_a = sincos(a)
    sin_t, cos_t = sincos(t)
    sin_k, cos_k = sincos(t + c)
    x = -l2 * sin_t - l3 * sin_k
    down = -l2 * cos_t - l3 * cos_k
    position[0] = x
    position[1] = side * l1 * cos_a - down * sin_a
    position[2] = side * l1 * sin_a + down * cos_a
    jacobian[0, 0] = 0.0
    jacobian[1, 0] = -position[2]
    jacobian[2, 0] = position[1]
    jacobian[0, 1] = down
    jacobian[1, 1] = x * sin_a
    jacobian[2, 1] = -x * cos_a
    jacobian[0, 2] = -l3 * cos_k
    jacobian[1, 2] = -l3 * sin_k * sin_a
    jacobian[2, 2] = l3 * sin_k * cos_a


@kernel
def angles(l1, l2, l3, side, x, y, z, q):  # type: ignore[no-untyped-def]
    """Write hip, thigh and calf to `q` (3,) for a foot at (x, y, z); knee to the rear.

    A place out of reach gives the nearest the leg can do in that direction.
    """
    across = y * y + z * z
    down = -sqrt(max(across - l1 * l1, 1e-6))
    q[0] = atan2(side * l1 * z - down * y, side * l1 * y + down * z)
    reach = x * x + down * down
    cos_c = (reach - l2 * l2 - l3 * l3) / (2.0 * l2 * l3)
    cos_c = min(max(cos_c, -0.999), 0.999)
    sin_c = -sqrt(1.0 - cos_c * cos_c)
    q[2] = atan2(sin_c, cos_c)
    along, beside = l2 + l3 * cos_c, l3 * sin_c
    q[1] = atan2(-along * x + beside * down, -beside * x - along * down)


def place(robot: Quadruped, q: np.ndarray) -> np.ndarray:
    """Give the feet's centres (4, 3) in the base for joints q (12,)."""
    feet, position, jacobian = np.empty((4, 3)), np.empty(3), np.empty((3, 3))
    for leg in range(4):
        foot(*robot.links, robot.side[leg], *q[3 * leg : 3 * leg + 3], position, jacobian)
        feet[leg] = robot.hips[leg] + position
    return feet


def solve(robot: Quadruped, feet: np.ndarray) -> np.ndarray:
    """Give joints q (12,) for feet's centres (4, 3) in the base."""
    q = np.empty(12)
    for leg in range(4):
        here = feet[leg] - robot.hips[leg]
        angles(*robot.links, robot.side[leg], *here, q[3 * leg : 3 * leg + 3])
    return q
