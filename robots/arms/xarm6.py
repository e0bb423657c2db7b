"""UFACTORY xArm 6 with our parallel gripper."""

import numpy as np

from robots import kinematics
from robots.model import RobotModel
from robots.robot import ASSETS, Robot


def xarm6() -> Robot:
    """UFACTORY xArm 6, 6 joints and a parallel gripper.

    Joint ranges, speed (180 deg/s) and jerk (28647 deg/s^3) are those of UFACTORY's "Robot
    specifications"; torques are the efforts of its URDF. Of the 1145 deg/s^2 of acceleration
    that it allows 400 are used: more takes longer to build up and take back, at that jerk, than
    the limiter's servo has time for, and it hunts. UFACTORY states no torque rate: chosen is
    the full torque in 20 ms (in 100 ms it lags the spring, and the arm swings). The gains belong
    to the URDF's inertias, which hold those of the motors.
    """
    model = RobotModel.from_urdf(ASSETS / "xarm6" / "xarm6.urdf")
    chain = model.chain("tool")
    return Robot(
        name="xarm6",
        urdf=ASSETS / "xarm6" / "xarm6.urdf",
        model=model,
        chain=chain,
        tool_link="tool",
        joint_names=tuple(joint.name for joint in chain.joints),
        gripper_joint_names=("left_finger_joint", "right_finger_joint"),
        gripper_opening=(0.0, 0.04),
        home=np.array([0.0, -0.2, -1.1, 0.0, 1.3, 0.0]),
        q_min=np.array([joint.lower for joint in chain.joints]),
        q_max=np.array([joint.upper for joint in chain.joints]),
        dq_max=np.full(6, np.radians(180.0)),
        ddq_max=np.full(6, np.radians(400.0)),
        dddq_max=np.full(6, np.radians(28647.0)),
        tau_max=np.array([50.0, 50.0, 32.0, 32.0, 32.0, 20.0]),
        dtau_max=np.array([50.0, 50.0, 32.0, 32.0, 32.0, 20.0]) / 0.02,
        kp=np.array([800.0, 800.0, 500.0, 250.0, 250.0, 120.0]),
        kd=np.array([50.0, 50.0, 30.0, 10.0, 10.0, 4.0]),
        record=kinematics.chain_record(chain),
        gripper_geared=True,
    )
