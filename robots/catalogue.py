"""The robots we know, by name."""

from functools import lru_cache

from robots.arms.iiwa import iiwa
from robots.arms.panda import panda
from robots.arms.so101 import so101
from robots.arms.xarm6 import xarm6
from robots.errors import check_name
from robots.robot import Robot

__all__ = ["Robot", "load", "names"]

ROBOTS = {"panda": panda, "iiwa": iiwa, "xarm6": xarm6, "so101": so101}


def names() -> list[str]:
    """Give the names of all robots."""
    return list(ROBOTS)


@lru_cache
def load(name: str) -> Robot:
    """Give a robot by name.

    Raises RobotError for a name that is not one, with the nearest that is.
    """
    check_name("robot", name, ROBOTS)
    return ROBOTS[name]()
