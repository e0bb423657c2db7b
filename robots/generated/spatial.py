"""Vectors and matrices of expressions: object arrays, so that NumPy's own operators serve."""

import numpy as np

from robots.generated.bodies import Body
from robots.generated.graph import Graph, Scalar

Array = np.ndarray
Z = np.array([0.0, 0.0, 1.0], object)


def constant(values: np.ndarray) -> Array:
    """Give an array of Python floats."""
    return np.asarray(values, float).astype(object)


def zeros(*shape: int) -> Array:
    return constant(np.zeros(shape))


def cross(a: Array, b: Array) -> Array:
    return np.array(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], object
    )


def dot(a: Array, b: Array) -> Scalar:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


class Joint:
    """A body's joint in one configuration: the map between its frame and its parent's."""

    def __init__(self, graph: Graph, body: Body, q: Array) -> None:
        self.body = body
        self.fixed = constant(body.rotation)
        self.origin = constant(body.position)
        value = body.ratio * q[body.dof] + body.offset
        if body.prismatic:
            self.sine, self.cosine = 0.0, 1.0
            self.origin = self.origin + self.fixed[:, 2] * value
        else:
            self.sine, self.cosine = graph.sincos(value)

    def out(self, vector: Array) -> Array:
        """Give a vector of the body's frame in the parent's."""
        x, y, z = vector
        s, c = self.sine, self.cosine
        return self.fixed @ np.array([c * x - s * y, s * x + c * y, z], object)

    def into(self, vector: Array) -> Array:
        """Give a vector of the parent's frame in the body's."""
        x, y, z = self.fixed.T @ vector
        s, c = self.sine, self.cosine
        return np.array([c * x + s * y, c * y - s * x, z], object)

    def turned(self, rotation: Array) -> Array:
        """Give the body's rotation (3, 3) in the frame in which the parent's is given."""
        before = rotation @ self.fixed
        s, c = self.sine, self.cosine
        x, y = before[:, 0], before[:, 1]
        return np.stack([c * x + s * y, c * y - s * x, before[:, 2]], axis=1)


def rotation_of(quaternion: Array) -> Array:
    """Give the rotation (3, 3) of a quaternion xyzw (4,) of any length but zero."""
    x, y, z, w = quaternion
    s = 2.0 / (x * x + y * y + z * z + w * w)
    sx, sy, sz = s * x, s * y, s * z
    xx, yy, zz, xy, xz, yz = sx * x, sy * y, sz * z, sx * y, sx * z, sy * z
    wx, wy, wz = sx * w, sy * w, sz * w
    return np.array(
        [
            [1.0 - (yy + zz), xy - wz, xz + wy],
            [xy + wz, 1.0 - (xx + zz), yz - wx],
            [xz - wy, yz + wx, 1.0 - (xx + yy)],
        ],
        object,
    )
