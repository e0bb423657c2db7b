"""The scripted expert of an environment's task, behind the Policy interface."""

from typing import Any

import numpy as np

from policies.errors import PolicyError
from policies.runner import EpisodeResult, OnStep
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


class ExpertRun:
    """Runs episodes of an environment's own expert, in the action space that it was made for.

    Unlike `Expert`, which goes through the runner, it fits every rig. The environment has to be
    made with the task's `expert_mode` and `expert_hz`. `settle` steps are run after the first
    success, to see that it lasts.
    """

    def __init__(self, env: Any, settle: int = 5) -> None:
        self.env, self.inner, self.settle = env, env.unwrapped, settle
        task = self.inner.task
        if (self.inner.control_mode, self.inner.control_hz) != (task.expert_mode, task.expert_hz):
            raise PolicyError(
                f"the expert acts in control_mode {task.expert_mode!r} at {task.expert_hz} Hz; the "
                f"environment has {self.inner.control_mode!r} at {self.inner.control_hz} Hz"
            )

    def run_episode(
        self,
        seed: int,
        on_step: OnStep | None = None,
        options: dict[str, Any] | None = None,
    ) -> EpisodeResult:
        """Run one episode; see `policies.runner.Runner.run_episode`."""
        obs, info = self.env.reset(seed=seed, options=options)
        result = EpisodeResult(seed, str(info["instruction"]))
        if on_step:
            on_step(obs, info)
        since_success, over = 0, False
        while not over:
            obs, _, terminated, truncated, info = self.env.step(self.inner.expert().act())
            result.steps += 1
            result.flags |= int(info["flags"])
            result.success = bool(info["success"])
            if on_step:
                on_step(obs, info)
            since_success = since_success + 1 if result.success else 0
            over = terminated or truncated or since_success > self.settle
        result.time_s = result.steps / self.inner.control_hz
        return result
