"""The scripted expert of KitTray: reach, descend, grasp, carry, lower, release, retreat."""

from typing import Protocol

import numpy as np

from sim.rigs import ArmRig
from sim.scene import Scene
from sim.tasks.script import DOWN

HOVER = 0.15
CARRY = 0.13
GRASP = 0.020
RELEASE = 0.034
STEP = 0.035
CLOSE_STEPS = 4
OPEN_STEPS = 3


class Goal(Protocol):
    """What the expert needs to know of its task."""

    target_position: np.ndarray
    goal_position: np.ndarray
    scene: Scene

    @property
    def arm(self) -> ArmRig:
        """The arm that does it."""


class KitTrayExpert:
    """Gives `ee_pose` actions at 10 Hz from the true positions of part and slot.

    Every step it looks again at where the part is, so a push or a slip is made good. A scene
    may set its heights and its step in a table [expert]: `hover`, `carry`, `step`, metres.
    """

    def __init__(self, task: Goal) -> None:
        self.task = task
        pace = task.scene.tables.get("expert", {})
        self.hover = float(pace.get("hover", HOVER))
        self.carry = float(pace.get("carry", CARRY))
        self.step = float(pace.get("step", STEP))
        self.closing = 0
        self.opening = 0
        self.holding = False
        self.done = False
        self.above = False

    def act(self) -> np.ndarray:
        """Give the next action (8,): tool xyz, quaternion xyzw, gripper 0 closed..1 open."""
        part, goal = self.task.target_position, self.task.goal_position
        position = self.task.arm.tool[:3]
        if self.done:
            return self._go(position, np.array([position[0], position[1], self.hover]), 1.0)
        if self.holding and self._lost(part, position):
            self.holding, self.closing, self.opening = False, 0, 0
        if not self.holding:
            return self._fetch(position, part)
        return self._deliver(position, goal, part)

    def _lost(self, part: np.ndarray, position: np.ndarray) -> bool:
        return bool(self.opening == 0 and np.linalg.norm(part[:2] - position[:2]) > 0.05)

    def _fetch(self, position: np.ndarray, part: np.ndarray) -> np.ndarray:
        offset = float(np.hypot(*(part[:2] - position[:2])))
        if self.closing > 0:
            self.closing += 1
            self.holding = self.closing > CLOSE_STEPS
            return self._go(position, np.array([*part[:2], GRASP]), 0.0)
        self.above = offset < (0.02 if self.above else 0.008)
        if not self.above:
            # Far away the tool comes in over the parts; it only sinks once it is above its own.
            height = self.hover if offset > 0.05 else min(max(position[2], 0.07), self.hover)
            return self._go(position, np.array([*part[:2], height]), 1.0)
        if position[2] < GRASP + 0.006:
            self.closing = 1
            return self._go(position, np.array([*part[:2], GRASP]), 0.0)
        return self._go(position, np.array([*part[:2], GRASP]), 1.0)

    def _deliver(self, position: np.ndarray, goal: np.ndarray, part: np.ndarray) -> np.ndarray:
        # The part may sit off the tool's middle: it is the part that has to be over the slot.
        slip = np.clip(position[:2] - part[:2], -0.03, 0.03)
        goal = np.array([*(goal[:2] + slip), goal[2]])
        offset = float(np.hypot(*(goal[:2] - position[:2])))
        if self.opening > 0:
            self.opening += 1
            self.done = self.opening > OPEN_STEPS
            return self._go(position, np.array([*position[:2], RELEASE]), 1.0)
        if offset > 0.012 and (position[2] < self.carry - 0.05 or offset > 0.06):
            sideways = goal[:2] if position[2] > 0.07 else position[:2]
            return self._go(position, np.array([*sideways, self.carry]), 0.0)
        if offset > 0.012:
            height = min(max(position[2], 0.08), self.carry)
            return self._go(position, np.array([*goal[:2], height]), 0.0)
        if position[2] < RELEASE + 0.008:
            self.opening = 1
            return self._go(position, np.array([*goal[:2], RELEASE]), 1.0)
        return self._go(position, np.array([*goal[:2], RELEASE]), 0.0)

    def _go(self, position: np.ndarray, target: np.ndarray, gripper: float) -> np.ndarray:
        move = target - position
        length = float(np.linalg.norm(move))
        if length > self.step:
            move = move * (self.step / length)
        return np.concatenate([position + move, DOWN, [gripper]])
