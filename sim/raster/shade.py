"""The colour of each pixel: TinyRenderer's light on the triangle that `fill` found there.

colour * (ambient + shadow * (diffuse * max(0, n.l) + specular * max(0, r.z)^2)), with n the
normal, l the direction to the light and r its reflection, in whole steps of 1/255, cut off.
"""

import math
from typing import Any

import numpy as np

from robots.kernel import kernel

PLAIN, CHECKER, NOISE, STRIPES = 0, 1, 2, 3


@kernel
def _lattice(x: int, y: int, z: int) -> float:
    """Give a fixed random number in 0..1 for a point of the integer lattice."""
    h = np.uint32(x) * np.uint32(73856093) ^ np.uint32(y) * np.uint32(19349663)
    h = np.uint32(h ^ np.uint32(z) * np.uint32(83492791))
    h = np.uint32((h ^ (h >> np.uint32(15))) * np.uint32(0x2C1B3C6D))
    h = np.uint32((h ^ (h >> np.uint32(12))) * np.uint32(0x297A2D39))
    return float(h ^ (h >> np.uint32(15))) / 4294967295.0


@kernel
def _noise(x: float, y: float, z: float) -> float:
    """Give smooth noise in 0..1: the lattice's numbers, blended."""
    i, j, k = math.floor(x), math.floor(y), math.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    total = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                share = (u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w)
                total += share * _lattice(int(i) + a, int(j) + b, int(k) + c)
    return total


@kernel
def _pattern(p: np.ndarray, x: float, y: float, z: float) -> float:
    """Give what a pattern (6,) multiplies a colour by at a point of its body."""
    x, y, z = x / p[1] + p[3], y / p[1] + p[4], z / p[1] + p[5]
    kind = int(p[0])
    if kind == CHECKER:
        cells = int(math.floor(x)) + int(math.floor(y)) + int(math.floor(z))
        value = float(cells & 1)
    elif kind == NOISE:
        value = 0.65 * _noise(x, y, z) + 0.35 * _noise(3.1 * x, 3.1 * y, 3.1 * z)
    else:
        value = float(int(math.floor(x + y)) & 1)
    return 1.0 + p[2] * (2.0 * value - 1.0)


@kernel
def _turn_light(world: np.ndarray, i: int, light: np.ndarray, rays: np.ndarray) -> None:
    """Give the light's direction and the world's z, (2, 3), as an instance's frame sees them."""
    for k in range(3):
        rays[0, k] = (
            world[i, 0, k] * light[0] + world[i, 1, k] * light[1] + world[i, 2, k] * light[2]
        )
        rays[1, k] = world[i, 2, k]


@kernel
def _brightness(
    x: float, y: float, z: float, rays: np.ndarray, light: np.ndarray, shadow: float
) -> float:
    """Give what a surface with a normal of any length multiplies its colour by."""
    square = x * x + y * y + z * z
    scale = 1.0 / math.sqrt(square) if square > 0.0 else 0.0
    along = (x * rays[0, 0] + y * rays[0, 1] + z * rays[0, 2]) * scale
    up = (x * rays[1, 0] + y * rays[1, 1] + z * rays[1, 2]) * scale
    mirrored = max(2.0 * along * up - light[2], 0.0)
    direct = light[4] * max(along, 0.0) + light[5] * mirrored * mirrored
    return light[3] + shadow * direct


@kernel
def _weigh(
    points: np.ndarray, faces: np.ndarray, face: int, at: int, x: int, y: int, e: np.ndarray
) -> None:
    """Fill e (3, 3): times (x, y, 1) it gives the weights of a triangle's corners at a pixel, up
    to a positive factor. It holds for corners behind the camera too.
    """
    total = 0.0
    for k in range(3):
        p, q = at + faces[face, (k + 1) % 3], at + faces[face, (k + 2) % 3]
        px, py, pw = points[p, 3], points[p, 4], points[p, 5]
        qx, qy, qw = points[q, 3], points[q, 4], points[q, 5]
        e[k, 0] = py * qw - pw * qy
        e[k, 1] = pw * qx - px * qw
        e[k, 2] = px * qy - py * qx
        total += e[k, 0] * x + e[k, 1] * y + e[k, 2]
    if total < 0.0:
        for k in range(3):
            for j in range(3):
                e[k, j] = -e[k, j]


@kernel
def _surface(
    geometry: Any, cast: Any, i: int, face: int, w: np.ndarray, colour: np.ndarray
) -> None:
    """Take a colour (3,) through the texture and the pattern at corner weights w (3,)."""
    mesh = cast.mesh[i]
    tall, wide = geometry.texture_at[mesh, 1], geometry.texture_at[mesh, 2]
    if tall > 0:
        u, v = 0.0, 0.0
        for k in range(3):
            u += w[k] * geometry.places[face, k, 0]
            v += w[k] * geometry.places[face, k, 1]
        column = min(int((u - math.floor(u)) * wide), wide - 1)
        row = tall - 1 - min(int((v - math.floor(v)) * tall), tall - 1)
        texel = geometry.texture_at[mesh, 0] + 3 * (row * wide + column)
        for k in range(3):
            colour[k] = math.floor(colour[k] * geometry.texels[texel + k] / 255.0)
    if cast.patterns[i, 0] > 0.0:
        x, y, z = 0.0, 0.0, 0.0
        for k in range(3):
            p = geometry.vertex_at[mesh] + geometry.faces[face, k]
            x += w[k] * geometry.vertices[p, 0]
            y += w[k] * geometry.vertices[p, 1]
            z += w[k] * geometry.vertices[p, 2]
        value = _pattern(cast.patterns[i], x, y, z)
        for k in range(3):
            colour[k] *= value


@kernel
def shade(
    shown: np.ndarray,
    world: np.ndarray,
    light: np.ndarray,
    shadow: float,
    geometry: Any,
    cast: Any,
    points: np.ndarray,
    rgb: np.ndarray,
    who: np.ndarray,
) -> None:
    """Colour the pixels of rgb (h, w, 3), and name their instances in `who`, where shown >= 0.

    `light` (6,): unit direction to it, then ambient, diffuse, specular; `shadow` the share of
    its direct part that arrives.
    """
    height, width = shown.shape
    normals = geometry.normals
    rays, e, n = np.zeros((2, 3)), np.zeros((3, 3)), np.zeros((3, 3))
    weights, colour = np.zeros(3), np.zeros(3)
    present, i, face = -1, 0, 0
    flat, varied = True, False
    bright = 0.0
    for y in range(height):
        for x in range(width):
            number = shown[y, x]
            if number < 0:
                continue
            if number != present:
                present = number
                i = cast.owner[number]
                mesh = cast.mesh[i]
                face = geometry.face_at[mesh] + number - cast.triangle_at[i]
                flat = geometry.flat[face]
                varied = cast.patterns[i, 0] > 0.0 or geometry.texture_at[mesh, 1] > 0
                for k in range(3):
                    colour[k] = cast.colours[i, k]
                _turn_light(world, i, light, rays)
                if not flat or varied:
                    _weigh(points, geometry.faces, face, cast.point_at[i], x, y, e)
                if flat:
                    nx, ny, nz = normals[face, 0, 0], normals[face, 0, 1], normals[face, 0, 2]
                    bright = _brightness(nx, ny, nz, rays, light, shadow)
                else:
                    # The weighted normal, times (x, y, 1) as well.
                    for j in range(3):
                        for k in range(3):
                            n[j, k] = (
                                normals[face, 0, j] * e[0, k]
                                + normals[face, 1, j] * e[1, k]
                                + normals[face, 2, j] * e[2, k]
                            )
            if not flat:
                nx = n[0, 0] * x + n[0, 1] * y + n[0, 2]
                ny = n[1, 0] * x + n[1, 1] * y + n[1, 2]
                nz = n[2, 0] * x + n[2, 1] * y + n[2, 2]
                bright = _brightness(nx, ny, nz, rays, light, shadow)
            if varied:
                total = 0.0
                for k in range(3):
                    weights[k] = e[k, 0] * x + e[k, 1] * y + e[k, 2]
                    total += weights[k]
                    colour[k] = cast.colours[i, k]
                for k in range(3):
                    weights[k] /= total
                _surface(geometry, cast, i, face, weights, colour)
            for k in range(3):
                rgb[y, x, k] = np.uint8(min(max(colour[k] * bright, 0.0), 255.0))
            who[y, x] = i
