"""The scripted expert of an environment's task, behind the Policy interface."""

from typing import Any

import numpy as np

from policies.types import EE_POSE_NAMES, ActionChunk, ActionSpec, Observation


class Expert:
    """Asks the environment's own expert, which sees the true state: one action at a time."""

    def __init__(self, env: Any, rate_hz: float = 10.0) -> None:
        self.inner = env.unwrapped
        self._spec = ActionSpec("ee_pose", EE_POSE_NAMES, rate_hz, 1)

    @property
    def spec(self) -> ActionSpec:
        """Say what the actions mean."""
        return self._spec

    def reset(self, seed: int) -> None:
        """Begin an episode: the environment makes a fresh expert itself."""

    def act(self, observation: Observation) -> ActionChunk:
        """Give the next action for the environment's present state."""
        action = np.asarray(self.inner.expert().act(), float)
        return ActionChunk(action[None], self._spec, observation.time_s)
