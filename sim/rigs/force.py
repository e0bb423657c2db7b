"""A force sensor between an arm and its hand."""

import math

import numpy as np

from robots import kinematics
from sim.rigs.loop import wrench
from sim.world import World

FILTER_S = 0.01


class WristSensor:
    """Feels what presses on the hand from outside: the reaction in a joint less the hand's weight.

    The hand's inertia is not taken out. Readings pass a filter of 10 ms. `hand` is the arm's
    record (`sim.rigs.loop.HAND`), where the sensor keeps its numbers.
    """

    def __init__(self, world: World, body: int, joint: int, tick_hz: int, hand: np.ndarray) -> None:
        self.world, self.body, self.joint = world, body, joint
        world.sense_force(body, joint)
        hand["sensed"], hand["share"] = joint, min(1.0, 1.0 / (tick_hz * FILTER_S))
        hand["mass"], centre = world.load_of(body, joint)
        pose = world.link_pose(body, joint)
        self.centre = kinematics.rotation_from_quaternion(pose[3:]).T @ (centre - pose[:3])
        self.bind(hand)
        self.start()

    def bind(self, hand: np.ndarray) -> None:
        """Go on in another record (1,)."""
        self.hand = hand
        self.raw, self.felt = hand["raw"][0], hand["felt"][0]
        self.weight, self.turn = hand["weight"][0], hand["turn"][0]

    @property
    def peak(self) -> float:
        """The largest force of the episode, N."""
        return float(self.hand["peak"][0])

    def start(self) -> None:
        """Begin an episode: what Bullet still holds is of another one, so there is no load yet."""
        self._moved = False
        self.hand["peak"] = 0.0
        self._weigh()
        self.raw[:3], self.raw[3:] = self.weight, 0.0
        self.felt[:] = self.raw

    def tick(self, first: bool) -> None:
        """Take in the reading of the tick before; at a step's start that which `look` took."""
        raw = self.raw if first else self.world.joint_force(self.body, self.joint)
        self.felt += (raw - self.felt) * self.hand["share"][0]
        x, y, z = (self.weight - self.felt[:3]).tolist()
        self.hand["peak"] = max(self.peak, math.sqrt(x * x + y * y + z * z))

    def look(self) -> None:
        """Read what a step ended with."""
        if not self.fresh():
            self.raw[:] = self.world.joint_force(self.body, self.joint)
        self._weigh()

    def fresh(self) -> bool:
        """Say whether this is the first look since `start`: there has been no tick then."""
        fresh, self._moved = not self._moved, True
        return fresh

    def wrench(self) -> np.ndarray:
        """Give what presses on the hand, (6,): N, and N m about the joint's origin, floor's frame.

        What the hand holds weighs on it as well.
        """
        found = np.empty(6)
        wrench(self.hand, self.centre, found)
        return found

    def _weigh(self) -> None:
        """Work out how the hand's weight shows in the sensor, in the frame of its link."""
        pose = self.world.link_pose(self.body, self.joint)
        self.turn[:] = kinematics.rotation_from_quaternion(pose[3:])
        self.weight[:] = self.hand["mass"][0] * kinematics.GRAVITY * self.turn[2]
