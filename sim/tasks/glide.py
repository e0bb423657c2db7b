"""Scripts whose goal glides: smooth starts and stops, so that the arm does not swing past."""

import math
from collections.abc import Iterator

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.script import DOWN, Script


class GlideScript(Script):
    """A scripted policy that moves the goal itself along a line, from where the goal last was.

    What the arm lacks to its goal is left to the controller, and to the script to look at.
    """

    def __init__(self, arm: ArmRig, hz: int) -> None:
        self.hz = hz
        self.at = arm.tool[:3].copy()
        self.heading = arm.tool[3:].copy()
        super().__init__(arm)

    def glide(
        self, place: np.ndarray, turn: np.ndarray = DOWN, speed: float = 0.25, least: int = 1
    ) -> Iterator[np.ndarray]:
        """Move the goal to a place (3,) and orientation (4,) at a mean speed, m/s."""
        start, begun = self.at.copy(), self.heading.copy()
        if sum(float(a) * float(b) for a, b in zip(begun, turn, strict=True)) < 0:
            begun = -begun
        x, y, z = (float(a - b) for a, b in zip(place, start, strict=True))
        length = math.sqrt(x * x + y * y + z * z)
        steps = max(least, math.ceil(length / speed * self.hz))
        for k in range(1, steps + 1):
            t = k / steps
            share = t * t * (3 - 2 * t)
            yield self.aim(start + share * (place - start), blend(begun, turn, share))

    def stay(self, steps: int) -> Iterator[np.ndarray]:
        """Leave the goal where it is for some steps."""
        for _ in range(steps):
            yield self.aim(self.at, self.heading)

    def squeeze(self, opening: float, steps: int) -> Iterator[np.ndarray]:
        """Open or close the gripper, 0 closed .. 1 open, the goal where it is."""
        self.opening = opening
        yield from self.stay(steps)

    def aim(self, place: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Put the goal at a place (3,) and orientation (4,); give the action (8,)."""
        self.at, self.heading = place.copy(), turn.copy()
        return self.pose(place, turn)


def blend(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Give the orientation (4,) part of the way from one to another, less than a turn apart."""
    mixed = one + share * (other - one)
    found: np.ndarray = mixed / math.sqrt(sum(float(v) * float(v) for v in mixed))
    return found
