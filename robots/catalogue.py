"""The robots we know, with what the URDF does not say: gains, jerk limits, a home."""

import difflib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from robots import kinematics
from robots.errors import RobotError
from robots.model import Chain, RobotModel

IK_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Robot:
    """An arm with a gripper. All arrays are (n,), SI units, in the order of `joint_names`.

    `gripper_opening` is a finger's travel, metres, closed and open. `home` has the tool
    pointing straight down. `kp` N m/rad and `kd` N m s/rad are the impedance gains.
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

    def forward(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the tool's position (3,) and rotation (3, 3) in the base for q (n,)."""
        position, rotation = np.empty(3), np.empty((3, 3))
        kinematics.forward(self.record[0], np.asarray(q, float), position, rotation)
        return position, rotation

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
            100,
            IK_TOLERANCE,
            q,
        )
        return q, float(error)


def names() -> list[str]:
    """Give the names of all robots."""
    return list(ROBOTS)


def load(name: str) -> Robot:
    """Give a robot by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    if name not in ROBOTS:
        near = difflib.get_close_matches(name, ROBOTS, 1, 0.3)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RobotError(f"unknown robot {name!r}{hint} (robots: {', '.join(ROBOTS)})")
    return ROBOTS[name]()


def _pybullet_data() -> Path:
    spec = find_spec("pybullet_data")
    if spec is None or spec.origin is None:
        raise RobotError("the package pybullet_data is missing; install pybullet")
    return Path(spec.origin).parent


@lru_cache
def panda() -> Robot:
    """Franka Emika Panda, 7 joints and a parallel gripper.

    Velocity, acceleration, jerk, torque and torque-rate limits are those of Franka's "Robot
    and interface specifications". Position limits are the URDF's, which are the mechanical ones:
    up to 0.07 rad wider than those at which Franka's own controller stops the arm. The gains
    belong to the URDF's inertias (0.1 kg m^2 a link). With inertias that Bullet makes up from
    the collision shapes (loading without URDF_USE_INERTIA_FROM_FILE) they are unstable.
    """
    urdf = _pybullet_data() / "franka_panda" / "panda.urdf"
    model = RobotModel.from_urdf(urdf)
    chain = model.chain("panda_grasptarget")
    return Robot(
        name="panda",
        urdf=urdf,
        model=model,
        chain=chain,
        tool_link="panda_grasptarget",
        joint_names=tuple(joint.name for joint in chain.joints),
        gripper_joint_names=("panda_finger_joint1", "panda_finger_joint2"),
        gripper_opening=(0.0, 0.04),
        home=np.array([0.0, -0.25, 0.0, -2.25, 0.0, 2.0, np.pi / 4]),
        q_min=np.array([joint.lower for joint in chain.joints]),
        q_max=np.array([joint.upper for joint in chain.joints]),
        dq_max=np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61]),
        ddq_max=np.array([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]),
        dddq_max=np.array([7500.0, 3750.0, 5000.0, 6250.0, 7500.0, 10000.0, 10000.0]),
        tau_max=np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0]),
        dtau_max=np.full(7, 1000.0),
        kp=np.array([900.0, 900.0, 700.0, 700.0, 300.0, 300.0, 150.0]),
        kd=np.array([70.0, 70.0, 45.0, 45.0, 18.0, 18.0, 12.0]),
        record=kinematics.chain_record(chain),
    )


ROBOTS = {"panda": panda}
