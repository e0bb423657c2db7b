"""The mass matrix of a serial chain, and the part of its tool's acceleration that dq alone makes.

Kernels for bodies and chains of any size, as in `robots.dynamics`; everything in the base frame.
"""

from robots.dynamics import _apply, _cross
from robots.kernel import kernel
from robots.kinematics import _identity, _next_joint

MASS_WORK = 15
"""Numbers of work space `crba` needs for a joint."""


@kernel
def _weigh(body, i, position, rotation, here):  # type: ignore[no-untyped-def]
    """Leave in `here` joint i's twist, and the first moment and inertia of what it carries.

    All about the base's origin: angular (3,), linear (3,), moment (3,), inertia xx yy zz xy xz yz.
    """
    chain = body.chain
    zx, zy, zz = _apply(rotation, chain.axis[i, 0], chain.axis[i, 1], chain.axis[i, 2])
    if chain.prismatic[i] != 0:
        here[0], here[1], here[2] = 0.0, 0.0, 0.0
        here[3], here[4], here[5] = zx, zy, zz
    else:
        here[0], here[1], here[2] = zx, zy, zz
        here[3], here[4], here[5] = _cross(position[0], position[1], position[2], zx, zy, zz)
    m = chain.mass[i]
    cx, cy, cz = _apply(rotation, chain.com[i, 0], chain.com[i, 1], chain.com[i, 2])
    cx, cy, cz = cx + position[0], cy + position[1], cz + position[2]
    here[6], here[7], here[8] = m * cx, m * cy, m * cz
    r = rotation
    ax, ay, az = _apply(body.inertia[i], r[0, 0], r[0, 1], r[0, 2])
    bx, by, bz = _apply(body.inertia[i], r[1, 0], r[1, 1], r[1, 2])
    dx, dy, dz = _apply(body.inertia[i], r[2, 0], r[2, 1], r[2, 2])
    here[9] = r[0, 0] * ax + r[0, 1] * ay + r[0, 2] * az + m * (cy * cy + cz * cz)
    here[10] = r[1, 0] * bx + r[1, 1] * by + r[1, 2] * bz + m * (cx * cx + cz * cz)
    here[11] = r[2, 0] * dx + r[2, 1] * dy + r[2, 2] * dz + m * (cx * cx + cy * cy)
    here[12] = r[0, 0] * bx + r[0, 1] * by + r[0, 2] * bz - m * cx * cy
    here[13] = r[0, 0] * dx + r[0, 1] * dy + r[0, 2] * dz - m * cx * cz
    here[14] = r[1, 0] * dx + r[1, 1] * dy + r[1, 2] * dz - m * cy * cz


@kernel
def crba(body, q, position, rotation, work, out):  # type: ignore[no-untyped-def]
    """Write the mass matrix (n, n), both triangles, of a body at q (n,).

    Composite rigid bodies (Walker and Orin 1982; Featherstone 2008, chapter 6): M_ij is the power
    that joint j gives to the momentum which joint i, alone and at unit speed, gives to all that it
    carries. `position` (3,), `rotation` (3, 3) and `work` (n, MASS_WORK) are work space.
    """
    n = len(body.chain.mass)
    _identity(position, rotation)
    for i in range(n):
        _next_joint(body.chain, i, q[i], position, rotation)
        _weigh(body, i, position, rotation, work[i])
    mass = 0.0
    for k in range(n):
        i = n - 1 - k
        here = work[i]
        mass += body.chain.mass[i]
        if i < n - 1:
            for c in range(6, 15):
                here[c] += work[i + 1, c]
        wx, wy, wz, vx, vy, vz = here[0], here[1], here[2], here[3], here[4], here[5]
        tx, ty, tz = _cross(wx, wy, wz, here[6], here[7], here[8])
        px, py, pz = mass * vx + tx, mass * vy + ty, mass * vz + tz
        tx, ty, tz = _cross(here[6], here[7], here[8], vx, vy, vz)
        lx = here[9] * wx + here[12] * wy + here[13] * wz + tx
        ly = here[12] * wx + here[10] * wy + here[14] * wz + ty
        lz = here[13] * wx + here[14] * wy + here[11] * wz + tz
        for j in range(i + 1):
            w = work[j]
            power = w[0] * lx + w[1] * ly + w[2] * lz + w[3] * px + w[4] * py + w[5] * pz
            out[i, j] = power
            out[j, i] = power


@kernel
def jacobian_drift(chain, dq, scratch, position, out):  # type: ignore[no-untyped-def]
    """Write dJ/dt dq (6,): the tool's acceleration, linear then angular, where ddq is zero.

    `scratch` (n, 9) and the tool's `position` (3,) are as `kinematics.jacobian` left them.
    """
    wx, wy, wz, ax, ay, az, lx, ly, lz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    ox, oy, oz = 0.0, 0.0, 0.0
    n = len(chain.mass)
    for i in range(n + 1):
        end = i == n
        px = position[0] if end else scratch[i, 0]
        py = position[1] if end else scratch[i, 1]
        pz = position[2] if end else scratch[i, 2]
        rx, ry, rz = px - ox, py - oy, pz - oz
        tx, ty, tz = _cross(ax, ay, az, rx, ry, rz)
        ux, uy, uz = _cross(wx, wy, wz, rx, ry, rz)
        ux, uy, uz = _cross(wx, wy, wz, ux, uy, uz)
        lx, ly, lz = lx + tx + ux, ly + ty + uy, lz + tz + uz
        ox, oy, oz = px, py, pz
        if end:
            break
        zx, zy, zz = scratch[i, 3] * dq[i], scratch[i, 4] * dq[i], scratch[i, 5] * dq[i]
        sx, sy, sz = _cross(wx, wy, wz, zx, zy, zz)
        if chain.prismatic[i] != 0:
            lx, ly, lz = lx + 2.0 * sx, ly + 2.0 * sy, lz + 2.0 * sz
        else:
            ax, ay, az = ax + sx, ay + sy, az + sz
            wx, wy, wz = wx + zx, wy + zy, wz + zz
    out[0], out[1], out[2], out[3], out[4], out[5] = lx, ly, lz, ax, ay, az
