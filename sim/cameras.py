"""Cameras: where they stand, and the matrices that follow from it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

NEAR, FAR = 0.01, 3.0
Vector = tuple[float, ...]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, fixed in the base frame or riding on a link.

    `eye`, `target`, `up`, each (3,), are in the base frame, or in the frame of `link`.
    `fov_deg` is the vertical field of view; what is nearer than `near` metres ahead or `far` and
    more is not drawn. A larger `near` lets OpenGL tell surfaces apart that are close together.
    """

    name: str
    eye: np.ndarray
    target: np.ndarray
    up: np.ndarray
    fov_deg: float
    link: str | None = None
    far: float = FAR
    near: float = NEAR

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any]) -> "Camera":
        """Read one from a scene's TOML table."""
        eye, target, up = (np.array(table[key], float) for key in ("eye", "target", "up"))
        far, near = float(table.get("far", FAR)), float(table.get("near", NEAR))
        return cls(name, eye, target, up, float(table["fov_deg"]), table.get("link"), far, near)

    def _axes(self, position: np.ndarray, rotation: np.ndarray) -> tuple[Vector, ...]:
        """Give the unit vectors right, down and ahead in the world, and where the camera is."""
        # In plain numbers: a tenth of NumPy's time for so few, and the same bits on every CPU.
        turn, place = np.asarray(rotation).tolist(), np.asarray(position).tolist()
        eye, target, up = (
            tuple(sum(t * x for t, x in zip(row, v, strict=True)) for row in turn)
            for v in (self.eye.tolist(), self.target.tolist(), self.up.tolist())
        )
        ahead = unit(tuple(t - e for t, e in zip(target, eye, strict=True)))
        right = unit(cross(ahead, up))
        return right, cross(ahead, right), ahead, tuple(map(sum, zip(place, eye, strict=True)))

    def pose(self, position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        """Give camera_in_world (4, 4) for a carrier's pose: (3,), (3, 3).

        The camera's axes are OpenCV's: x to the right of the picture, y down, z ahead; metres.
        """
        matrix = np.eye(4)
        matrix[:3] = np.array(self._axes(position, rotation)).T
        return matrix

    def intrinsics(self, width: int, height: int, renderer: str = "fast") -> np.ndarray:
        """Give the matrix (3, 3) from the camera's OpenCV axes to pixels, centres at integers.

        (u, v, 1) = K (x, y, z) / z. The axis meets the picture where the renderer puts it: fast
        and tiny sample the corner of a pixel, OpenGL (egl, the window) its centre.
        """
        focal = height / 2 / math.tan(math.radians(self.fov_deg) / 2)
        if renderer in ("fast", "tiny"):
            centre = (width / 2, height / 2 - 1)
        else:
            centre = ((width - 1) / 2, (height - 1) / 2)
        return np.array([(focal, 0, centre[0]), (0, focal, centre[1]), (0, 0, 1)], float)

    def view(self, position: np.ndarray, rotation: np.ndarray) -> list[float]:
        """Give the OpenGL view matrix, column-major, for a carrier's pose: (3,), (3, 3)."""
        right, down, ahead, eye = self._axes(position, rotation)
        rows = (right, tuple(-x for x in down), tuple(-x for x in ahead))
        found = [row[k] for k in range(3) for row in (*rows, (0.0, 0.0, 0.0))]
        return found + [-sum(a * e for a, e in zip(row, eye, strict=True)) for row in rows] + [1.0]

    def projection(self, width: int, height: int) -> list[float]:
        """Give the OpenGL projection matrix, column-major."""
        f = 1.0 / math.tan(math.radians(self.fov_deg) / 2)
        far, near = self.far, self.near
        depth, shift = (far + near) / (near - far), 2 * far * near / (near - far)
        first = f * height / width
        return [first, 0.0, 0.0, 0.0, 0.0, f, 0.0, 0.0, 0.0, 0.0, depth, -1.0, 0.0, 0.0, shift, 0.0]


def cross(a: Vector, b: Vector) -> Vector:
    """Give the vector product of two vectors (3,)."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def unit(a: Vector) -> Vector:
    """Give a vector (3,) with its length made one."""
    length = math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])
    return a[0] / length, a[1] / length, a[2] / length
