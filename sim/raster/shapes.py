"""Triangles of boxes, cylinders, capsules, spheres and planes."""

import math

import numpy as np

ROUND = 32
PLANE_HALF = 128.0


def box(size: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a box of full size (3,): vertices (8, 3), faces (12, 3), corner normals (12, 3, 3)."""
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    faces, normals = [], []
    for axis in range(3):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        for side in (-1, 1):
            corner = [0] * 4
            for k, (a, b) in enumerate(((-1, -1), (1, -1), (1, 1), (-1, 1))):
                place = {axis: side, one: a, two: b}
                corner[k] = sum((place[i] > 0) << (2 - i) for i in range(3))
            if side < 0:
                corner.reverse()
            faces += [(corner[0], corner[1], corner[2]), (corner[0], corner[2], corner[3])]
            normals += [np.eye(3)[axis] * side] * 2
    return signs * np.array(size) / 2, np.array(faces), np.repeat(np.array(normals)[:, None], 3, 1)


def plane() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give a large square in z = 0 that looks up, with texture coordinates a metre apart."""
    h = PLANE_HALF
    vertices = np.array([(h, h, 0), (-h, h, 0), (-h, -h, 0), (h, -h, 0)])
    corners = np.array([(h, h), (0, h), (0, 0), (h, 0)])
    faces = np.array([(0, 1, 2), (0, 2, 3)])
    return vertices, faces, np.tile([0.0, 0.0, 1.0], (2, 3, 1)), corners[faces]


def turned(outline: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Turn an outline of (radius, z), from the bottom up, about z: vertices and faces."""
    angles = [2 * math.pi * k / ROUND for k in range(ROUND)]
    vertices = [(r * math.cos(a), r * math.sin(a), z) for r, z in outline for a in angles]
    faces = []
    for row in range(len(outline) - 1):
        for k in range(ROUND):
            a, b = row * ROUND + k, row * ROUND + (k + 1) % ROUND
            faces += [(a, b, b + ROUND), (a, b + ROUND, a + ROUND)]
    return np.array(vertices), np.array(faces)


def cylinder(radius: float, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a cylinder along z about the origin: vertices, faces, corner normals."""
    half = length / 2
    vertices, faces = turned([(0, -half), (radius, -half), (radius, half), (0, half)])
    normals = vertices[faces] * (1, 1, 0)
    normals[: 2 * ROUND] = (0, 0, -1)
    normals[-2 * ROUND :] = (0, 0, 1)
    return vertices, faces, normals


def capsule(radius: float, length: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a capsule along z: a cylinder of that length between two half spheres."""
    steps = ROUND // 4
    angles = [math.pi / 2 * (k / steps - 1) for k in range(steps + 1)]
    half = length / 2
    low = [(radius * math.cos(a), radius * math.sin(a)) for a in angles]
    outline = [(r, z - half) for r, z in low] + [(r, half - z) for r, z in reversed(low)]
    vertices, faces = turned(outline)
    centres = np.sign(vertices[:, 2:]) * (0, 0, half)
    return vertices, faces, (vertices - centres)[faces]


def sphere(radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a sphere: vertices, faces, corner normals."""
    return capsule(radius, 0.0)
