"""The scripted expert of MachineTend: push the door open, load, push it shut, press start."""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.script import Script, down

OPEN, SHUT = 0.25, 0.002
BESIDE = 0.045
PAST = 0.020
ABOVE = 0.10
GRASP = 0.056
CARRY = 0.34
TRIES = 3


class Machine(Protocol):
    """What the expert needs to know of its task."""

    turn: float
    blank: str
    stage: int
    door: float
    chuck: np.ndarray
    started_up: bool

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""

    def handle(self) -> np.ndarray:
        """Give the place (3,) of the door's handle."""

    def start_button(self) -> np.ndarray:
        """Give the place (3,) of the top of the start button."""

    def seated(self, name: str) -> bool:
        """Say whether a blank stands in the chuck."""

    def blank_place(self) -> np.ndarray:
        """Give the place (3,) of the foot of the blank to load."""


class MachineExpert(Script):
    """Does one stage after the other; a stage that did not come off is tried again."""

    def __init__(self, task: Machine) -> None:
        self.task = task
        self.turn = down(task.turn)
        self.aside = np.array([-math.sin(task.turn), math.cos(task.turn), 0.0])
        super().__init__(task.arm)

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        for _ in range(TRIES):
            if self.task.door < OPEN - 0.01:
                yield from self._slide(1.0)
            if self.task.stage < 2:
                yield from self._load()
            if self.task.stage == 2:
                yield from self._slide(-1.0)
            if self.task.stage == 3:
                yield from self._press()
            if self.task.started_up:
                return

    def _slide(self, way: float) -> Iterator[np.ndarray]:
        """Push the door to its left end (1) or shut (-1)."""
        task = self.task
        self.opening = 0.0
        beside = task.handle() - way * BESIDE * self.aside
        yield from self._over(beside + np.array([0.0, 0.0, ABOVE]))
        yield from self.go(beside, self.turn)
        for _ in range(40):
            if task.door > OPEN if way > 0 else task.door < SHUT:
                break
            ahead = task.handle() + way * PAST * self.aside
            yield from self._one(ahead, 0.03)
        yield from self._rise(self.arm.tool[2] + ABOVE)

    def _load(self) -> Iterator[np.ndarray]:
        """Fetch the blank from where it stands and let it down into the chuck."""
        task = self.task
        self.opening = 1.0
        yield from self._rise(CARRY)
        grasp = task.blank_place() + np.array([0.0, 0.0, GRASP])
        yield from self._over(grasp + np.array([0.0, 0.0, ABOVE]))
        yield from self._hold(grasp + np.array([0.0, 0.0, ABOVE]), 2)
        yield from self.go(grasp, self.turn, within=0.004, step=0.025, steps=20)
        self.opening = 0.0
        yield from self._hold(grasp, 5)
        yield from self._rise(CARRY)
        yield from self.go(self._centred(CARRY), self.turn, within=0.02)
        yield from self._hold(self._centred(CARRY), 3)
        yield from self._lower()
        yield from self.grip(1.0, 4, self.turn)
        yield from self._rise(CARRY)

    def _centred(self, height: float) -> np.ndarray:
        """Give where the tool has to be, at a height, for the blank to be over the chuck."""
        place = self.arm.tool[:3] + self.task.chuck - self.task.blank_place()
        return np.array([place[0], place[1], height])

    def _lower(self) -> Iterator[np.ndarray]:
        """Let the blank down into the chuck, as long as it is over it."""
        aim = self._centred(CARRY)
        for _ in range(60):
            if self.task.seated(self.task.blank):
                return
            aim += 0.3 * (self._centred(aim[2]) - aim)
            gap = self.task.blank_place() - self.task.chuck
            if math.hypot(float(gap[0]), float(gap[1])) < 0.007:
                aim[2] = max(aim[2] - 0.025, self.arm.tool[2] - 0.04)
            yield self.pose(aim.copy(), self.turn)

    def _hold(self, place: np.ndarray, steps: int) -> Iterator[np.ndarray]:
        """Keep the tool at a place."""
        for _ in range(steps):
            yield self.pose(place, self.turn)

    def _press(self) -> Iterator[np.ndarray]:
        task = self.task
        self.opening = 0.0
        button = task.start_button()
        yield from self._over(button + np.array([0.0, 0.0, ABOVE]))
        for _ in range(20):
            if task.started_up:
                break
            yield from self._one(button - np.array([0.0, 0.0, 0.006]), 0.02)
        yield from self._rise(button[2] + ABOVE)

    def _over(self, place: np.ndarray) -> Iterator[np.ndarray]:
        """Go to a place from above: first across, then down."""
        level = np.array([place[0], place[1], max(float(self.arm.tool[2]), float(place[2]))])
        yield from self.go(level, self.turn, within=0.02)
        yield from self.go(place, self.turn)

    def _rise(self, height: float) -> Iterator[np.ndarray]:
        """Go straight up to a height."""
        x, y, z = (float(v) for v in self.arm.tool[:3])
        yield from self.go(np.array([x, y, max(z, height)]), self.turn, within=0.02)

    def _one(self, place: np.ndarray, step: float) -> Iterator[np.ndarray]:
        """Give one action towards a place."""
        move = place - self.arm.tool[:3]
        length = math.sqrt(sum(float(v) ** 2 for v in move))
        yield self.pose(self.arm.tool[:3] + move * min(1.0, step / max(length, 1e-9)), self.turn)
