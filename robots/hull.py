"""Convex hulls of points in space: their faces, volume, and how a plane cuts them."""

from dataclasses import dataclass

import numpy as np

EPSILON = 1e-9
"""Metres; a point no further out of a face than this lies on it."""


@dataclass(frozen=True)
class Hull:
    """A convex hull: `points` (k, 3) and `faces` (f, 3), their corners counter-clockwise.

    Points too few or too flat to have a volume have no faces.
    """

    points: np.ndarray
    faces: np.ndarray

    @property
    def volume(self) -> float:
        """Give the volume, m^3, by the divergence theorem."""
        a, b, c = (self.points[self.faces[:, k]] for k in range(3))
        return float((np.cross(a, b) * c).sum() / 6.0)

    @property
    def edges(self) -> np.ndarray:
        """Give the edges (e, 2); without faces, every pair of points."""
        if not len(self.faces):
            return np.array([np.triu_indices(len(self.points), 1)])[0].T
        pairs = np.concatenate([self.faces[:, [k, (k + 1) % 3]] for k in range(3)])
        return pairs[pairs[:, 0] < pairs[:, 1]]

    def cut(self, normal: np.ndarray, offset: float) -> tuple[np.ndarray, np.ndarray]:
        """Give the points below and above the plane `normal . x = offset`, its own in both."""
        height = self.points @ normal - offset
        ends = self.edges
        across = ends[height[ends[:, 0]] * height[ends[:, 1]] < 0]
        low, high = height[across[:, 0]], height[across[:, 1]]
        share = (low / (low - high))[:, None]
        start, stop = self.points[across[:, 0]], self.points[across[:, 1]]
        middle = start + share * (stop - start)
        return (
            np.concatenate([self.points[height <= 0], middle]),
            np.concatenate([self.points[height >= 0], middle]),
        )


def hull(points: np.ndarray) -> Hull:
    """Give the hull of points (k, 3): incremental, farthest corners first."""
    points = np.unique(points, axis=0)
    flat = Hull(points, np.zeros((0, 3), int))
    if len(points) < 4:
        return flat
    # A first tetrahedron of points far apart, its faces turned outwards.
    a = int(np.argmin(points[:, 0]))
    b = int(np.argmax(np.linalg.norm(points - points[a], axis=1)))
    along = (points[b] - points[a]) / np.linalg.norm(points[b] - points[a])
    c = int(np.argmax(np.linalg.norm(np.cross(points - points[a], along), axis=1)))
    normal = np.cross(along, points[c] - points[a])
    if np.linalg.norm(normal) < EPSILON:
        return flat
    height = (points - points[a]) @ (normal / np.linalg.norm(normal))
    d = int(np.argmax(np.abs(height)))
    if abs(height[d]) < EPSILON:
        return flat
    if height[d] > 0:
        b, c = c, b
    faces = np.array([(a, b, c), (a, d, b), (b, d, c), (c, d, a)])
    centre = points[[a, b, c, d]].mean(axis=0)
    order = np.argsort(-np.linalg.norm(points - centre, axis=1))
    for k in order:
        corner = points[faces]
        normals = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None]
        seen = ((points[k] - corner[:, 0]) * normals).sum(axis=1) > EPSILON
        if not seen.any():
            continue
        edges = {(f[i], f[(i + 1) % 3]) for f in faces[seen].tolist() for i in range(3)}
        rim = [(i, j) for i, j in edges if (j, i) not in edges]
        grown = np.array([(i, j, k) for i, j in sorted(rim)])
        faces = np.concatenate([faces[~seen], grown])
    used, renamed = np.unique(faces, return_inverse=True)
    return Hull(points[used], renamed.reshape(faces.shape))
