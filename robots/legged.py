"""The walking robots we know: leg geometry, limits, and how they stand and step."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from robots.errors import RobotError, check_name

LEGS = ("FR", "FL", "RR", "RL")


@dataclass(frozen=True)
class Quadruped:
    """Four legs of hip (abduction), thigh and calf. SI units.

    Joint arrays are (12,) in the order of `joint_names`: front right, front left, rear right,
    rear left, each hip, thigh, calf. Base frame: x forward, y left, z up, in the trunk's middle.
    `hips` (4, 3) are the hip joints' places in the base; `side` (4,) is -1 on the right, +1 on
    the left; `links` are the hip's offset to its side and the lengths of thigh and calf.
    `feet` (4, 3) are the soles' centres in the base when it stands, `foot_radius` their size;
    `imu_link` shares the base's frame.
    `kp`, `kd` are the gains of a leg that carries, `kp_swing`, `kd_swing` of one in the air.
    `speed_max` and `slew_max` (3,) bound the commanded vx, vy (m/s), yaw rate (rad/s) and their
    rates of change. One stride of a foot lasts `period`,
    of which it is down for `duty`; it is lifted by `lift` and set down further out by `raibert`
    seconds times the speed that was not asked for.
    """

    name: str
    urdf: Path
    mass: float
    joint_names: tuple[str, ...]
    foot_links: tuple[str, ...]
    imu_link: str
    foot_radius: float
    hips: np.ndarray
    side: np.ndarray
    links: tuple[float, float, float]
    feet: np.ndarray
    home: np.ndarray
    q_min: np.ndarray
    q_max: np.ndarray
    dq_max: np.ndarray
    ddq_max: np.ndarray
    dddq_max: np.ndarray
    tau_max: np.ndarray
    kp: np.ndarray
    kd: np.ndarray
    kp_swing: np.ndarray
    kd_swing: np.ndarray
    speed_max: np.ndarray
    slew_max: np.ndarray
    period: float
    duty: float
    lift: float
    raibert: float


def names() -> list[str]:
    """Give the names of all walking robots."""
    return list(QUADRUPEDS)


def load(name: str) -> Quadruped:
    """Give a walking robot by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    check_name("walking robot", name, QUADRUPEDS)
    return QUADRUPEDS[name]()


@lru_cache
def a1() -> Quadruped:
    """Unitree A1, 12 joints, 12.5 kg.

    Geometry, masses, position limits and the hips' torque limit are the URDF's of pybullet_data;
    the other torques are held to the 33.5 N m and all speeds to the 21 rad/s that Unitree gives
    for the real motors. Gains and gait are ours, set for control at 500 Hz.
    """
    spec = find_spec("pybullet_data")
    if spec is None or spec.origin is None:
        raise RobotError("the package pybullet_data is missing; install pybullet")
    side = np.array([-1.0, 1.0, -1.0, 1.0])
    front = np.array([1.0, 1.0, -1.0, -1.0])
    hips = np.stack([0.183 * front, 0.047 * side, np.zeros(4)], axis=1)
    thigh, calf = 0.845, -1.639
    # The legs fold backwards and take the centre of mass with them, 7 mm behind the trunk's.
    feet = hips + np.stack([np.full(4, -0.007), 0.08505 * side, np.full(4, -0.273)], axis=1)
    return Quadruped(
        name="a1",
        urdf=Path(spec.origin).parent / "a1" / "a1.urdf",
        mass=12.458,
        joint_names=tuple(
            f"{leg}_{joint}_joint" for leg in LEGS for joint in ("hip", "upper", "lower")
        ),
        foot_links=tuple(f"{leg}_toe" for leg in LEGS),
        imu_link="imu_link",
        foot_radius=0.02,
        hips=hips,
        side=side,
        links=(0.08505, 0.2, 0.2),
        feet=feet,
        home=np.tile([0.0, thigh, calf], 4),
        q_min=np.tile([-0.802851455917, -1.0471975512, -2.69653369433], 4),
        q_max=np.tile([0.802851455917, 4.18879020479, -0.916297857297], 4),
        dq_max=np.full(12, 21.0),
        ddq_max=np.full(12, 400.0),
        dddq_max=np.full(12, 4e4),
        tau_max=np.tile([20.0, 33.5, 33.5], 4),
        kp=np.full(12, 100.0),
        kd=np.full(12, 2.0),
        kp_swing=np.full(12, 160.0),
        kd_swing=np.full(12, 3.0),
        speed_max=np.array([0.6, 0.3, 0.8]),
        slew_max=np.array([1.0, 1.0, 2.0]),
        period=0.36,
        duty=0.58,
        lift=0.07,
        raibert=0.06,
    )


QUADRUPEDS = {"a1": a1}
