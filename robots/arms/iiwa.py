"""KUKA LBR iiwa with our parallel gripper."""

import numpy as np

from robots import kinematics
from robots.model import RobotModel
from robots.robot import ASSETS, Robot


def iiwa() -> Robot:
    """KUKA LBR iiwa, 7 joints and a parallel gripper.

    By its link lengths (0.36, 0.42, 0.40 m) the model is the iiwa 14 R820. Position, velocity
    and torque limits are the axis data of KUKA's brochure "Sensitive robotics: LBR iiwa" for
    that arm. KUKA publishes neither acceleration nor jerk nor torque rate: chosen are what
    Franka states for its arm of the same build, but full acceleration within 10 ms. The gains
    belong to the URDF's inertias, which hold those of the motors. The arm stands 0.10 m behind
    the frame's origin.
    """
    model = RobotModel.from_urdf(ASSETS / "iiwa" / "iiwa.urdf")
    chain = model.chain("tool")
    ddq_max = np.array([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0])
    return Robot(
        name="iiwa",
        urdf=ASSETS / "iiwa" / "iiwa.urdf",
        model=model,
        chain=chain,
        tool_link="tool",
        joint_names=tuple(joint.name for joint in chain.joints),
        gripper_joint_names=("left_finger_joint", "right_finger_joint"),
        gripper_opening=(0.0, 0.04),
        home=np.array([0.0, 0.4, 0.0, -1.4, 0.0, np.pi - 1.8, 0.0]),
        q_min=np.array([joint.lower for joint in chain.joints]),
        q_max=np.array([joint.upper for joint in chain.joints]),
        dq_max=np.radians([85.0, 85.0, 100.0, 75.0, 130.0, 135.0, 135.0]),
        ddq_max=ddq_max,
        dddq_max=100.0 * ddq_max,
        tau_max=np.array([320.0, 320.0, 176.0, 176.0, 110.0, 40.0, 40.0]),
        dtau_max=np.array([320.0, 320.0, 176.0, 176.0, 110.0, 40.0, 40.0]) / 0.2,
        kp=np.array([1500.0, 1500.0, 1000.0, 1000.0, 400.0, 300.0, 150.0]),
        kd=np.array([150.0, 150.0, 90.0, 90.0, 30.0, 22.0, 9.0]),
        record=kinematics.chain_record(chain),
        gripper_geared=True,
    )
