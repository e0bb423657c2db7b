"""Rotations as kernels without work space: unit quaternions xyzw, matrices, rotation vectors."""

from robots.kernel import kernel
from robots.maths import atan2, sincos, sqrt

LARGE = 1e9
"""Numbers of this size and above are taken for none: what is reckoned from less stays finite."""


@kernel
def usable(values):  # type: ignore[no-untyped-def]
    """Whether every number of a vector is one, and below LARGE."""
    good = True
    for i in range(len(values)):
        if not (-LARGE < values[i] < LARGE):
            good = False
    return good


@kernel
def is_zero(values):  # type: ignore[no-untyped-def]
    """Whether every number of a vector is zero, of either sign."""
    zero = True
    for i in range(len(values)):
        if values[i] != 0.0:
            zero = False
    return zero


@kernel
def rotation_from(quaternion, out):  # type: ignore[no-untyped-def]
    """Write the matrix (3, 3) of a quaternion (4,) of any length; say whether it has one.

    Without a length, or with numbers that are none, `out` is left alone.
    """
    if not usable(quaternion):
        return False
    x, y, z, w = quaternion[0], quaternion[1], quaternion[2], quaternion[3]
    square = x * x + y * y + z * z + w * w
    if square < 1e-12:
        return False
    s = 2.0 / square
    out[0, 0], out[0, 1], out[0, 2] = (
        1.0 - s * (y * y + z * z),
        s * (x * y - z * w),
        s * (x * z + y * w),
    )
    out[1, 0], out[1, 1], out[1, 2] = (
        s * (x * y + z * w),
        1.0 - s * (x * x + z * z),
        s * (y * z - x * w),
    )
    out[2, 0], out[2, 1], out[2, 2] = (
        s * (x * z - y * w),
        s * (y * z + x * w),
        1.0 - s * (x * x + y * y),
    )
    return True


@kernel
def _times_transposed(want, have, i, j):  # type: ignore[no-untyped-def]
    return want[i, 0] * have[j, 0] + want[i, 1] * have[j, 1] + want[i, 2] * have[j, 2]


@kernel
def rotation_between(have, want):  # type: ignore[no-untyped-def]
    """Give the rotation vector x, y, z, base frame, that turns `have` into `want` (3, 3).

    Its length is in [0, pi]; at half a turn its sign is either.
    """
    x = _times_transposed(want, have, 2, 1) - _times_transposed(want, have, 1, 2)
    y = _times_transposed(want, have, 0, 2) - _times_transposed(want, have, 2, 0)
    z = _times_transposed(want, have, 1, 0) - _times_transposed(want, have, 0, 1)
    xx = _times_transposed(want, have, 0, 0)
    yy = _times_transposed(want, have, 1, 1)
    zz = _times_transposed(want, have, 2, 2)
    length = sqrt(x * x + y * y + z * z)
    trace = xx + yy + zz
    angle = atan2(length, trace - 1.0)
    if length > 1e-6:
        return x * angle / length, y * angle / length, z * angle / length
    if trace > 0.0:
        return 0.5 * x, 0.5 * y, 0.5 * z
    # Half a turn: any axis with E axis = axis will do; take the largest column of E + 1.
    i = 0 if xx >= yy and xx >= zz else (1 if yy >= zz else 2)
    ax = _times_transposed(want, have, 0, i) + (1.0 if i == 0 else 0.0)
    ay = _times_transposed(want, have, 1, i) + (1.0 if i == 1 else 0.0)
    az = _times_transposed(want, have, 2, i) + (1.0 if i == 2 else 0.0)
    norm = sqrt(ax * ax + ay * ay + az * az)
    return angle * ax / norm, angle * ay / norm, angle * az / norm


@kernel
def turned(quaternion, vector, out):  # type: ignore[no-untyped-def]
    """Write the unit quaternion of a turn by a vector (3,), in the turned frame, after one (4,)."""
    x, y, z = vector[0], vector[1], vector[2]
    angle = sqrt(x * x + y * y + z * z)
    s, c = sincos(0.5 * angle)
    k = s / angle if angle > 1e-12 else 0.5
    x, y, z = k * x, k * y, k * z
    a, b, d, e = quaternion[0], quaternion[1], quaternion[2], quaternion[3]
    norm = sqrt(a * a + b * b + d * d + e * e)
    out[0] = (e * x + a * c + b * z - d * y) / norm
    out[1] = (e * y + b * c + d * x - a * z) / norm
    out[2] = (e * z + d * c + a * y - b * x) / norm
    out[3] = (e * c - a * x - b * y - d * z) / norm


@kernel
def shortened(values, start, most):  # type: ignore[no-untyped-def]
    """Scale three numbers of a vector, from `start` on, to a length of at most `most`, in place.

    Says whether they were longer.
    """
    x, y, z = values[start], values[start + 1], values[start + 2]
    length = sqrt(x * x + y * y + z * z)
    if length <= most:
        return False
    for k in range(start, start + 3):
        values[k] *= most / length
    return True
