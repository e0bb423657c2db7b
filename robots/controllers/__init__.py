"""Controllers, by name: each written once as a Numba kernel, run on host and board alike.

A controller is a module of this folder, or several in series (`ARRANGEMENTS`) with the limiter
among them: the form in which a robot should run a law. Both have `controller(n)` and
`params(robot, rate_hz)`; some have `ROBOT`, the robot that they are for when none is named, and
`size(robot)`, the n of their controller where it is not the number of the robot's joints.
"""

from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from robots.controllers.contract import Controller
from robots.errors import check_name

MODULES = (
    "limited_impedance",
    "joint_impedance",
    "limiter",
    "diff_drive",
    "gait",
    "leg_impedance",
    "chunk_player",
    "chunked_impedance",
    "move_to",
    "planned_impedance",
    "dls_ik",
    "maths_probe",
    "torque_limiter",
    "joint_stops",
    "computed_torque",
    "operational_space",
    "diff_ik",
    "wrench_sensor",
    "admittance",
    "force_control",
    "gripper_force",
)

_FOLLOW = ("limiter", "joint_impedance", "torque_limiter")
ARRANGEMENTS: dict[str, tuple[str, ...]] = {
    "limited_computed_torque": ("limiter", "computed_torque", "torque_limiter"),
    "limited_operational_space": (
        "limiter",
        "operational_space",
        "joint_stops",
        "torque_limiter",
    ),
    "limited_diff_ik": ("diff_ik", *_FOLLOW),
    "limited_admittance": ("admittance", "diff_ik", *_FOLLOW),
    "limited_force_control": ("force_control", "diff_ik", *_FOLLOW),
    "limited_gripper_force": ("limiter", "gripper_force", "torque_limiter"),
}
"""What runs in series under one name, see `series`: the limits are the robot's own."""

ANY_ROBOT = ("limiter", "maths_probe")
"""Controllers that do for robots of every kind."""


def names() -> list[str]:
    """Give the names of all controllers."""
    return [*MODULES, *ARRANGEMENTS]


@lru_cache
def load(name: str) -> Any:
    """Give a controller's module, or what arranges several, by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    check_name("controller", name, names())
    if name in MODULES:
        return import_module(f"robots.controllers.{name}")
    from robots.controllers.series import series
    from robots.gripper import fingers

    stages = ARRANGEMENTS[name]
    body = fingers if "gripper_force" in stages else None
    return series(name, *(load(stage) for stage in stages), body=body)


def usual_robot(name: str) -> str:
    """Give the name of the robot that a controller is for where none is named."""
    return getattr(load(name), "ROBOT", "panda")


def robot_for(name: str, robot: str = "") -> Any:
    """Give a robot of any kind by name, or the usual one of a controller.

    Raises RobotError for a robot that is none, or not of the kind that the controller drives.
    """
    from robots import catalogue, legged, mobile

    usual = usual_robot(name)
    kinds: tuple[Any, ...] = (catalogue, legged, mobile)
    kind = next(k for k in kinds if usual in k.names())
    if name in ANY_ROBOT:
        kind = next((k for k in kinds if robot in k.names()), kind)
    return kind.load(robot or usual)


def for_robot(name: str, robot: Any, rate_hz: float) -> tuple[Controller, np.ndarray]:
    """Give a controller by name with its parameters, shape (1,), as set for a robot and a rate.

    Raises RobotError for a name that is not one and a rate that is not positive and finite.
    """
    law = load(name)
    n = law.size(robot) if hasattr(law, "size") else len(robot.joint_names)
    return law.controller(n), law.params(robot, rate_hz)
