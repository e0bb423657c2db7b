"""A belt that carries parts towards -y: where it begins and ends, and how it runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sim.floor import Floor

URDF = Path(__file__).parents[1] / "assets" / "conveyor" / "conveyor.urdf"
NAME = "conveyor"
HALF_WIDTH = 0.075
HOOD = 0.40
"""Where the hood that parts come out of ends, along the belt's y, metres."""
OUTLET, OUTLET_END = -0.40, -0.86
"""Where the outlet begins that parts leave by, and where it stops them."""
TRAVEL = 4.2
"""How far the belt can run in an episode, metres."""
MARK_PITCH = 0.16
FORCE = 4000.0
FAR = 1000.0


class Conveyor:
    """One belt; `middle` (3,) is the middle of its upper side, floor's frame."""

    def __init__(self, floor: Floor, middle: np.ndarray) -> None:
        self.floor, self._middle = floor, middle.tolist()
        floor.add_mechanism(NAME, URDF, np.concatenate([middle, [0.0, 0.0, 0.0, 1.0]]))

    def start(self, speed: float) -> None:
        """Put the belt back to its start and let it run, m/s."""
        self.floor.set_joint(NAME, "belt", 0.0)
        self.floor.set_joint(NAME, "marks", 0.0)
        self.floor.spring(NAME, "belt", FAR, FORCE, speed)

    def observe(self) -> tuple[float, float]:
        """Give the belt's travel and speed, m and m/s, and move its marks along."""
        travel, speed = self.floor.joint(NAME, "belt")
        self.floor.set_joint(NAME, "marks", travel % MARK_PITCH)
        return travel, speed

    def passed(self, place: Sequence[float]) -> bool:
        """Say whether a place (3,) is in the outlet."""
        x, y, z = (a - b for a, b in zip(place, self._middle, strict=True))
        return abs(x) < HALF_WIDTH and OUTLET_END <= y <= OUTLET and z > -0.01
