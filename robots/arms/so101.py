"""SO-ARM101 with its one-jaw gripper."""

import numpy as np

from robots import kinematics
from robots.model import RobotModel
from robots.robot import ASSETS, Robot


def so101() -> Robot:
    """TheRobotStudio's SO-ARM101 (follower), 5 joints and one jaw that turns, on a 0.10 m plinth.

    Joint places and ranges, masses and centres are those of its published model; a jaw that
    moves sideways is wrist_roll's zero here, and in the maker's a quarter turn. Without the
    plinth the tool, straight down, would not come higher than 0.09 m. Torque and speed are those
    of Feetech's STS3215 at 12 V: 30 kg cm at stall, 45 rpm. Its acceleration register goes to
    25400 steps/s^2, 39 rad/s^2: chosen are 20, full acceleration within 10 ms, and full torque
    within 10 ms. The gains belong to the URDF's inertias, which hold a third of the 0.028 kg m^2
    that the published model gives a servo: Bullet adds up those of parallel joints.

    With five joints the tool stands straight up and down, at any turn within wrist_roll's range,
    or tilts in the plane of the arm.
    """
    model = RobotModel.from_urdf(ASSETS / "so101" / "so101.urdf")
    chain = model.chain("tool")
    return Robot(
        name="so101",
        urdf=ASSETS / "so101" / "so101.urdf",
        model=model,
        chain=chain,
        tool_link="tool",
        joint_names=tuple(joint.name for joint in chain.joints),
        gripper_joint_names=("jaw_joint",),
        gripper_opening=(-0.17, 0.8),
        home=np.array([0.0, -0.1, 0.3, np.pi / 2 - 0.2, 0.0]),
        q_min=np.array([joint.lower for joint in chain.joints]),
        q_max=np.array([joint.upper for joint in chain.joints]),
        dq_max=np.full(5, 4.71),
        ddq_max=np.full(5, 20.0),
        dddq_max=np.full(5, 2000.0),
        tau_max=np.full(5, 2.94),
        dtau_max=np.full(5, 294.0),
        kp=np.array([120.0, 100.0, 60.0, 30.0, 40.0]),
        kd=np.array([4.0, 4.5, 2.2, 1.3, 1.2]),
        record=kinematics.chain_record(chain),
        gripper_force=1.5,
        gripper_speed=1.5,
    )
