"""The scripted expert of Palletize: one carton after the other, lower layers first."""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.glide import GlideScript
from sim.tasks.patterns import HEIGHT, WIDTH, yaw_of
from sim.tasks.script import down

UP = np.array([0.0, 0.0, 1.0])
GRASP = HEIGHT - 0.012
"""The tool's height over the carton's foot: the fingertips reach 7 mm further down."""
HOVER = 0.06
FINGERS = 0.080
LOOSE = (WIDTH + 0.008) / FINGERS
QUICK, SLOW, FINE = 0.40, 0.20, 0.08


class Stack(Protocol):
    """What the expert needs to know of its task."""

    poses: dict[str, np.ndarray]
    places: np.ndarray

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""

    def next(self) -> tuple[str, int] | None:
        """Give the carton and the place that come next, if any."""


class PalletizeExpert(GlideScript):
    """Grips a carton by its long sides, carries it over the stack, sets it down, opens a little.

    Gives `ee_pose` actions at 10 Hz. It looks again at every carton before it takes it, and at
    how the carton lies in the hand before it sets it down.
    """

    def __init__(self, task: Stack) -> None:
        self.task = task
        super().__init__(task.arm, hz=10)

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        while (left := self.task.next()) is not None:
            name, k = left
            yield from self.fetch(name, float(self.task.places[k, 3]))
            yield from self.deliver(name, self.task.places[k])
        yield from self.glide(self.at + 0.1 * UP, self.heading)

    def fetch(self, name: str, heading: float) -> Iterator[np.ndarray]:
        """Take a carton that is going to be set down at a yaw, and lift it.

        Between the two the hand turns by less than a quarter: Bullet keeps the normals of old
        contacts as they were in the world, and after half a turn they would hold the carton fast.
        """
        pose = self.task.poses[name]
        turn = down(near(yaw_of(pose), heading))
        spot = pose[:3] + GRASP * UP
        yield from self.over(spot, turn)
        self.opening = 1.0
        yield from self.glide(spot + HOVER * UP, turn, SLOW)
        yield from self.glide(spot, turn, SLOW)
        yield from self.stay(2)
        yield from self.squeeze(0.0, 3)
        yield from self.glide(spot + HOVER * UP, turn, SLOW)

    def deliver(self, name: str, place: np.ndarray) -> Iterator[np.ndarray]:
        """Set the carton in the hand down at a place (4,) and leave it."""
        turn = down(float(place[3]))
        spot = place[:3] + GRASP * UP
        yield from self.over(spot, turn)
        yield from self.glide(spot + HOVER * UP, turn, SLOW)
        yield from self.stay(3)
        # Wherever the hand holds the carton, it is the carton that has to be in place.
        spot = place[:3] + self.arm.tool[:3] - self.task.poses[name][:3]
        yield from self.glide(spot + 0.012 * UP, turn, SLOW)
        yield from self.glide(spot, turn, FINE)
        yield from self.stay(1)
        yield from self.squeeze(LOOSE, 2)
        yield from self.glide(spot + HOVER * UP, turn, SLOW)

    def over(self, spot: np.ndarray, turn: np.ndarray) -> Iterator[np.ndarray]:
        """Rise to the height that clears all cartons between here and there, and go over."""
        free = float(max(self.task.places[:, 2])) + HEIGHT + GRASP + 0.03
        here, there = self.at.copy(), spot.copy()
        here[2] = there[2] = max(free, float(spot[2]) + HOVER)
        yield from self.glide(here, self.heading.copy(), QUICK)
        yield from self.glide(there, turn, QUICK, least=8)


def near(heading: float, other: float) -> float:
    """Give the heading, or the one half a turn from it, that is nearer to another."""
    return other + (heading - other + math.pi / 2) % math.pi - math.pi / 2
