"""Several environments of one kind taking their steps together, tick by tick."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from robots.actuator import HostActuator
from sim.env import FloorEnv
from sim.rigs.rig import Ticked

Outcome = tuple[dict[str, Any], float, bool, bool, dict[str, Any]]


class Batch:
    """Environments whose arms share one call of the controller's kernel a tick.

    The arms' records are rows of common arrays. What comes out of a step is what each
    environment's own `step` gives, bit for bit. A rig that cannot be batched ticks itself.
    """

    def __init__(self, envs: Sequence[FloorEnv]) -> None:
        self.envs = list(envs)
        self._arms: list[Ticked] = []
        self._others = [env.rig for env in self.envs if not env.rig.batched()]
        groups: dict[str, list[Ticked]] = {}
        for env in self.envs:
            for arm in env.rig.batched():
                controller = arm.actuator.controller
                groups.setdefault(f"{controller.name} {controller.params}", []).append(arm)
                self._arms.append(arm)
        self._kernels = [_join(arms) for arms in groups.values()]

    def step(self, actions: dict[int, np.ndarray]) -> dict[int, Outcome]:
        """Take a step in the environments whose number is in `actions`; give their outcomes."""
        for i, action in actions.items():
            self.envs[i].before(action)
        if len(actions) == len(self.envs):
            self._run()
        else:
            for i in actions:
                self.envs[i].run()
        return {i: self.envs[i].after() for i in actions}

    def _run(self) -> None:
        gathers = [arm.gather for arm in self._arms]
        scatters = [arm.scatter for arm in self._arms]
        advances = [env.floor.world.step for env in self.envs]
        for k in range(self.envs[0].ticks):
            for gather in gathers:
                gather(k)
            for kernel, memory in self._kernels:
                kernel(*memory)
            for scatter in scatters:
                scatter(k)
            for rig in self._others:
                rig.tick(k)
            for advance in advances:
                advance()


def _join(arms: list[Ticked]) -> tuple[Any, tuple[np.ndarray, ...]]:
    """Move the records of arms with one controller to rows of four arrays; give its kernel too."""
    controller = arms[0].actuator.controller
    kinds = (controller.params, controller.state, controller.input, controller.output)
    memory = tuple(np.zeros(len(arms), kind) for kind in kinds)
    for row, arm in enumerate(arms):
        assert isinstance(arm.actuator, HostActuator)
        arm.actuator.move(*(array[row : row + 1] for array in memory))
        arm.bind()
    return controller.steps, memory
