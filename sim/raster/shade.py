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

    `light` (6,): unit direction to it, then ambient, diffuse, specular.
    """
    height, width = shown.shape
    ambient, diffuse, specular = light[3], light[4], light[5]
    present = -1
    e = np.zeros((3, 3))
    n = np.zeros((3, 3))
    flat, wrapped, mapped = True, False, False
    i, mesh, face = 0, 0, 0
    lx, ly, lz, zx, zy, zz, sign = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0
    red, green, blue = 0.0, 0.0, 0.0
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
                m = world[i]
                # The light and the world's z, as the instance's own frame sees them.
                lx = m[0, 0] * light[0] + m[1, 0] * light[1] + m[2, 0] * light[2]
                ly = m[0, 1] * light[0] + m[1, 1] * light[1] + m[2, 1] * light[2]
                lz = m[0, 2] * light[0] + m[1, 2] * light[1] + m[2, 2] * light[2]
                zx, zy, zz = m[2, 0], m[2, 1], m[2, 2]
                red, green, blue = cast.colours[i, 0], cast.colours[i, 1], cast.colours[i, 2]
                flat = geometry.flat[face]
                wrapped = cast.patterns[i, 0] > 0.0
                mapped = geometry.texture_at[mesh, 1] > 0
                corners = geometry.normals[face]
                if flat:
                    a = corners[0]
                    along = a[0] * lx + a[1] * ly + a[2] * lz
                    up = a[0] * zx + a[1] * zy + a[2] * zz
                    mirrored = max(2.0 * along * up - light[2], 0.0)
                    bright = ambient + shadow * (
                        diffuse * max(along, 0.0) + specular * mirrored * mirrored
                    )
                if not flat or wrapped or mapped:
                    # Weights of the corners at a screen point (x, y, 1): e (3, 3) times it, up to
                    # one factor; it also holds for corners behind the camera.
                    at = cast.point_at[i]
                    sign = 0.0
                    for k in range(3):
                        b = points[at + geometry.faces[face, (k + 1) % 3]]
                        d = points[at + geometry.faces[face, (k + 2) % 3]]
                        e[k, 0] = b[4] * d[5] - b[5] * d[4]
                        e[k, 1] = b[5] * d[3] - b[3] * d[5]
                        e[k, 2] = b[3] * d[4] - b[4] * d[3]
                        sign += e[k, 0] * x + e[k, 1] * y + e[k, 2]
                    sign = 1.0 if sign > 0.0 else -1.0
                    for j in range(3):
                        for k in range(3):
                            n[j, k] = sign * (
                                corners[0, j] * e[0, k]
                                + corners[1, j] * e[1, k]
                                + corners[2, j] * e[2, k]
                            )
            if not flat:
                nx = n[0, 0] * x + n[0, 1] * y + n[0, 2]
                ny = n[1, 0] * x + n[1, 1] * y + n[1, 2]
                nz = n[2, 0] * x + n[2, 1] * y + n[2, 2]
                square = nx * nx + ny * ny + nz * nz
                scale = 1.0 / math.sqrt(square) if square > 0.0 else 0.0
                along = (nx * lx + ny * ly + nz * lz) * scale
                up = (nx * zx + ny * zy + nz * zz) * scale
                mirrored = max(2.0 * along * up - light[2], 0.0)
                bright = ambient + shadow * (
                    diffuse * max(along, 0.0) + specular * mirrored * mirrored
                )
            r, g, b_ = red, green, blue
            if wrapped or mapped:
                w0 = e[0, 0] * x + e[0, 1] * y + e[0, 2]
                w1 = e[1, 0] * x + e[1, 1] * y + e[1, 2]
                w2 = e[2, 0] * x + e[2, 1] * y + e[2, 2]
                total = w0 + w1 + w2
                w0, w1, w2 = w0 / total, w1 / total, w2 / total
                if mapped:
                    places = geometry.places[face]
                    u = w0 * places[0, 0] + w1 * places[1, 0] + w2 * places[2, 0]
                    v = w0 * places[0, 1] + w1 * places[1, 1] + w2 * places[2, 1]
                    image = geometry.texture_at[mesh]
                    start, tall, wide = image[0], image[1], image[2]
                    column = min(int((u - math.floor(u)) * wide), wide - 1)
                    row = tall - 1 - min(int((v - math.floor(v)) * tall), tall - 1)
                    texel = start + 3 * (row * wide + column)
                    r = math.floor(r * geometry.texels[texel] / 255.0)
                    g = math.floor(g * geometry.texels[texel + 1] / 255.0)
                    b_ = math.floor(b_ * geometry.texels[texel + 2] / 255.0)
                if wrapped:
                    base = geometry.vertex_at[mesh]
                    a = geometry.vertices[base + geometry.faces[face, 0]]
                    c = geometry.vertices[base + geometry.faces[face, 1]]
                    d = geometry.vertices[base + geometry.faces[face, 2]]
                    value = _pattern(
                        cast.patterns[i],
                        w0 * a[0] + w1 * c[0] + w2 * d[0],
                        w0 * a[1] + w1 * c[1] + w2 * d[1],
                        w0 * a[2] + w1 * c[2] + w2 * d[2],
                    )
                    r, g, b_ = r * value, g * value, b_ * value
            rgb[y, x, 0] = np.uint8(min(max(r * bright, 0.0), 255.0))
            rgb[y, x, 1] = np.uint8(min(max(g * bright, 0.0), 255.0))
            rgb[y, x, 2] = np.uint8(min(max(b_ * bright, 0.0), 255.0))
            who[y, x] = i
