"""The scripted expert of PegInsert: fetch, feel for the hole, follow the shaft in."""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.glide import GlideScript
from sim.tasks.patterns import yaw_of
from sim.tasks.script import down

UP = np.array([0.0, 0.0, 1.0])
GRASP = 0.078
"""The tool's height over the shaft's foot."""
CLEAR = 0.075
SNUG = 0.42
QUICK, SLOW = 0.30, 0.12
SINK = 0.0008
"""How far a guarded move goes in a step, metres."""
TOUCH = 2.5
"""What is felt at the mouth, N."""
LEAN, LEAD = 0.004, 0.010
"""How far the goal goes under the shaft, metres: searching, and at most on the way in. How hard
that presses is up to the arm's springs, some 1.2 N a millimetre at the default stiffness."""
CAUGHT, SEATED = 0.0007, 0.038
PITCH, WIDEST, STRIDE, CHASE = 0.0012, 0.0030, 0.0005, 0.25
CIRCLE, TWIST, PERIOD = 0.0008, math.radians(1.0), 20
"""The wiggle that frees a shaft that is stuck: metres, radians, steps."""
STUCK_STEPS, PROGRESS = 6, 0.0003


class Insertion(Protocol):
    """What the expert needs to know of its task."""

    shaft: np.ndarray
    goal: np.ndarray
    wrench: np.ndarray

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""


class PegInsertExpert(GlideScript):
    """Gives `ee_pose` actions at 20 Hz from the shaft's true pose and the goal as observed.

    It sinks until it feels the mouth, spirals while it presses lightly until the shaft drops into
    the chamfer, then pushes it in. It presses by putting its goal under the shaft: it is the arm's
    compliance that makes a force of it, and that lets the shaft find its way between the walls.
    """

    def __init__(self, task: Insertion) -> None:
        self.task = task
        super().__init__(task.arm, hz=20)

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        yield from self.fetch()
        yield from self.approach()
        for _ in range(3):
            yield from self.feel()
            yield from self.search()
            yield from self.push()
            if self.deep() > SEATED - 0.001:
                break
            yield from self.glide(self.at + 0.02 * UP, self.heading, SLOW)
        yield from self.stay(4)
        yield from self.squeeze(SNUG, 6)
        yield from self.glide(self.at + 0.08 * UP, self.heading, SLOW)

    def fetch(self) -> Iterator[np.ndarray]:
        """Take the shaft out of its cup."""
        shaft = self.task.shaft
        turn = down(nearest(yaw_of(shaft), 0.0))
        spot = shaft[:3] + GRASP * UP
        yield from self.glide(spot + 0.06 * UP, turn, QUICK, least=16)
        yield from self.glide(spot, turn, SLOW)
        yield from self.stay(6)
        yield from self.squeeze(0.0, 10)
        yield from self.glide(spot + CLEAR * UP, turn, SLOW, least=20)

    def approach(self) -> Iterator[np.ndarray]:
        """Bring the shaft's foot over where the mouth should be."""
        turn = down(nearest(float(self.task.goal[3]), 0.0))
        mouth = self.task.goal[:3]
        there = mouth + (GRASP + 0.03) * UP
        high = there.copy()
        high[2] = self.at[2]
        yield from self.glide(high, turn, QUICK, least=16)
        yield from self.glide(there, turn, SLOW)
        yield from self.stay(8)
        turn = self.straightened()
        yield from self.glide(self.at, turn, SLOW, least=10)
        yield from self.stay(6)
        lack = mouth + 0.006 * UP - self.task.shaft[:3]
        yield from self.glide(self.at + lack, turn, SLOW, least=10)
        yield from self.stay(6)
        self.tare = float(self.task.wrench[2])
        self.sag = float(self.arm.tool[2] - self.at[2])

    def straightened(self) -> np.ndarray:
        """Give the hand's orientation (4,) that has the shaft upright, at the goal's yaw."""
        half = nearest(float(self.task.goal[3]), yaw_of(self.task.shaft)) / 2
        upright = np.array([0.0, 0.0, math.sin(half), math.cos(half)])
        back = self.task.shaft[3:] * np.array([-1.0, -1.0, -1.0, 1.0])
        return times(times(upright, back), self.heading)

    def feel(self) -> Iterator[np.ndarray]:
        """Sink until there is force, or the shaft is in already."""
        for _ in range(60):
            if self.pressed() > TOUCH or self.deep() > CAUGHT:
                return
            yield self.aim(self.at + self.towards(0.0, 0.0) - SINK * UP, self.heading)

    def search(self) -> Iterator[np.ndarray]:
        """Press lightly and spiral outwards about the goal until the shaft drops in."""
        angle = radius = 0.0
        while self.deep() < CAUGHT and radius < WIDEST:
            radius = PITCH * angle / (2 * math.pi)
            angle += STRIDE / max(radius, STRIDE)
            shift = self.towards(radius * math.cos(angle), radius * math.sin(angle))
            yield self.aim(self.at + shift - self.sink(LEAN) * UP, self.heading)

    def towards(self, x: float, y: float) -> np.ndarray:
        """Give the goal's next shift, for the shaft's foot to get to (x, y) off the mouth.

        The arm's springs are coupled: what presses downwards also pushes it sideways.
        """
        foot, mouth = self.task.shaft, self.task.goal
        lack = (float(mouth[0] - foot[0]) + x, float(mouth[1] - foot[1]) + y)
        return np.array([min(max(CHASE * v, -STRIDE), STRIDE) for v in lack] + [0.0])

    def push(self) -> Iterator[np.ndarray]:
        """Push the shaft in, and wiggle it where it sticks."""
        middle, turn = self.at.copy(), self.heading.copy()
        best, since = self.deep(), 0
        for _ in range(240):
            deep = self.deep()
            if deep > SEATED or deep < -0.001:
                break
            since = 0 if deep > best + PROGRESS else since + 1
            best = max(best, deep) if since == 0 else best
            middle[2] -= self.sink(LEAD)
            phase = 2 * math.pi * max(since - STUCK_STEPS, 0) / PERIOD
            size = min(1.0, phase)
            shift = CIRCLE * size * np.array([math.cos(phase), math.sin(phase), 0.0])
            twist = TWIST * size * math.sin(0.7 * phase) / 2
            turned = np.array([0.0, 0.0, math.sin(twist), math.cos(twist)])
            yield self.aim(middle + shift, times(turned, turn))
        self.at, self.heading = middle, turn

    def sink(self, lead: float) -> float:
        """Say how far the goal sinks in this step, to be at most so far under the shaft, metres."""
        ahead = float(self.arm.tool[2] - self.at[2]) - self.sag
        return min(max(lead - ahead, -SINK), SINK)

    def pressed(self) -> float:
        """Say how hard the shaft presses downwards, N."""
        return float(self.task.wrench[2]) - self.tare

    def deep(self) -> float:
        """Say how deep the foot is under where the mouth should be, metres."""
        return float(self.task.goal[2] - self.task.shaft[2])


def nearest(heading: float, other: float) -> float:
    """Give the heading, a number of quarter turns from it, that is nearest to another."""
    quarter = math.pi / 2
    return other + (heading - other + quarter / 2) % quarter - quarter / 2


def times(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give the orientation (4,) of turning by the other, then by the one, in the floor's frame."""
    a, b, c, d = (float(v) for v in one)
    x, y, z, w = (float(v) for v in other)
    return np.array(
        [
            d * x + a * w + b * z - c * y,
            d * y - a * z + b * w + c * x,
            d * z + a * y - b * x + c * w,
            d * w - a * x - b * y - c * z,
        ]
    )
