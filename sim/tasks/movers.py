"""Things that go to and fro on a straight lane and turn round when they would run into someone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.floor import ASSETS, Floor
from sim.tasks.task import yaw_pose

FORCE = 2000.0
LOOK = 1.2
NEAR_END = 0.05
WIDER = 0.05


@dataclass
class Mover:
    """One of them. `axis` is 0 where it goes along x, 1 along y; `half` its half sizes (x, y).

    `lane` is its other coordinate, `place` and `speed` (m, m/s, signed) those along the lane.
    """

    name: str
    axis: int
    reach: tuple[float, float]
    half: tuple[float, float]
    lane: float = 0.0
    pace: float = 0.5
    place: float = 0.0
    ahead: float = 1.0

    def at(self, seconds: float = 0.0) -> tuple[float, float]:
        """Say where it will be (x, y) if it goes on as now and turns only at its ends."""
        low, high = self.reach
        way = self.place + self.ahead * self.pace * seconds
        for _ in range(4):
            if way > high:
                way = 2 * high - way
            elif way < low:
                way = 2 * low - way
        return (way, self.lane) if self.axis == 0 else (self.lane, way)

    def blocked(self, x: float, y: float, radius: float) -> bool:
        """Say whether a disc at (x, y) is so near ahead of it that it has to turn round."""
        along, across = (x, y) if self.axis == 0 else (y, x)
        beside = abs(across - self.lane) > self.half[1 - self.axis] + radius + WIDER
        gap = self.ahead * (along - self.place) - self.half[self.axis] - radius
        behind = self.ahead * (along - self.place) < 0.0
        return not beside and not behind and gap < LOOK

    def turn_round(self) -> None:
        """Go the other way."""
        self.ahead = -self.ahead

    @property
    def end(self) -> float:
        """The end of the lane that it goes to."""
        return self.reach[1] if self.ahead > 0 else self.reach[0]


def add(floor: Floor, name: str, table: dict[str, Any]) -> Mover:
    """Stand a mover on the floor: the URDF of its name, on a joint `slide` along its lane."""
    low, high = (float(place) for place in table["reach"])
    half_x, half_y = (float(size) for size in table["half"])
    axis = 0 if table["along"] == "x" else 1
    mover = Mover(name, axis, (low, high), (half_x, half_y), lane=float(table["lane"][0]))
    floor.add_mechanism(name, ASSETS / "hall" / f"{name}.urdf", rail(mover))
    return mover


def rail(mover: Mover) -> np.ndarray:
    """Give the pose (7,) of the rail that a mover slides on, its zero at the floor's."""
    if mover.axis == 0:
        return yaw_pose(0.0, mover.lane, 0.0)
    return yaw_pose(mover.lane, 0.0, 0.0, np.pi / 2)


def start(floor: Floor, mover: Mover) -> None:
    """Put a mover where its numbers say, and set it going."""
    floor.place(mover.name, rail(mover))
    floor.set_joint(mover.name, "slide", mover.place)
    floor.spring(mover.name, "slide", mover.end, FORCE, mover.pace)


def guide(floor: Floor, mover: Mover, x: float, y: float, radius: float) -> None:
    """Turn a mover round where its lane ends or a disc is in its way; once a step."""
    mover.place = floor.joint(mover.name, "slide")[0]
    at_end = mover.ahead * (mover.end - mover.place) < NEAR_END
    if at_end or mover.blocked(x, y, radius):
        mover.turn_round()
        floor.spring(mover.name, "slide", mover.end, FORCE, mover.pace)
