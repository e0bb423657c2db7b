"""Controllers, by name: each written once as a Numba kernel, run on host and board alike.

A controller is a module of this folder, or several in series (`ARRANGEMENTS`) with the limiter
among them: the form in which a robot should run a law. Both have `controller(n)` and
`params(robot, rate_hz)`; some have `ROBOT`, the robot that they are for when none is named, and
`size(robot)`, the n of their controller where it is not the number of the robot's joints.

Wherever a controller's name is asked for, a path to a Python file with the same does as well.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from robots.controllers import from_file
from robots.controllers.contract import Controller
from robots.errors import RobotError, check_name

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


def load(name: str | Path | Any) -> Any:
    """Give a controller's module, or what arranges several: by name, or by the path of a file.

    A name is a path where it ends in `.py` or has a slash in it. What is a law already, a module
    or a series, is given back. Raises RobotError for a name that is not one, with the nearest
    that is, and for a file or a law that lacks what they have.
    """
    if not isinstance(name, str | Path):
        from_file.check(name, from_file.name_of(name))
        return name
    return from_file.read(name) if from_file.is_path(name) else _named(str(name))


@lru_cache
def _named(name: str) -> Any:
    check_name("controller", name, names())
    if name in MODULES:
        return import_module(f"robots.controllers.{name}")
    from robots.controllers.series import series
    from robots.gripper import fingers

    stages = ARRANGEMENTS[name]
    body = fingers if "gripper_force" in stages else None
    return series(name, *(load(stage) for stage in stages), body=body)


def reference(law: str | Path | Any) -> str:
    """Give a text by which another process loads the same law: a name, or a whole path.

    Raises RobotError for a law that has none, such as a series made by hand.
    """
    found = load(law)
    file = getattr(found, "__file__", None)
    if isinstance(found, ModuleType) and file:
        name = found.__name__.rpartition(".")[2]
        return name if name in MODULES and _named(name) is found else str(file)
    name = getattr(found, "name", "")
    if name in ARRANGEMENTS and _named(name) is found:
        return str(name)
    raise RobotError(
        f"controller {from_file.name_of(found)} has no name that another process could load; "
        "put it in a file of its own and give the path"
    )


def usual_robot(name: str | Path | Any) -> str:
    """Give the name of the robot that a controller is for where none is named."""
    return getattr(load(name), "ROBOT", "panda")


def robot_for(name: str | Path | Any, robot: str = "") -> Any:
    """Give a robot of any kind by name, or the usual one of a controller.

    Raises RobotError for a robot that is none, or not of the kind that the controller drives.
    """
    from robots import catalogue, legged, mobile

    usual = usual_robot(name)
    kinds: tuple[Any, ...] = (catalogue, legged, mobile)
    kind = next((k for k in kinds if usual in k.names()), None)
    if kind is None:
        raise RobotError(
            f"controller {name}: its ROBOT is {usual!r}; choose from {', '.join(catalogue.every())}"
        )
    if name in ANY_ROBOT:
        kind = next((k for k in kinds if robot in k.names()), kind)
    return kind.load(robot or usual)


def controller_for(name: str | Path | Any, robot: Any) -> Controller:
    """Give a controller by name or path, for as many joints as a robot has.

    Raises RobotError for a name that is not one, and a law that makes no controller.
    """
    law = load(name)
    return from_file.make(law, from_file.size(law, robot))


def for_robot(name: str | Path | Any, robot: Any, rate_hz: float) -> tuple[Controller, np.ndarray]:
    """Give a controller by name or path, and its parameters (1,), set for a robot and a rate.

    Raises RobotError for a name that is not one, a law that makes no controller, and a rate that
    is not positive and finite.
    """
    law = load(name)
    made = controller_for(law, robot)
    return made, from_file.set_for(law, made, robot, rate_hz)
