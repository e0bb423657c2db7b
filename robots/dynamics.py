"""Inverse dynamics of a serial chain: the torques that a motion needs.

A body is a record of `body_dtype(n)`: a chain and the inertia of what each joint carries. Make
one with `body_record`. `gravity` is the special case of a chain that stands still, and needs
only the chain.
"""

from functools import lru_cache

import numpy as np

from robots.kernel import kernel
from robots.kinematics import (
    GRAVITY,
    _identity,
    _next_joint,
    chain_dtype,
    chain_record,
    gravity,
)
from robots.model import Chain

__all__ = ["GRAVITY", "body_dtype", "body_record", "gravity", "rnea"]

WORK = 21
"""Numbers of work space `rnea` needs for a joint."""


@lru_cache
def body_dtype(n: int) -> np.dtype:
    """Give the layout of a body of n joints; `inertia` as in `robots.model.Chain`."""
    return np.dtype([("chain", chain_dtype(n)), ("inertia", np.float64, (n, 3, 3))], align=True)


def body_record(chain: Chain) -> np.ndarray:
    """Give a body as a structured array of shape (1,) for the kernels."""
    record = np.zeros(1, body_dtype(len(chain.joints)))
    record["chain"] = chain_record(chain)
    record["inertia"] = chain.inertia
    return record


@kernel
def _cross(a0, a1, a2, b0, b1, b2):  # type: ignore[no-untyped-def]
    return a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0


@kernel
def _apply(matrix, x, y, z):  # type: ignore[no-untyped-def]
    """Multiply matrix (3, 3) with a vector."""
    return (
        matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z,
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z,
        matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z,
    )


@kernel
def _apply_transposed(matrix, x, y, z):  # type: ignore[no-untyped-def]
    return (
        matrix[0, 0] * x + matrix[1, 0] * y + matrix[2, 0] * z,
        matrix[0, 1] * x + matrix[1, 1] * y + matrix[2, 1] * z,
        matrix[0, 2] * x + matrix[1, 2] * y + matrix[2, 2] * z,
    )


@kernel
def _move(chain, i, dq, ddq, position, rotation, work):  # type: ignore[no-untyped-def]
    """Carry the motion of link i - 1 over joint i; see `rnea` for what work holds."""
    wx, wy, wz, ax, ay, az, vx, vy, vz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, GRAVITY
    ox, oy, oz = 0.0, 0.0, 0.0
    if i > 0:
        before = work[i - 1]
        ox, oy, oz = before[0], before[1], before[2]
        wx, wy, wz = before[6], before[7], before[8]
        ax, ay, az = before[9], before[10], before[11]
        vx, vy, vz = before[12], before[13], before[14]
    zx, zy, zz = _apply(rotation, chain.axis[i, 0], chain.axis[i, 1], chain.axis[i, 2])
    dx, dy, dz = position[0] - ox, position[1] - oy, position[2] - oz
    cx, cy, cz = _cross(wx, wy, wz, dx, dy, dz)
    ex, ey, ez = _cross(wx, wy, wz, cx, cy, cz)
    tx, ty, tz = _cross(ax, ay, az, dx, dy, dz)
    vx, vy, vz = vx + tx + ex, vy + ty + ey, vz + tz + ez
    sx, sy, sz = _cross(wx, wy, wz, zx * dq, zy * dq, zz * dq)
    if chain.prismatic[i] != 0:
        vx += zx * ddq + 2.0 * sx
        vy += zy * ddq + 2.0 * sy
        vz += zz * ddq + 2.0 * sz
    else:
        wx, wy, wz = wx + zx * dq, wy + zy * dq, wz + zz * dq
        ax, ay, az = ax + zx * ddq + sx, ay + zy * ddq + sy, az + zz * ddq + sz
    here = work[i]
    here[0], here[1], here[2] = position[0], position[1], position[2]
    here[3], here[4], here[5] = zx, zy, zz
    here[6], here[7], here[8] = wx, wy, wz
    here[9], here[10], here[11] = ax, ay, az
    here[12], here[13], here[14] = vx, vy, vz


@kernel
def _load(body, i, rotation, work):  # type: ignore[no-untyped-def]
    """Leave in work the force and the moment that move link i as `_move` says; see `rnea`."""
    chain, here = body.chain, work[i]
    wx, wy, wz = here[6], here[7], here[8]
    ax, ay, az = here[9], here[10], here[11]
    rx, ry, rz = _apply(rotation, chain.com[i, 0], chain.com[i, 1], chain.com[i, 2])
    cx, cy, cz = _cross(wx, wy, wz, rx, ry, rz)
    ex, ey, ez = _cross(wx, wy, wz, cx, cy, cz)
    tx, ty, tz = _cross(ax, ay, az, rx, ry, rz)
    m = chain.mass[i]
    fx, fy, fz = m * (here[12] + tx + ex), m * (here[13] + ty + ey), m * (here[14] + tz + ez)
    # The inertia is known in the link's frame: turn the spin there, and the momenta back.
    bx, by, bz = _apply_transposed(rotation, wx, wy, wz)
    hx, hy, hz = _apply(body.inertia[i], bx, by, bz)
    hx, hy, hz = _apply(rotation, hx, hy, hz)
    bx, by, bz = _apply_transposed(rotation, ax, ay, az)
    nx, ny, nz = _apply(body.inertia[i], bx, by, bz)
    nx, ny, nz = _apply(rotation, nx, ny, nz)
    gx, gy, gz = _cross(wx, wy, wz, hx, hy, hz)
    kx, ky, kz = _cross(here[0] + rx, here[1] + ry, here[2] + rz, fx, fy, fz)
    here[15], here[16], here[17] = fx, fy, fz
    here[18], here[19], here[20] = nx + gx + kx, ny + gy + ky, nz + gz + kz


@kernel
def rnea(body, q, dq, ddq, position, rotation, work, tau):  # type: ignore[no-untyped-def]
    """Write the joint torques (n,) of a motion q, dq, ddq (n,), gravity along -z of the base.

    Recursive Newton-Euler (Luh, Walker and Paul 1980; Featherstone 2008, chapter 5), in the
    base frame, with gravity as an upward acceleration of the base. `position` (3,), `rotation`
    (3, 3) and `work` (n, WORK) are work space; a row of `work` is the joint's origin and axis,
    the link's angular velocity and acceleration, its origin's acceleration, and the force on
    the link with its moment about the base's origin.
    """
    n = len(body.chain.mass)
    _identity(position, rotation)
    for i in range(n):
        _next_joint(body.chain, i, q[i], position, rotation)
        _move(body.chain, i, dq[i], ddq[i], position, rotation, work)
        _load(body, i, rotation, work)
    fx, fy, fz, mx, my, mz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        i = n - 1 - k
        here = work[i]
        fx, fy, fz = fx + here[15], fy + here[16], fz + here[17]
        mx, my, mz = mx + here[18], my + here[19], mz + here[20]
        if body.chain.prismatic[i] != 0:
            tau[i] = here[3] * fx + here[4] * fy + here[5] * fz
        else:
            cx, cy, cz = _cross(here[0], here[1], here[2], fx, fy, fz)
            tau[i] = here[3] * (mx - cx) + here[4] * (my - cy) + here[5] * (mz - cz)
