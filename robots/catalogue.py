"""The robots we know, by name."""

import difflib
from functools import lru_cache

from robots.arms.iiwa import iiwa
from robots.arms.panda import panda
from robots.arms.so101 import so101
from robots.arms.xarm6 import xarm6
from robots.errors import RobotError
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
    if name not in ROBOTS:
        near = difflib.get_close_matches(name, ROBOTS, 1, 0.3)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RobotError(f"unknown robot {name!r}{hint} (robots: {', '.join(ROBOTS)})")
    return ROBOTS[name]()
