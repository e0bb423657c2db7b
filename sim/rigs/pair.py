"""Two arms on one floor, told and read together."""

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from robots.catalogue import Robot
from robots.controllers import limited_impedance
from sim.floor import Floor
from sim.rigs.arm import CONTROL_MODES, ArmRig
from sim.rigs.loop import Loop
from sim.rigs.rig import Rig
from sim.scene import Mount

SIDES = ("left", "right")


class PairRig(Rig):
    """A left and a right arm of one kind; where they stand is the scene's `[mounts.left]`, `right`.

    Every observation of `ArmRig` has one row for the left arm and one for the right, for example
    `q` (2, n); an action is the left arm's followed by the right arm's, for example (14,) for
    `ee_delta` (in `joint_setpoints` side by side, (ticks, 2 n + 2)). Cameras ride on `left_tool`
    and `right_tool`.
    """

    control_modes: ClassVar[tuple[str, ...]] = CONTROL_MODES

    def __init__(
        self,
        floor: Floor,
        robot: Robot,
        control_mode: str,
        ticks: int,
        stiffness: float = 1.0,
        law: Any = limited_impedance,
    ) -> None:
        super().__init__(floor, control_mode, ticks)
        self.robot = robot
        stands = floor.scene.mounts
        self.arms = tuple(
            ArmRig(
                floor,
                robot,
                control_mode,
                ticks,
                stiffness=stiffness,
                mount=stands.get(side, Mount(np.array([0.0, 0.5 - k, 0.0]))),
                name=side,
                carrier=f"{side}_tool",
                law=law,
            )
            for k, side in enumerate(SIDES)
        )
        self.left, self.right = self.arms
        self.own_loop = Loop(self.arms) if all(arm.compiled for arm in self.arms) else None

    def action_space(self) -> spaces.Box:
        """See Rig."""
        one = self.left.action_space()
        low, high = (np.concatenate([x, x], axis=-1) for x in (one.low, one.high))
        return spaces.Box(low, high, dtype=one.dtype)  # type: ignore[arg-type]

    def spaces(self) -> dict[str, spaces.Space[Any]]:
        """See Rig."""
        found: dict[str, spaces.Space[Any]] = {}
        for key, space in self.left.spaces().items():
            assert isinstance(space, spaces.Box)
            low, high = np.stack([space.low] * 2), np.stack([space.high] * 2)
            found[key] = spaces.Box(low, high, dtype=np.float64)
        return found

    def reset(self, rng: np.random.Generator) -> None:
        """See Rig."""
        for arm in self.arms:
            arm.reset(rng)

    def command(self, action: np.ndarray) -> None:
        """See Rig."""
        half = action.shape[-1] // 2
        self.left.command(action[..., :half])
        self.right.command(action[..., half:])

    def tick(self, k: int) -> None:
        """See Rig."""
        self.left.tick(k)
        self.right.tick(k)

    def observe(self) -> None:
        """See Rig."""
        for arm in self.arms:
            arm.observe()
        self.flags = self.left.flags | self.right.flags

    def state(self) -> dict[str, np.ndarray]:
        """See Rig."""
        left, right = self.left.state(), self.right.state()
        return {key: np.array([left[key], right[key]]) for key in left}

    def close(self) -> None:
        """See Rig."""
        for arm in self.arms:
            arm.close()
