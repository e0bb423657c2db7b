"""Open bins that stand still: a floor and four walls of boxes, and what lies inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.scene import Fixture


@dataclass(frozen=True)
class Bin:
    """An open box: centre of its underside (3,), inner size (x, y), metres."""

    position: tuple[float, float, float]
    inner: tuple[float, float]
    floor: float
    height: float
    boxes: tuple[Fixture, ...]

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> "Bin":
        """Work out the boxes of a bin from a scene's table."""
        x, y, z = (float(number) for number in table["position"])
        depth, width = (float(number) for number in table["inner"])
        wall, height, floor = table["wall"], table["height"], table["floor"]
        colour, lining = tuple(table["colour"]), tuple(table["lining"])
        boxes = [Fixture((depth, width, floor), (x, y, z + floor / 2), lining)]
        for side in (-1, 1):
            across = (x + side * (depth + wall) / 2, y, z + height / 2)
            along = (x, y + side * (width + wall) / 2, z + height / 2)
            boxes.append(Fixture((wall, width + 2 * wall, height), across, colour))
            boxes.append(Fixture((depth, wall, height), along, colour))
        return cls((x, y, z), (depth, width), floor, height, tuple(boxes))

    def holds(self, place: Sequence[float] | np.ndarray) -> bool:
        """Say whether a place (3,) is over the bin's inside."""
        dx, dy = abs(place[0] - self.position[0]), abs(place[1] - self.position[1])
        return bool(dx < self.inner[0] / 2 and dy < self.inner[1] / 2)

    @property
    def centre(self) -> np.ndarray:
        """Give the centre (3,) of the floor's upper side."""
        x, y, z = self.position
        return np.array([x, y, z + self.floor])
