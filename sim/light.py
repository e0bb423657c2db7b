"""The light on a scene."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """One distant light: `direction` (3,) points to it, in the world; the rest are shares.

    A matt surface that faces the light shows ambient + diffuse of its colour, `specular` more
    where it mirrors the light upwards.
    """

    direction: tuple[float, float, float]
    ambient: float = 0.65
    diffuse: float = 0.45
    specular: float = 0.05

    def unit(self) -> tuple[float, float, float]:
        """Give the direction with length one."""
        x, y, z = self.direction
        length = math.sqrt(x * x + y * y + z * z)
        return x / length, y / length, z / length

    def rays(self) -> np.ndarray:
        """Give (6,): unit direction, ambient, diffuse, specular."""
        return np.array((*self.unit(), self.ambient, self.diffuse, self.specular))
