"""A force sensor between an arm and its hand."""

import math

import numpy as np

from robots import kinematics
from sim.world import World

GRAVITY = 9.81
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
        self.share = float(hand["share"][0])
        self.mass, centre = world.load_of(body, joint)
        pose = world.link_pose(body, joint)
        self.centre = kinematics.rotation_from_quaternion(pose[3:]).T @ (centre - pose[:3])
        self.bind(hand)
        self.start()

    def bind(self, hand: np.ndarray) -> None:
        """Go on in another record (1,)."""
        self.hand = hand
        self.raw, self.felt, self.weight = (hand[key][0] for key in ("raw", "felt", "weight"))

    @property
    def peak(self) -> float:
        """The largest force of the episode, N."""
        return float(self.hand["peak"][0])

    def start(self) -> None:
        """Begin an episode: what Bullet still holds is of another one, so there is no load yet."""
        self.moved = False
        self.hand["peak"] = 0.0
        self._weigh()
        self.raw[:3], self.raw[3:] = self.weight, 0.0
        self.felt[:] = self.raw

    def tick(self, first: bool) -> None:
        """Take in the reading of the tick before; at a step's start that which `look` took."""
        raw = self.raw if first else self.world.joint_force(self.body, self.joint)
        self.felt += (raw - self.felt) * self.share
        x, y, z = (self.weight - self.felt[:3]).tolist()
        self.hand["peak"] = max(self.peak, math.sqrt(x * x + y * y + z * z))

    def look(self) -> None:
        """Read what a step ended with."""
        if self.moved:
            self.raw[:] = self.world.joint_force(self.body, self.joint)
        self.moved = True
        self._weigh()

    def wrench(self) -> np.ndarray:
        """Give what presses on the hand, (6,): N, and N m about the joint's origin, floor's frame.

        What the hand holds weighs on it as well.
        """
        force = self.weight - self.felt[:3]
        moment = np.cross(self.centre, self.weight) - self.felt[3:]
        return np.concatenate([self.turn @ force, self.turn @ moment])

    def _weigh(self) -> None:
        """Work out how the hand's weight shows in the sensor, in the frame of its link."""
        pose = self.world.link_pose(self.body, self.joint)
        self.turn = kinematics.rotation_from_quaternion(pose[3:])
        self.weight[:] = self.mass * GRAVITY * self.turn[2]
