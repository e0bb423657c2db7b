"""The scripted expert of BinPick: the freest grasp, lift, look whether it holds, deliver."""

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.bins import Bin
from sim.tasks.grasps import FINGER_WIDTH, LOWEST, Grasp, best, placed
from sim.tasks.script import DOWN, Script, down

HOVER = 0.15
CARRY = 0.17
HELD = 0.035
CLEAR = 0.004
SLIPPED = 20.0
"""What a failed try adds to the cost of a part's grasps: several points in the way."""
FULL = 0.04
"""Half the gap of the gripper when it is open, metres."""


class Goal(Protocol):
    """What the expert needs to know of its task."""

    kind: str
    present: dict[str, str]
    poses: dict[str, np.ndarray]
    bin: Bin
    outfeed: Bin

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""


class BinPickExpert(Script):
    """Gives `ee_pose` actions at 10 Hz from the true poses of all parts.

    A part that slips, or that was not where it was thought, costs that part points in the next
    choice.
    """

    def __init__(self, task: Goal) -> None:
        self.task = task
        self.failed: Counter[str] = Counter()
        super().__init__(task.arm)

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        while True:
            name, grasp = self.choose()
            yield from self.fetch(grasp)
            if self.holds(name) and not self.others_held(name):
                yield from self.deliver(name)
                if self.task.outfeed.holds(self.task.poses[name][:3]):
                    return
            else:
                self.failed[name] += 1
                yield from self.grip(1.0, 3, down(grasp.yaw))

    def choose(self) -> tuple[str, Grasp]:
        """Give the part of the named kind that is easiest to take, and how."""
        task = self.task
        centre, half = np.array(task.bin.position[:2]), np.array(task.bin.inner) / 2
        inside = centre - half, centre + half
        found = []
        for name, kind in task.present.items():
            if kind == task.kind and task.bin.holds(task.poses[name][:3]):
                for grasp in best(name, task.present, task.poses, task.bin.floor, inside)[:3]:
                    found.append((grasp.cost + SLIPPED * self.failed[name], name, grasp))
        _, name, grasp = min(found, key=lambda one: one[0])
        return name, grasp

    def fetch(self, grasp: Grasp) -> Iterator[np.ndarray]:
        """Come from above, close, lift."""
        turn, place = down(grasp.yaw), grasp.place
        self.opening = grasp.half / FULL
        yield from self.go(np.array([place[0], place[1], HOVER]), turn, within=0.006)
        yield from self.go(place + np.array([0.0, 0.0, 0.03]), turn, within=0.004, steps=20)
        yield from self.go(place, turn, within=0.003, steps=12, step=0.02)
        yield from self.grip(0.0, 4, turn)
        yield from self.go(np.array([place[0], place[1], CARRY]), turn, within=0.02)

    def deliver(self, name: str) -> Iterator[np.ndarray]:
        """Carry to the outfeed, lower until the part is just over it, let go, retreat."""
        goal = self.task.outfeed.centre
        yield from self.go(np.array([goal[0], goal[1], CARRY]), DOWN, within=0.012)
        hangs = float(placed(self.task.kind, self.task.poses[name])[:, 2].min())
        lowest = goal[2] + max(self.arm.tool[2] - hangs + CLEAR, LOWEST)
        yield from self.go(np.array([goal[0], goal[1], lowest]), DOWN, within=0.006, steps=25)
        yield from self.grip(1.0, 4)
        yield from self.go(np.array([goal[0], goal[1], HOVER]), DOWN, within=0.02)

    def holds(self, name: str) -> bool:
        """Say whether a part is between the fingers."""
        offset = self.task.poses[name][:3] - self.arm.tool[:3]
        return bool((np.abs(offset) < HELD + FINGER_WIDTH / 2).all())

    def others_held(self, name: str) -> bool:
        """Say whether a part of another kind came along."""
        task = self.task
        return any(
            kind != task.kind and task.poses[other][2] > CARRY - 0.06
            for other, kind in task.present.items()
        )
