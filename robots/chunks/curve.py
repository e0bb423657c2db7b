"""Curves through knots in time: from the rate of a chunk's rows to the rate of control.

A path is `knot_times` (k,) rising, seconds, `knots` (k, n) and `tangents` (k, n) a second.
Between two knots it is the cubic Hermite curve with their tangents: position and velocity are
continuous (C1), the acceleration steps at the knots. A straight line between them is continuous
in position alone (C0).
"""

from robots.kernel import kernel

LINEAR, CATMULL_ROM, MONOTONE = 0, 1, 2
"""Kinds of curve: straight; cubic with the mean of the slopes beside a knot as its tangent; that
limited to three times the smaller slope, and none at a turn, so that no knot is overshot."""


@kernel
def hermite(s, width, p, m, p_next, m_next):  # type: ignore[no-untyped-def]
    """Give the cubic's value at share `s` in [0, 1] of `width` seconds, from p to p_next.

    At 0 and 1 it is p and p_next to the bit.
    """
    a = (1 + 2 * s) * (1 - s) * (1 - s)
    b = s * (1 - s) * (1 - s)
    c = s * s * (3 - 2 * s)
    d = s * s * (s - 1)
    return a * p + b * width * m + c * p_next + d * width * m_next


@kernel
def hermite_velocity(s, width, p, m, p_next, m_next):  # type: ignore[no-untyped-def]
    """Give the cubic's derivative by time, as `hermite`; at 0 and 1 it is m and m_next."""
    bend = 6 * s * (1 - s) / width
    return bend * (p_next - p) + (1 - s) * (1 - 3 * s) * m + s * (3 * s - 2) * m_next


@kernel
def tangent(left, right, kind):  # type: ignore[no-untyped-def]
    """Give the tangent between the slopes on a knot's two sides (Fritsch and Carlson 1980).

    NaN where a slope is NaN.
    """
    middle = (left + right) / 2
    if kind != MONOTONE or middle != middle:
        return middle
    if left * right <= 0.0:
        return 0.0
    least = 3 * min(abs(left), abs(right))
    size = min(abs(middle), least)
    return -size if middle < 0.0 else size


@kernel
def tangents(knot_times, knots, count, first, kind, stop, out):  # type: ignore[no-untyped-def]
    """Write the tangents of the first `count` knots, two or more, into `out` (k, n).

    The first is given, (n,); the last is the last slope, or zero with `stop`.
    """
    n = out.shape[1]
    last = count - 1
    for j in range(n):
        out[0, j] = first[j]
        left = (knots[1, j] - knots[0, j]) / (knot_times[1] - knot_times[0])
        for i in range(1, last):
            right = (knots[i + 1, j] - knots[i, j]) / (knot_times[i + 1] - knot_times[i])
            out[i, j] = tangent(left, right, kind)
            left = right
        out[last, j] = 0.0 if stop else left


@kernel
def sample(knot_times, knots, tangents, grip_times, grips, times, out):  # type: ignore[no-untyped-def]
    """Sample a path at `times` (m,) into `out` (m, joints + 1).

    `knot_times` (n,) rising, seconds; `knots` (n, joints) rad; `tangents` (n, joints) rad/s.
    After the last knot the path holds. The gripper is the newest of `grips` (k,) given at
    `grip_times` (k,). A NaN knot makes the stretches beside it NaN.
    """
    n, joints = knots.shape
    i = 0
    g = 0
    for k in range(len(times)):
        t = times[k]
        while i < n - 2 and t >= knot_times[i + 1]:
            i += 1
        while g < len(grips) - 1 and t >= grip_times[g + 1]:
            g += 1
        out[k, joints] = grips[g]
        if n == 1 or t >= knot_times[n - 1]:
            for j in range(joints):
                out[k, j] = knots[n - 1, j]
            continue
        width = knot_times[i + 1] - knot_times[i]
        s = min(max((t - knot_times[i]) / width, 0.0), 1.0)
        for j in range(joints):
            out[k, j] = hermite(
                s, width, knots[i, j], tangents[i, j], knots[i + 1, j], tangents[i + 1, j]
            )
