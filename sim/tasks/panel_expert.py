"""The scripted expert of PanelOperate: push the toggle and the lever, turn the knob, press."""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.tasks.script import Script, look

HOVER = 0.115
PUSHES = {"toggle": (0.048, 0.032), "lever": (0.072, 0.036)}
"""How far before the middle a push begins, and its height over the panel."""
PAST = 0.035
PRESS = 0.028
GRIP = 0.021
TURN = 0.15
TRIES = 3


class Panel(Protocol):
    """What the expert needs to know of its task."""

    asked: tuple[str, ...]
    axes: tuple[np.ndarray, ...]
    places: dict[str, np.ndarray]
    wanted: dict[str, float]

    @property
    def q(self) -> dict[str, float]:
        """The joint positions of the controls, by name."""

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""

    def is_set(self, name: str) -> bool:
        """Say whether a control is where it should be."""


class PanelExpert(Script):
    """Sets one control after the other; what did not move is tried again."""

    def __init__(self, task: Panel) -> None:
        self.task = task
        super().__init__(task.arm)

    def script(self) -> Iterator[np.ndarray]:
        """See Script."""
        for name in self.task.asked:
            for _ in range(TRIES):
                if self.task.is_set(name):
                    break
                if name == "knob":
                    yield from self._turn()
                elif name == "button":
                    yield from self._press()
                else:
                    yield from self._push(name)

    def _over(self, name: str, up: float, out: float) -> np.ndarray:
        """Give the place (3,) so far up the panel from a control, and so far out of it."""
        x, _, z = self.task.axes
        found: np.ndarray = self.task.places[name][:3] + up * x + out * z
        return found

    def _facing(self, angle: float = 0.0) -> np.ndarray:
        """Give the orientation (4,) of a tool that looks at the panel, turned with the knob."""
        x, y, z = self.task.axes
        return look(-z, math.sin(angle) * x - math.cos(angle) * y)

    def _push(self, name: str) -> Iterator[np.ndarray]:
        turn = self._facing()
        way = 1.0 if self.task.wanted[name] > self.task.q[name] else -1.0
        before, out = PUSHES[name]
        self.opening = 0.0
        yield from self.go(self._over(name, -way * before, HOVER), turn)
        yield from self.go(self._over(name, -way * before, out), turn)
        for action in self.go(self._over(name, way * PAST, out), turn, step=0.03, steps=20):
            if self.task.is_set(name):
                break
            yield action
        yield from self._leave(name, turn)

    def _press(self) -> Iterator[np.ndarray]:
        turn = self._facing()
        self.opening = 0.0
        yield from self.go(self._over("button", 0.0, HOVER), turn)
        for action in self.go(self._over("button", 0.0, PRESS), turn, within=0.001, steps=20):
            if self.task.is_set("button"):
                break
            yield action
        yield from self._leave("button", turn)

    def _turn(self) -> Iterator[np.ndarray]:
        angle, goal = self.task.q["knob"], self.task.wanted["knob"]
        self.opening = 1.0
        place = self._over("knob", 0.0, GRIP)
        yield from self.go(self._over("knob", 0.0, HOVER), self._facing(angle))
        yield from self.go(place, self._facing(angle), within=0.004)
        yield from self.grip(0.0, 3, self._facing(angle))
        while abs(goal - angle) > 1e-6:
            angle += min(max(goal - angle, -TURN), TURN)
            yield self.pose(place, self._facing(angle))
        for _ in range(3):
            yield self.pose(place, self._facing(angle))
        yield from self.grip(1.0, 3, self._facing(angle))
        yield from self._leave("knob", self._facing(angle))

    def _leave(self, name: str, turn: np.ndarray) -> Iterator[np.ndarray]:
        """Draw straight back from the panel."""
        z = self.task.axes[2]
        gone = HOVER - float(np.sum((self.arm.tool[:3] - self.task.places[name][:3]) * z))
        yield from self.go(self.arm.tool[:3] + max(gone, 0.0) * z, turn, within=0.03)
