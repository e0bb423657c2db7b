"""Franka Emika Panda."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from robots import kinematics
from robots.errors import RobotError
from robots.model import RobotModel
from robots.robot import Robot


def pybullet_data() -> Path:
    spec = find_spec("pybullet_data")
    if spec is None or spec.origin is None:
        raise RobotError("the package pybullet_data is missing; install pybullet")
    return Path(spec.origin).parent


def panda() -> Robot:
    """Franka Emika Panda, 7 joints and a parallel gripper.

    Velocity, acceleration, jerk, torque and torque-rate limits are those of Franka's "Robot
    and interface specifications". Position limits are the URDF's, which are the mechanical ones:
    up to 0.07 rad wider than those at which Franka's own controller stops the arm. Joints 5 to 7
    have 8 rad/s^2 instead of Franka's 15 to 20: with the URDF's inertias (0.1 kg m^2 a link)
    their 12 N m give no more, and a reference that outruns its torque swings the arm. The gains
    belong to those inertias. With inertias that Bullet makes up from the collision shapes
    (loading without URDF_USE_INERTIA_FROM_FILE) they are unstable.
    """
    urdf = pybullet_data() / "franka_panda" / "panda.urdf"
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
        ddq_max=np.array([15.0, 7.5, 10.0, 12.5, 8.0, 8.0, 8.0]),
        dddq_max=np.array([7500.0, 3750.0, 5000.0, 6250.0, 7500.0, 10000.0, 10000.0]),
        tau_max=np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0]),
        dtau_max=np.full(7, 1000.0),
        kp=np.array([900.0, 900.0, 700.0, 700.0, 300.0, 300.0, 150.0]),
        kd=np.array([70.0, 70.0, 45.0, 45.0, 18.0, 18.0, 12.0]),
        record=kinematics.chain_record(chain),
        gripper_geared=True,
    )
