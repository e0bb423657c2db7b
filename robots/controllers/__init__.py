"""Controllers: one module each, written once as a Numba kernel, run on host and board alike."""

from importlib import import_module
from types import ModuleType

from robots.errors import check_name

MODULES = (
    "limited_impedance",
    "joint_impedance",
    "limiter",
    "diff_drive",
    "gait",
    "leg_impedance",
    "dls_ik",
    "maths_probe",
)


def names() -> list[str]:
    """Give the names of all controllers."""
    return list(MODULES)


def load(name: str) -> ModuleType:
    """Import a controller's module by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    check_name("controller", name, MODULES)
    return import_module(f"robots.controllers.{name}")
