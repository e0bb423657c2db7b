"""The distance between two segments, for one pair and for a block of them. Imports Numba."""

from robots.kernel import kernel
from robots.maths import sqrt

TINY = 1e-30
"""Below this square of a length, in m^2, a segment is a point."""


@kernel
def clamp(x):  # type: ignore[no-untyped-def]
    return min(max(x, 0.0), 1.0)


@kernel
def gap(px, py, pz, qx, qy, qz, ax, ay, az, bx, by, bz):  # type: ignore[no-untyped-def]
    """Give the distance of the segments p-q and a-b.

    Of the infinite lines' nearest points the first's is clamped, then the second's for that one,
    then the first's once more (Ericson 2005, "Real-Time Collision Detection", 5.1.9, without its
    branches). Segments of no length and parallel ones need no case.
    """
    ux, uy, uz = qx - px, qy - py, qz - pz
    vx, vy, vz = bx - ax, by - ay, bz - az
    rx, ry, rz = px - ax, py - ay, pz - az
    uu = max(ux * ux + uy * uy + uz * uz, TINY)
    vv = max(vx * vx + vy * vy + vz * vz, TINY)
    uv = ux * vx + uy * vy + uz * vz
    ur = ux * rx + uy * ry + uz * rz
    vr = vx * rx + vy * ry + vz * rz
    s = clamp((uv * vr - ur * vv) / max(uu * vv - uv * uv, TINY))
    t = clamp((uv * s + vr) / vv)
    s = clamp((uv * t - ur) / uu)
    x, y, z = rx + s * ux - t * vx, ry + s * uy - t * vy, rz + s * uz - t * vz
    return sqrt(x * x + y * y + z * z)


@kernel
def nearest(points, radius, pairs, distance, pair):  # type: ignore[no-untyped-def]
    """Write the least distance (1,) of capsules and the number of their pair (1,).

    `points` (2 m, 3) are the ends, `radius` (m,), `pairs` (k, 2). NaN in, NaN out.
    """
    distance[0], pair[0] = 1e300, 0.0
    for k in range(len(pairs)):
        i, j = pairs[k, 0], pairs[k, 1]
        p, q, a, b = 2 * i, 2 * i + 1, 2 * j, 2 * j + 1
        px, py, pz = points[p, 0], points[p, 1], points[p, 2]
        qx, qy, qz = points[q, 0], points[q, 1], points[q, 2]
        ax, ay, az = points[a, 0], points[a, 1], points[a, 2]
        bx, by, bz = points[b, 0], points[b, 1], points[b, 2]
        d = gap(px, py, pz, qx, qy, qz, ax, ay, az, bx, by, bz)
        d -= radius[i] + radius[j]
        if d != d:
            distance[0], pair[0] = d, k
            return
        if d < distance[0]:
            distance[0], pair[0] = d, k


def nearer(one, other, reach, number, distance, pair):  # type: ignore[no-untyped-def]
    """Keep the nearer of the pair found so far and this one; for `vector.lanes`."""
    px, py, pz = one[0, 0], one[0, 1], one[0, 2]
    qx, qy, qz = one[1, 0], one[1, 1], one[1, 2]
    ax, ay, az = other[0, 0], other[0, 1], other[0, 2]
    bx, by, bz = other[1, 0], other[1, 1], other[1, 2]
    d = gap(px, py, pz, qx, qy, qz, ax, ay, az, bx, by, bz)
    d = d - reach[0]
    before = distance[0]
    pair[0] = number[0] if d < before else pair[0]
    distance[0] = d if d < before else before


NEARER = {
    "one": (2, 3),
    "other": (2, 3),
    "reach": (1,),
    "number": (1,),
    "distance": (1,),
    "pair": (1,),
}
