"""Kinematics and gravity of a serial chain, as kernels that also run on a board.

A chain is a record of `chain_dtype(n)`; make one with `chain_record`. Everything is in the
base frame: the tool's pose, and a geometric Jacobian whose rows are linear, then angular.
"""

from functools import lru_cache

import numpy as np

from robots.errors import RobotError
from robots.kernel import kernel
from robots.maths import sincos, sqrt
from robots.model import Chain
from robots.pose import rotation_between

GRAVITY = 9.81


@lru_cache
def chain_dtype(n: int) -> np.dtype:
    """Give the layout of a chain of n joints; fields as in `robots.model.Chain`."""
    return np.dtype(
        [
            ("position", np.float64, (n, 3)),
            ("rotation", np.float64, (n, 3, 3)),
            ("axis", np.float64, (n, 3)),
            ("tool_position", np.float64, (3,)),
            ("tool_rotation", np.float64, (3, 3)),
            ("mass", np.float64, (n,)),
            ("com", np.float64, (n, 3)),
            ("prismatic", np.int32, (n,)),
        ],
        align=True,
    )


def chain_record(chain: Chain) -> np.ndarray:
    """Give a chain as a structured array of shape (1,) for the kernels."""
    record = np.zeros(1, chain_dtype(len(chain.joints)))
    for name in record.dtype.names or ():
        record[name] = getattr(chain, name)
    return record


@kernel
def _turn(axis, angle, rotation):  # type: ignore[no-untyped-def]
    """Multiply `rotation` (3, 3) from the right by a turn about a unit axis (Rodrigues)."""
    s, c = sincos(angle)
    x, y, z = axis[0], axis[1], axis[2]
    v = 1.0 - c
    m00, m01, m02 = c + x * x * v, x * y * v - z * s, x * z * v + y * s
    m10, m11, m12 = y * x * v + z * s, c + y * y * v, y * z * v - x * s
    m20, m21, m22 = z * x * v - y * s, z * y * v + x * s, c + z * z * v
    for i in range(3):
        a, b, d = rotation[i, 0], rotation[i, 1], rotation[i, 2]
        rotation[i, 0] = a * m00 + b * m10 + d * m20
        rotation[i, 1] = a * m01 + b * m11 + d * m21
        rotation[i, 2] = a * m02 + b * m12 + d * m22


@kernel
def _place(offset, turn, position, rotation):  # type: ignore[no-untyped-def]
    """Move the frame (position, rotation) by an offset (3,) and turn (3, 3) given in it."""
    for i in range(3):
        a, b, d = rotation[i, 0], rotation[i, 1], rotation[i, 2]
        position[i] += a * offset[0] + b * offset[1] + d * offset[2]
        rotation[i, 0] = a * turn[0, 0] + b * turn[1, 0] + d * turn[2, 0]
        rotation[i, 1] = a * turn[0, 1] + b * turn[1, 1] + d * turn[2, 1]
        rotation[i, 2] = a * turn[0, 2] + b * turn[1, 2] + d * turn[2, 2]


@kernel
def _identity(position, rotation):  # type: ignore[no-untyped-def]
    for i in range(3):
        position[i] = 0.0
        for j in range(3):
            rotation[i, j] = 1.0 if i == j else 0.0


@kernel
def _next_joint(chain, i, angle, position, rotation):  # type: ignore[no-untyped-def]
    """Move the frame over joint i, displaced by `angle` (rad or m)."""
    _place(chain.position[i], chain.rotation[i], position, rotation)
    if chain.prismatic[i] != 0:
        for k in range(3):
            position[k] += angle * (
                rotation[k, 0] * chain.axis[i, 0]
                + rotation[k, 1] * chain.axis[i, 1]
                + rotation[k, 2] * chain.axis[i, 2]
            )
    else:
        _turn(chain.axis[i], angle, rotation)


@kernel
def forward(chain, q, position, rotation):  # type: ignore[no-untyped-def]
    """Forward kinematics: write the tool's position (3,) and rotation (3, 3) for q (n,)."""
    _identity(position, rotation)
    for i in range(len(chain.mass)):
        _next_joint(chain, i, q[i], position, rotation)
    _place(chain.tool_position, chain.tool_rotation, position, rotation)


@kernel
def _axes(chain, q, position, rotation, scratch):  # type: ignore[no-untyped-def]
    """Walk the chain; leave joint origin, axis and com, base frame, in scratch (n, 9)."""
    _identity(position, rotation)
    for i in range(len(chain.mass)):
        _next_joint(chain, i, q[i], position, rotation)
        for k in range(3):
            r0, r1, r2 = rotation[k, 0], rotation[k, 1], rotation[k, 2]
            scratch[i, k] = position[k]
            scratch[i, 3 + k] = (
                r0 * chain.axis[i, 0] + r1 * chain.axis[i, 1] + r2 * chain.axis[i, 2]
            )
            scratch[i, 6 + k] = position[k] + (
                r0 * chain.com[i, 0] + r1 * chain.com[i, 1] + r2 * chain.com[i, 2]
            )


@kernel
def jacobian(chain, q, position, rotation, scratch, out):  # type: ignore[no-untyped-def]
    """Write the tool's pose and the geometric Jacobian (6, n), base frame, rows linear first.

    Column i of a revolute joint is (z x (p - o), z), of a prismatic one (z, 0), with z its
    axis, o its origin and p the tool. `scratch` is (n, 9) of work space.
    """
    _axes(chain, q, position, rotation, scratch)
    _place(chain.tool_position, chain.tool_rotation, position, rotation)
    for i in range(len(chain.mass)):
        x, y, z = scratch[i, 3], scratch[i, 4], scratch[i, 5]
        a, b, c = (
            position[0] - scratch[i, 0],
            position[1] - scratch[i, 1],
            position[2] - scratch[i, 2],
        )
        if chain.prismatic[i] != 0:
            out[0, i], out[1, i], out[2, i] = x, y, z
            out[3, i], out[4, i], out[5, i] = 0.0, 0.0, 0.0
        else:
            out[0, i], out[1, i], out[2, i] = y * c - z * b, z * a - x * c, x * b - y * a
            out[3, i], out[4, i], out[5, i] = x, y, z


@kernel
def gravity(chain, q, position, rotation, scratch, tau):  # type: ignore[no-untyped-def]
    """Write the joint torques (n,) that hold the chain still against gravity, base z up.

    Principle of virtual work: tau_i = z_i . ((s_i - m_i o_i) x -g m_i), with m_i and s_i the
    mass and first moment of everything from joint i outwards. `scratch` is (n, 9).
    """
    _axes(chain, q, position, rotation, scratch)
    mass, sx, sy, sz = 0.0, 0.0, 0.0, 0.0
    for k in range(len(chain.mass)):
        i = len(chain.mass) - 1 - k
        mass += chain.mass[i]
        sx += chain.mass[i] * scratch[i, 6]
        sy += chain.mass[i] * scratch[i, 7]
        sz += chain.mass[i] * scratch[i, 8]
        if chain.prismatic[i] != 0:
            tau[i] = GRAVITY * mass * scratch[i, 5]
        else:
            a, b = sx - mass * scratch[i, 0], sy - mass * scratch[i, 1]
            tau[i] = GRAVITY * (scratch[i, 3] * b - scratch[i, 4] * a)


@kernel
def _solve6(a, b):  # type: ignore[no-untyped-def]
    """Solve a x = b in place by Cholesky; a (6, 6) symmetric positive definite."""
    for i in range(6):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = sqrt(total) if i == j else total / a[j, j]
    for i in range(6):
        for k in range(i):
            b[i] -= a[i, k] * b[k]
        b[i] /= a[i, i]
    for k in range(6):
        i = 5 - k
        for j in range(i + 1, 6):
            b[i] -= a[j, i] * b[j]
        b[i] /= a[i, i]


@kernel
def inverse(  # type: ignore[no-untyped-def]
    chain, q_min, q_max, q_start, position, rotation, posture, iterations, tolerance, q
):
    """Inverse kinematics by damped least squares; write q (n,) and give the error left.

    Steps dq = J^T (J J^T + damping I)^-1 e, plus a pull towards `posture` (n,) in the null
    space, each joint kept within its limits (Wampler 1986; Nakamura and Hanafusa 1986). The
    error is metres plus radians.
    """
    n = len(chain.mass)
    jac, scratch = np.empty((6, n)), np.empty((n, 9))
    at, turn, error, aim = np.empty(3), np.empty((3, 3)), np.empty(6), np.empty(6)
    square, pull = np.empty((6, 6)), np.empty(n)
    left = np.inf
    for i in range(n):
        q[i] = min(max(q_start[i], q_min[i]), q_max[i])
    for _ in range(iterations + 1):
        jacobian(chain, q, at, turn, scratch, jac)
        for k in range(3):
            error[k] = position[k] - at[k]
        error[3], error[4], error[5] = rotation_between(turn, rotation)
        left = sqrt(error[0] ** 2 + error[1] ** 2 + error[2] ** 2)
        left += sqrt(error[3] ** 2 + error[4] ** 2 + error[5] ** 2)
        if left < tolerance:
            break
        damping = 1e-6 + 1e-2 * min(left * left, 1.0)
        for i in range(n):
            pull[i] = 0.1 * (posture[i] - q[i])
        for i in range(6):
            aim[i] = error[i]
            for k in range(n):
                aim[i] -= jac[i, k] * pull[k]
            for j in range(6):
                total = damping if i == j else 0.0
                for k in range(n):
                    total += jac[i, k] * jac[j, k]
                square[i, j] = total
        _solve6(square, aim)
        for i in range(n):
            step = pull[i]
            for k in range(6):
                step += jac[k, i] * aim[k]
            q[i] = min(max(q[i] + min(max(step, -0.5), 0.5), q_min[i]), q_max[i])
    return left


@kernel
def rotation_by_quaternion(quaternion, rotation):  # type: ignore[no-untyped-def]
    """Write the rotation matrix (3, 3) of a quaternion xyzw (4,); give its squared length.

    One of no length has no rotation: then what is written is not finite.
    """
    x, y, z, w = quaternion[0], quaternion[1], quaternion[2], quaternion[3]
    square = x * x + y * y + z * z + w * w
    s = 2.0 / square
    rotation[0, 0] = 1 - s * (y * y + z * z)
    rotation[0, 1] = s * (x * y - z * w)
    rotation[0, 2] = s * (x * z + y * w)
    rotation[1, 0] = s * (x * y + z * w)
    rotation[1, 1] = 1 - s * (x * x + z * z)
    rotation[1, 2] = s * (y * z - x * w)
    rotation[2, 0] = s * (x * z - y * w)
    rotation[2, 1] = s * (y * z + x * w)
    rotation[2, 2] = 1 - s * (x * x + y * y)
    return square


def rotation_from_quaternion(quaternion: np.ndarray) -> np.ndarray:
    """Give the rotation matrix (3, 3) of a quaternion xyzw (4,).

    Raises RobotError for one of no length.
    """
    rotation = np.empty((3, 3))
    if not rotation_by_quaternion(np.asarray(quaternion, float), rotation) > 1e-12:
        raise RobotError(
            f"quaternion {np.asarray(quaternion).tolist()} has no length; give a unit one"
        )
    return rotation


def quaternion_from_rotation(rotation: np.ndarray) -> np.ndarray:
    """Give the unit quaternion xyzw (4,) of a rotation matrix (3, 3) (Shepperd 1978)."""
    r = rotation
    diagonal = [*np.diag(r), np.trace(r)]
    i = int(np.argmax(diagonal))
    q = np.empty(4)
    if i == 3:
        q[:] = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1 + diagonal[3]
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        q[i] = 1 - diagonal[3] + 2 * r[i, i]
        q[j] = r[j, i] + r[i, j]
        q[k] = r[k, i] + r[i, k]
        q[3] = r[k, j] - r[j, k]
    unit: np.ndarray = q / np.linalg.norm(q)
    return unit


@kernel
def rotation_by_vector(vector, rotation):  # type: ignore[no-untyped-def]
    """Write the rotation matrix (3, 3) of a rotation vector (3,), radians (Rodrigues)."""
    x, y, z = vector[0], vector[1], vector[2]
    angle = sqrt(x * x + y * y + z * z)
    for i in range(3):
        for j in range(3):
            rotation[i, j] = 1.0 if i == j else 0.0
    if angle > 1e-12:
        _turn((x / angle, y / angle, z / angle), angle, rotation)


def rotation_from_vector(vector: np.ndarray) -> np.ndarray:
    """Give the rotation matrix (3, 3) of a rotation vector (3,), radians (Rodrigues)."""
    rotation = np.empty((3, 3))
    rotation_by_vector(np.asarray(vector, float), rotation)
    return rotation
