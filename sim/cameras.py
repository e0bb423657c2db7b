"""Cameras: where they stand, and the matrices that follow from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

NEAR, FAR = 0.01, 3.0


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, fixed in the base frame or riding on a link.

    `eye`, `target`, `up`, each (3,), are in the base frame, or in the frame of `link`.
    `fov_deg` is the vertical field of view.
    """

    name: str
    eye: np.ndarray
    target: np.ndarray
    up: np.ndarray
    fov_deg: float
    link: str | None = None

    @classmethod
    def from_table(cls, name: str, table: dict[str, Any]) -> "Camera":
        """Read one from a scene's TOML table."""
        eye, target, up = (np.array(table[key], float) for key in ("eye", "target", "up"))
        return cls(name, eye, target, up, float(table["fov_deg"]), table.get("link"))

    def _axes(
        self, position: np.ndarray, rotation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give where the camera is, and the unit vectors ahead and to its right, (3,) each."""
        eye = position + rotation @ self.eye
        forward = position + rotation @ self.target - eye
        forward = forward / np.linalg.norm(forward)
        side = np.cross(forward, rotation @ self.up)
        return eye, forward, side / np.linalg.norm(side)

    def pose(self, position: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        """Give camera_in_world (4, 4) for a carrier's pose: (3,), (3, 3).

        The camera's axes are OpenCV's: x to the right of the picture, y down, z ahead; metres.
        """
        eye, forward, side = self._axes(position, rotation)
        matrix = np.eye(4)
        matrix[:3, :3] = np.stack((side, np.cross(forward, side), forward), 1)
        matrix[:3, 3] = eye
        return matrix

    def intrinsics(self, width: int, height: int, renderer: str = "fast") -> np.ndarray:
        """Give the matrix (3, 3) from the camera's OpenCV axes to pixels, centres at integers.

        (u, v, 1) = K (x, y, z) / z. The axis meets the picture where the renderer puts it: fast
        and tiny sample the corner of a pixel, OpenGL (egl, the window) its centre.
        """
        focal = height / 2 / np.tan(np.radians(self.fov_deg) / 2)
        if renderer in ("fast", "tiny"):
            centre = (width / 2, height / 2 - 1)
        else:
            centre = ((width - 1) / 2, (height - 1) / 2)
        return np.array([(focal, 0, centre[0]), (0, focal, centre[1]), (0, 0, 1)], float)

    def view(self, position: np.ndarray, rotation: np.ndarray) -> list[float]:
        """Give the OpenGL view matrix, column-major, for a carrier's pose: (3,), (3, 3)."""
        eye, forward, side = self._axes(position, rotation)
        above = np.cross(side, forward)
        matrix = np.eye(4)
        matrix[:3, :3] = (side, above, -forward)
        matrix[:3, 3] = -matrix[:3, :3] @ eye
        return [float(x) for x in matrix.T.ravel()]

    def projection(self, width: int, height: int) -> list[float]:
        """Give the OpenGL projection matrix, column-major."""
        f = 1.0 / np.tan(np.radians(self.fov_deg) / 2)
        matrix = np.zeros((4, 4))
        matrix[0, 0] = f * height / width
        matrix[1, 1] = f
        matrix[2, 2] = (FAR + NEAR) / (NEAR - FAR)
        matrix[2, 3] = 2 * FAR * NEAR / (NEAR - FAR)
        matrix[3, 2] = -1
        return [float(x) for x in matrix.T.ravel()]
