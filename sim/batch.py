"""Several environments of one kind taking their steps together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.env import FloorEnv
from sim.rigs.loop import Loop

Outcome = tuple[dict[str, Any], float, bool, bool, dict[str, Any]]


class Batch:
    """Environments whose arms take all ticks of a step in one compiled call.

    What comes out of a step is what each environment's own `step` gives, bit for bit. Where the
    compiled loop does not fit, a mobile base for example, each takes its ticks itself.
    """

    def __init__(self, envs: Sequence[FloorEnv]) -> None:
        self.envs = list(envs)
        arms = [arm for env in self.envs for arm in env.rig.arms]
        self._loop = Loop(arms) if arms and all(arm.compiled for arm in arms) else None

    def step(self, actions: dict[int, np.ndarray]) -> dict[int, Outcome]:
        """Take a step in the environments whose number is in `actions`; give their outcomes."""
        for i, action in actions.items():
            self.envs[i].before(action)
        if self._loop is not None and not any(env.rig.tracing for env in self.envs):
            self._loop.run(np.array([i in actions for i in range(len(self.envs))]))
        else:
            for i in actions:
                self.envs[i].run()
        return {i: self.envs[i].after() for i in actions}
