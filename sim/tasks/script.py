"""Experts for an arm, written as a script: one generator, an action at every `yield`."""

import math
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np

from robots.kinematics import quaternion_from_rotation, rotation_from_quaternion
from sim.rigs import ArmRig

DOWN = np.array([1.0, 0.0, 0.0, 0.0])
"""The orientation of a tool that points straight down, its fingers moving along y."""

Place = np.ndarray | Callable[[], np.ndarray]


class Script:
    """A scripted policy for one arm: `script` yields `ee_pose` actions (8,).

    Every `yield` is one step of the environment; what the script reads afterwards is the state
    that followed. When it ends, the arm holds its last pose.
    """

    step: ClassVar[float] = 0.035
    """How far the tool is told to go in one step, metres."""

    def __init__(self, arm: ArmRig) -> None:
        self.arm = arm
        self.opening = 1.0
        self._steps = self.script()
        self._last = np.concatenate([arm.tool, [1.0]])

    def act(self) -> np.ndarray:
        """Give the next action (8,): tool xyz, quaternion xyzw, gripper 0 closed..1 open."""
        self._last = next(self._steps, self._last)
        return self._last

    def script(self) -> Iterator[np.ndarray]:
        """Yield the actions of an episode."""
        raise NotImplementedError

    # -- words that scripts are written in

    def go(
        self,
        place: Place,
        turn: np.ndarray = DOWN,
        within: float = 0.008,
        steps: int = 80,
        step: float | None = None,
    ) -> Iterator[np.ndarray]:
        """Move the tool in a straight line to a place (3,), until it is `within` metres of it.

        A place that is a function is asked again every step: for things that move. Gives up after
        `steps`.
        """
        for _ in range(steps):
            target = place() if callable(place) else place
            move = target - self.arm.tool[:3]
            length = math.sqrt(float(move[0]) ** 2 + float(move[1]) ** 2 + float(move[2]) ** 2)
            if length < within and turned(self.arm.tool[3:], turn) < 0.1:
                return
            longest = step or self.step
            if length > longest:
                move = move * (longest / length)
            yield self.pose(self.arm.tool[:3] + move, turn)

    def wait(self, steps: int, turn: np.ndarray = DOWN) -> Iterator[np.ndarray]:
        """Hold the tool where it is for some steps."""
        place = self.arm.tool[:3].copy()
        for _ in range(steps):
            yield self.pose(place, turn)

    def grip(self, opening: float, steps: int = 4, turn: np.ndarray = DOWN) -> Iterator[np.ndarray]:
        """Open or close the gripper, 0 closed .. 1 open, and give it some steps to do so."""
        self.opening = opening
        yield from self.wait(steps, turn)

    def pose(self, place: np.ndarray, turn: np.ndarray = DOWN) -> np.ndarray:
        """Give the action that puts the tool at a place (3,) and orientation (4,)."""
        return np.concatenate([place, turn, [self.opening]])


def turned(one: np.ndarray, other: np.ndarray) -> float:
    """Give the angle between two orientations (4,), radians."""
    dot = abs(sum(float(a) * float(b) for a, b in zip(one, other, strict=True)))
    return 2.0 * math.acos(min(dot, 1.0))


def down(yaw: float) -> np.ndarray:
    """Give the orientation (4,) of a tool that points down and is turned by `yaw` about world z.

    At yaw 0 the fingers move along y.
    """
    return np.array([math.cos(yaw / 2), math.sin(yaw / 2), 0.0, 0.0])


def look(forward: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """Give the orientation (4,) of a tool that points along `forward` (3,), fingers along (3,)."""
    z = forward / np.linalg.norm(forward)
    y = fingers - z * float(np.dot(fingers, z))
    y = y / np.linalg.norm(y)
    return quaternion_from_rotation(np.stack([np.cross(y, z), y, z], axis=1))


def ahead(pose: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Give the place (3,) at `offset` (3,) in the frame of a pose (7,)."""
    found: np.ndarray = pose[:3] + rotation_from_quaternion(pose[3:]) @ offset
    return found
