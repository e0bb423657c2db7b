"""Cameras: where they stand, and the matrices that follow from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

NEAR, FAR = 0.01, 3.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, fixed in the base frame or riding on a link.

    `eye`, `target`, `up`, each (3,), are in the base frame, or in the frame of `link`.
    `fov_deg` is the vertical field of view. What is not between `near`
    and `far`, metres, is not drawn.
    """

    name: str
    eye: np.ndarray
    target: np.ndarray
    up: np.ndarray
    fov_deg: float
    link: str | None = None
    near: float = NEAR
    far: float = FAR

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any]) -> "Camera":
        """Read one from a scene's TOML table."""
        eye, target, up = (np.array(table[key], float) for key in ("eye", "target", "up"))
        near, far = float(table.get("near", NEAR)), float(table.get("far", FAR))
        return cls(name, eye, target, up, float(table["fov_deg"]), table.get("link"), near, far)

    def view(self, position: np.ndarray, rotation: np.ndarray) -> list[float]:
        """Give the OpenGL view matrix, column-major, for a carrier's pose: (3,), (3, 3)."""
        eye = position + rotation @ self.eye
        forward = position + rotation @ self.target - eye
        forward = forward / np.linalg.norm(forward)
        side = np.cross(forward, rotation @ self.up)
        side = side / np.linalg.norm(side)
        above = np.cross(side, forward)
        matrix = np.eye(4)
        matrix[:3, :3] = (side, above, -forward)
        matrix[:3, 3] = -matrix[:3, :3] @ eye
        return [float(x) for x in matrix.T.ravel()]

    def projection(self, width: int, height: int) -> list[float]:
        """Give the OpenGL projection matrix, column-major."""
        f = 1.0 / np.tan(np.radians(self.fov_deg) / 2)
        near, far = self.near, self.far
        matrix = np.zeros((4, 4))
        matrix[0, 0] = f * height / width
        matrix[1, 1] = f
        matrix[2, 2] = (far + near) / (near - far)
        matrix[2, 3] = 2 * far * near / (near - far)
        matrix[3, 2] = -1
        return [float(x) for x in matrix.T.ravel()]
