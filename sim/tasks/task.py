"""What every task gives the environment."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Expert(Protocol):
    """A scripted policy that sees the true state."""

    def act(self, tool: np.ndarray, gripper: float) -> np.ndarray:
        """Give the next `ee_pose` action, (8,), for a tool pose (7,) and gripper 0..1."""


@dataclass(frozen=True)
class Reward:
    """The outcome of one step."""

    value: float
    success: bool


class Task(Protocol):
    """One thing to do on one scene. It sees bodies only through `poses`.

    `instruction`, `target_position` (3,) and `goal_position` (3,) are set by `reset` and
    `update`; positions are in the base frame.
    """

    scene_name: str
    max_seconds: float
    instruction: str
    target_position: np.ndarray
    goal_position: np.ndarray

    def reset(self, rng: np.random.Generator) -> dict[str, tuple[np.ndarray, str]]:
        """Draw a layout and an instruction; give pose (7,) and colour name of each part."""

    def ask(self, rng: np.random.Generator, part: str, slot: str) -> None:
        """Ask for something else on the present layout."""

    def update(self, poses: dict[str, np.ndarray], tool: np.ndarray, gripper: float) -> Reward:
        """Judge the present state: part poses (7,), tool pose (7,), gripper 0..1."""

    def state(self) -> dict[str, np.ndarray]:
        """Give the task's numeric part of the observation."""

    def expert(self) -> Expert:
        """Give a scripted policy for the present episode."""

    def check_options(self, options: dict[str, Any]) -> None:
        """Raise SimError for reset options that this task does not take."""
