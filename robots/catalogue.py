"""The robots we know, by name: `load` and `names` for the arms, `tree` and `every` for all."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from robots import legged, mobile
from robots.arms.iiwa import iiwa
from robots.arms.panda import panda
from robots.arms.so101 import so101
from robots.arms.xarm6 import xarm6
from robots.errors import RobotError, check_name
from robots.model import RobotModel
from robots.robot import Robot
from robots.tree import Tree

__all__ = ["Robot", "every", "load", "model", "names", "tree", "urdf"]

ROBOTS = {"panda": panda, "iiwa": iiwa, "xarm6": xarm6, "so101": so101}


def names() -> list[str]:
    """Give the names of all arms."""
    return list(ROBOTS)


def every() -> list[str]:
    """Give the names of all robots: arms, walking robots and mobile bases."""
    return [*names(), *legged.names(), *mobile.names()]


@lru_cache
def load(name: str) -> Robot:
    """Give an arm by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    check_name("robot", name, ROBOTS)
    return ROBOTS[name]()


@lru_cache
def model(name: str) -> RobotModel:
    """Give the model of any robot by name; raises as `load` does."""
    path = urdf(name)
    return load(name).model if name in ROBOTS else RobotModel.from_urdf(path)


def urdf(name: str) -> Path:
    """Give the URDF file of any robot by name; raises as `load` does."""
    check_name("robot", name, every())
    if name in ROBOTS:
        return load(name).urdf
    return legged.load(name).urdf if name in legged.names() else mobile.load(name).urdf


@lru_cache
def tree(name: str, opening: float = 0.0, whole: bool = False) -> Tree:
    """Give the tree of any robot by name, its limits those that its controllers keep.

    An arm's coordinates are those of `Robot.joint_names`, with each joint of its gripper held at
    `opening`, m or rad as in `Robot.gripper_opening`; at zero, as in `Robot.chain`, if left out.
    With `whole` the gripper's joints are coordinates too, after the arm's. The a1 floats and has
    the 12 joints, the husky floats and has the 4 wheels, each in the order of `joint_names`.
    The arrays are shared: copy before changing one. Raises RobotError for a name that is none, an
    opening out of the gripper's range, and an opening that nothing is held at.
    """
    of = model(name)
    if opening and (whole or name not in ROBOTS):
        why = "its gripper's joints are free" if name in ROBOTS else "it has no gripper"
        raise RobotError(f"{name}: an opening of {opening:g} cannot be held, as {why}; leave it 0")
    if name in legged.names():
        walker = legged.load(name)
        return replace(
            of.tree(floating=True, joints=walker.joint_names),
            q_min=walker.q_min,
            q_max=walker.q_max,
            dq_max=walker.dq_max,
            tau_max=walker.tau_max,
        )
    if name in mobile.names():
        base = mobile.load(name)
        wheels = len(base.joint_names)
        return replace(
            of.tree(floating=True, joints=base.joint_names),
            dq_max=np.full(wheels, base.wheel_max),
            tau_max=np.full(wheels, base.tau_max),
        )
    arm = load(name)
    movable = {joint.name: joint for joint in of.movable}
    gripper = [joint for joint in arm.gripper_joint_names if movable[joint].mimic is None]
    if not whole:
        made = of.tree(joints=arm.joint_names, hold=dict.fromkeys(gripper, opening))
    else:
        made = of.tree(joints=(*arm.joint_names, *gripper))
    extra = made.n - len(arm.joint_names)
    return replace(
        made,
        q_min=np.append(arm.q_min, made.q_min[made.n - extra :]),
        q_max=np.append(arm.q_max, made.q_max[made.n - extra :]),
        dq_max=np.append(arm.dq_max, np.full(extra, arm.gripper_speed)),
        tau_max=np.append(arm.tau_max, np.full(extra, arm.gripper_force)),
    )
