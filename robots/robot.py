"""What a robot is: a model with what its URDF does not say, and its kinematics."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from robots import kinematics
from robots.ik import Solution, Solver
from robots.model import Chain, RobotModel

ASSETS = Path(__file__).parent / "assets"
IK_TOLERANCE, IK_ITERATIONS = 1e-5, 100


@dataclass(frozen=True)
class Robot:
    """An arm with a gripper. All arrays are (n,), SI units, in the order of `joint_names`.

    The tool's frame has z out of the gripper, y along the fingers' way, and its origin between
    the fingers, some 10 mm inside their tips. `home` has it pointing straight down.
    `gripper_opening` is what every joint of the gripper is driven to, closed and open: metres,
    or radians where it turns; with `gripper_force`, N or N m, at `gripper_speed`. `gripper_geared`
    says that its two joints travel alike whatever they meet. `kp` N m/rad and `kd` N m s/rad are
    the impedance gains.
    """

    name: str
    urdf: Path
    model: RobotModel
    chain: Chain
    tool_link: str
    joint_names: tuple[str, ...]
    gripper_joint_names: tuple[str, ...]
    gripper_opening: tuple[float, float]
    home: np.ndarray
    q_min: np.ndarray
    q_max: np.ndarray
    dq_max: np.ndarray
    ddq_max: np.ndarray
    dddq_max: np.ndarray
    tau_max: np.ndarray
    dtau_max: np.ndarray
    kp: np.ndarray
    kd: np.ndarray
    record: np.ndarray
    gripper_force: float = 25.0
    gripper_speed: float = 0.12
    gripper_geared: bool = False

    def forward(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the tool's position (3,) and rotation (3, 3) in the base for q (n,)."""
        position, rotation = np.empty(3), np.empty((3, 3))
        kinematics.forward(self.record[0], np.asarray(q, float), position, rotation)
        return position, rotation

    @cached_property
    def solver(self) -> Solver:
        """Inverse kinematics of this arm, one pose or many; see `robots.ik.Solver`."""
        return Solver(self.chain, self.q_min, self.q_max, self.home)

    def ik(self, pose: Any, **options: Any) -> Solution:
        """Find q (n,) for a tool pose wherever there is one; see `robots.ik.Solver.solve`.

        `pose` (7,): position and unit quaternion xyzw; or position (3,) and rotation (3, 3).
        """
        return self.solver.solve(pose, **options)

    def inverse(
        self,
        q_start: np.ndarray,
        position: np.ndarray,
        rotation: np.ndarray,
        attempts: int = 1,
    ) -> tuple[np.ndarray, float]:
        """Find q (n,) for a tool pose, from q_start; give it with the error left (m + rad).

        One attempt stays near q_start, as following a moving pose needs. More attempts start
        again from other postures, the same ones every time, where the ones before them stuck:
        for a pose that is to be reached at all, wherever the elbow ends up.
        """
        best, left = self._descend(np.asarray(q_start, float), position, rotation, self.home)
        if attempts == 1:
            return best, left
        rng = np.random.default_rng(0)
        for _ in range(attempts - 1):
            if left < IK_TOLERANCE:
                break
            posture = rng.uniform(self.q_min, self.q_max)
            q, error = self._descend(posture, position, rotation, posture)
            if error < left:
                best, left = q, error
        return best, left

    def _descend(
        self, q_start: np.ndarray, position: np.ndarray, rotation: np.ndarray, posture: np.ndarray
    ) -> tuple[np.ndarray, float]:
        q = np.empty(len(self.home))
        error = kinematics.inverse(
            self.record[0],
            self.q_min,
            self.q_max,
            q_start,
            np.asarray(position, float),
            np.ascontiguousarray(rotation, float),
            posture,
            IK_ITERATIONS,
            IK_TOLERANCE,
            q,
        )
        return q, float(error)
