"""Experts for two arms: a script for each, advanced together."""

import numpy as np

from sim.tasks.script import Script


class PairScript:
    """Two scripts side by side; they see each other's progress in whatever notes they share."""

    def __init__(self, left: Script, right: Script) -> None:
        self.left, self.right = left, right

    def act(self) -> np.ndarray:
        """Give the next action (16,): the left arm's `ee_pose` (8,), then the right arm's."""
        return np.concatenate([self.left.act(), self.right.act()])
