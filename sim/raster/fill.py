"""Which triangle each pixel shows: transform, cull, clip and fill, with a depth buffer of 1/w.

A pixel is sampled where TinyRenderer samples it: column x and row y at the point (x, y) of a
screen whose corners are the corners of the view, row 0 on top.
"""

import math
from typing import Any

import numpy as np

from robots.kernel import kernel

# Twice the area, in pixels, under which TinyRenderer drops a triangle.
LEAST_AREA = 0.01
# Surfaces this close, 10 micrometres at a metre, count as one, and the later wins: faces that lie
# in one plane would otherwise show in speckles.
TIE = np.float32(1.00001)


@kernel
def place(poses: np.ndarray, frame: np.ndarray, local: np.ndarray, world: np.ndarray) -> None:
    """Give each instance its pose in the world, (n, 3, 4), from its frame's (7,): xyz, xyzw."""
    for i in range(len(frame)):
        p = poses[frame[i]]
        x, y, z, w = p[3], p[4], p[5], p[6]
        r = (
            (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), p[0]),
            (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w), p[1]),
            (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y), p[2]),
        )
        for j in range(3):
            row = r[j]
            for k in range(4):
                s = row[0] * local[i, 0, k] + row[1] * local[i, 1, k] + row[2] * local[i, 2, k]
                world[i, j, k] = s + row[3] if k == 3 else s


@kernel
def _outside(c: np.ndarray, sphere: np.ndarray, near: float, width: int, height: int) -> bool:
    """Say whether a sphere lies wholly outside of the view of the screen matrix c (3, 4)."""
    for side in range(5):
        bound = near if side == 4 else 0.0
        value, square = 0.0, 0.0
        for k in range(4):
            if side == 0:
                a = c[0, k]
            elif side == 1:
                a = width * c[2, k] - c[0, k]
            elif side == 2:
                a = c[1, k]
            elif side == 3:
                a = height * c[2, k] - c[1, k]
            else:
                a = c[2, k]
            if k < 3:
                value += a * sphere[k]
                square += a * a
            else:
                value += a
        if value + math.sqrt(square) * sphere[3] < bound:
            return True
    return False


@kernel
def _triangle(
    x0: float,
    y0: float,
    z0: float,
    x1: float,
    y1: float,
    z1: float,
    x2: float,
    y2: float,
    z2: float,
    number: int,
    facing: float,
    inverse: np.ndarray,
    shown: np.ndarray,
) -> None:
    """Fill one triangle, row by row; z is 1/w, and the nearest, then the last, wins."""
    height, width = inverse.shape
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    # Rows run downwards: what turns its front to the camera has a negative area.
    if area * facing >= -LEAST_AREA:
        return
    # Most triangles of a fine mesh lie between the points where pixels are sampled.
    first, last = math.ceil(min(y0, y1, y2)), math.floor(max(y0, y1, y2))
    if first > last or math.ceil(min(x0, x1, x2)) > math.floor(max(x0, x1, x2)):
        return
    first, last = max(first, 0), min(last, height - 1)
    across = ((z1 - z0) * (y2 - y0) - (z2 - z0) * (y1 - y0)) / area
    down = ((x1 - x0) * (z2 - z0) - (x2 - x0) * (z1 - z0)) / area
    # By rows from the top: a, b, c. Each edge is followed from its upper end, so that two
    # triangles that share it agree to the last bit and leave no gap.
    ax, ay, bx, by, cx, cy = x0, y0, x1, y1, x2, y2
    if by < ay:
        ax, ay, bx, by = bx, by, ax, ay
    if cy < ay:
        ax, ay, cx, cy = cx, cy, ax, ay
    if cy < by:
        bx, by, cx, cy = cx, cy, bx, by
    tall = (cx - ax) / (cy - ay) if cy > ay else 0.0
    upper = (bx - ax) / (by - ay) if by > ay else 0.0
    lower = (cx - bx) / (cy - by) if cy > by else 0.0
    step = np.float32(across)
    for y in range(first, last + 1):
        one = ax + (y - ay) * tall
        two = ax + (y - ay) * upper if y < by else bx + (y - by) * lower
        begin = max(int(math.ceil(min(one, two))), 0)
        end = min(int(math.floor(max(one, two))), width - 1)
        start = np.float32(z0 + (begin - x0) * across + (y - y0) * down)
        for x in range(begin, end + 1):
            z = start + step * np.float32(x - begin)
            if z * TIE >= inverse[y, x]:
                inverse[y, x] = z
                shown[y, x] = number


@kernel
def fill(
    which: np.ndarray,
    world: np.ndarray,
    screen: np.ndarray,
    near: float,
    facing: float,
    geometry: Any,
    cast: Any,
    points: np.ndarray,
    inverse: np.ndarray,
    shown: np.ndarray,
) -> None:
    """Draw instances `which` into the depth buffer `inverse` and the triangle numbers `shown`.

    `facing` 1 draws what turns its front to the camera, -1 what turns its back. `screen` (3, 4)
    takes the world to (x w, y w, w), w the distance along the camera's axis; `points` (p, 6) is
    scratch: x, y, 1/w, then x w, y w, w of every vertex.
    """
    height, width = inverse.shape
    vertices, faces = geometry.vertices, geometry.faces
    c = np.empty((3, 4))
    polygon = np.empty((4, 3))
    for i in which:
        for j in range(3):
            for k in range(4):
                s = screen[j, 3] if k == 3 else 0.0
                for m in range(3):
                    s += screen[j, m] * world[i, m, k]
                c[j, k] = s
        mesh = cast.mesh[i]
        if _outside(c, geometry.spheres[mesh], near, width, height):
            continue
        begun, at = geometry.vertex_at[mesh], cast.point_at[i]
        behind = False
        # One number at a time: Numba counts references for every row that is taken as an array.
        for k in range(geometry.vertex_at[mesh + 1] - begun):
            v, p = begun + k, at + k
            x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
            w = c[2, 0] * x + c[2, 1] * y + c[2, 2] * z + c[2, 3]
            xw = c[0, 0] * x + c[0, 1] * y + c[0, 2] * z + c[0, 3]
            yw = c[1, 0] * x + c[1, 1] * y + c[1, 2] * z + c[1, 3]
            inverse_w = 1.0 / w if w >= near else 0.0
            behind = behind or w < near
            points[p, 0], points[p, 1], points[p, 2] = xw * inverse_w, yw * inverse_w, inverse_w
            points[p, 3], points[p, 4], points[p, 5] = xw, yw, w
        begun, number = geometry.face_at[mesh], cast.triangle_at[i]
        for k in range(geometry.face_at[mesh + 1] - begun):
            p = at + faces[begun + k, 0]
            q = at + faces[begun + k, 1]
            r = at + faces[begun + k, 2]
            if not behind or (points[p, 2] > 0.0 and points[q, 2] > 0.0 and points[r, 2] > 0.0):
                _triangle(
                    points[p, 0], points[p, 1], points[p, 2],
                    points[q, 0], points[q, 1], points[q, 2],
                    points[r, 0], points[r, 1], points[r, 2],
                    number + k, facing, inverse, shown,
                )  # fmt: skip
                continue
            if points[p, 2] == 0.0 and points[q, 2] == 0.0 and points[r, 2] == 0.0:
                continue
            corners = _clip(points[p], points[q], points[r], near, polygon)
            for m in range(1, corners - 1):
                _triangle(
                    polygon[0, 0], polygon[0, 1], polygon[0, 2],
                    polygon[m, 0], polygon[m, 1], polygon[m, 2],
                    polygon[m + 1, 0], polygon[m + 1, 1], polygon[m + 1, 2],
                    number + k, facing, inverse, shown,
                )  # fmt: skip


@kernel
def _clip(p: np.ndarray, q: np.ndarray, r: np.ndarray, near: float, polygon: np.ndarray) -> int:
    """Cut a triangle at the near plane; fill `polygon` with (x, y, 1/w) and give its corners."""
    count = 0
    a = r
    for k in range(3):
        b = p if k == 0 else (q if k == 1 else r)
        if (a[2] > 0.0) != (b[2] > 0.0):
            # From the far end, so that the neighbour on this edge cuts at the same point.
            u, v = (a, b) if a[2] > 0.0 else (b, a)
            t = (u[5] - near) / (u[5] - v[5])
            polygon[count, 0] = (u[3] + t * (v[3] - u[3])) / near
            polygon[count, 1] = (u[4] + t * (v[4] - u[4])) / near
            polygon[count, 2] = 1.0 / near
            count += 1
        if b[2] > 0.0:
            polygon[count, 0], polygon[count, 1], polygon[count, 2] = b[0], b[1], b[2]
            count += 1
        a = b
    return count
