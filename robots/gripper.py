"""The fingers of an arm's gripper, as a body of their own: what the control laws ask of one."""

from dataclasses import dataclass, replace

import numpy as np

from robots.robot import Robot


@dataclass(frozen=True)
class Fingers:
    """Joints that grip. Arrays are (n,), SI units, in the order of `joint_names`.

    `home` is open. `closing` (n,) is the sign of the way to closed. `inertia` is what each joint
    moves, kg or kg m^2.
    """

    name: str
    joint_names: tuple[str, ...]
    home: np.ndarray
    q_min: np.ndarray
    q_max: np.ndarray
    dq_max: np.ndarray
    ddq_max: np.ndarray
    dddq_max: np.ndarray
    tau_max: np.ndarray
    dtau_max: np.ndarray
    inertia: np.ndarray


def fingers(robot: "Robot | Fingers") -> Fingers:
    """Give the fingers of a robot.

    Range, speed and force are the robot's. The makers state neither acceleration nor jerk nor a
    rate of force: chosen are full speed within 50 ms, full acceleration within 10 ms, full force
    within 20 ms.
    """
    if isinstance(robot, Fingers):
        return robot
    n = len(robot.gripper_joint_names)
    # Here every finger has a motor of its own, also where the URDF has one follow another.
    apart = tuple(replace(joint, mimic=None) for joint in robot.model.joints)
    model = replace(robot.model, joints=apart)
    child = {joint.name: joint.child for joint in apart}
    inertia = []
    for name in robot.gripper_joint_names:
        chain = model.chain(child[name])
        com, axis = chain.com[-1], chain.axis[-1]
        turning = axis @ chain.inertia[-1] @ axis
        turning += chain.mass[-1] * (com @ com - (com @ axis) ** 2)
        inertia.append(chain.mass[-1] if chain.prismatic[-1] else turning)
    speed, force = np.full(n, robot.gripper_speed), np.full(n, robot.gripper_force)
    return Fingers(
        name=robot.name,
        joint_names=robot.gripper_joint_names,
        home=np.full(n, robot.gripper_opening[1]),
        q_min=np.full(n, min(robot.gripper_opening)),
        q_max=np.full(n, max(robot.gripper_opening)),
        dq_max=speed,
        ddq_max=speed / 0.05,
        dddq_max=speed / 0.05 / 0.01,
        tau_max=force,
        dtau_max=force / 0.02,
        inertia=np.array(inertia),
    )
