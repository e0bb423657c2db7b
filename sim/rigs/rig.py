"""What every rig is: a robot that stands on a floor, what it can be told, what it senses."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from gymnasium import spaces

from sim.errors import SimError
from sim.floor import Floor

if TYPE_CHECKING:
    from sim.rigs.arm import ArmRig
    from sim.rigs.loop import Loop


class Rig:
    """What the environment moves: an arm, two arms, a mobile base, a legged robot.

    Once per step of the environment `command` takes an action, then `run` takes its physics
    ticks, then `observe` reads the outcome; `state` gives it as observation.
    `flags` is the union of the controllers' flags over the last step. Poses are in the floor's
    frame. `trace` keeps a row a tick of each of its lists while `tracing`.
    """

    control_modes: ClassVar[tuple[str, ...]]
    robot: Any
    """What is known of the robot: its record in `robots`."""
    arms: "tuple[ArmRig, ...]" = ()
    """The arms that are all of the rig; none for a rig of another kind."""
    own_loop: "Loop | None" = None
    """What takes its ticks compiled, where that fits."""
    flags: int = 0

    def __init__(self, floor: Floor, control_mode: str, ticks: int) -> None:
        if control_mode not in self.control_modes:
            valid = ", ".join(self.control_modes)
            raise SimError(f"unknown control_mode {control_mode!r}; choose from {valid}")
        self.floor, self.control_mode, self.ticks = floor, control_mode, ticks
        self.tracing = False
        self.trace: dict[str, list[Any]] = {}

    def action_space(self) -> spaces.Box:
        """Give the space of `command`'s action, for this control mode."""
        raise NotImplementedError

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """Give the spaces of `state`."""
        raise NotImplementedError

    def reset(self, rng: np.random.Generator) -> None:
        """Put the robot at its start, at rest, with a start drawn at random about it."""
        raise NotImplementedError

    def command(self, action: np.ndarray) -> None:
        """Take the next step's action, float64 of `action_space`'s shape, inside its bounds."""
        raise NotImplementedError

    def tick(self, k: int) -> None:
        """Do what is due before the step's physics tick k, 0 <= k < ticks."""
        raise NotImplementedError

    def run(self) -> None:
        """Take the step's physics ticks, each after a `tick` of the robot."""
        if self.own_loop is not None and not self.tracing:
            self.own_loop.run()
            return
        advance = self.floor.world.step
        for k in range(self.ticks):
            self.tick(k)
            advance()

    def observe(self) -> None:
        """Read the robot's state from the floor, once a step."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """Give the robot's numeric part of the observation, as last read."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what the rig holds. Safe to call twice."""


def box(*shape: int, low: float = -np.inf, high: float = np.inf) -> spaces.Box:
    """Give a float64 space of numbers."""
    return spaces.Box(low, high, shape, np.float64)
