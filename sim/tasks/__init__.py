"""Tasks: what the floor asks for. One module each; a task knows no PyBullet."""

import difflib
from importlib import import_module
from typing import TYPE_CHECKING

from sim.errors import SimError

if TYPE_CHECKING:
    from sim.tasks.task import Task

TASKS = {"KitTray": ("sim.tasks.kit_tray", "put the named part into the named slot of a tray")}


def names() -> list[str]:
    """Give the names of all tasks."""
    return list(TASKS)


def summary(name: str) -> str:
    """Say in one line what a task asks for."""
    return TASKS[resolve(name)][1]


def resolve(name: str) -> str:
    """Give the plain name of a task: `KitTray` and `millhand/KitTray-v0` are the same.

    Raises SimError for a name that is not one, with the nearest that is.
    """
    plain = name.removeprefix("millhand/").removesuffix("-v0")
    if plain in TASKS:
        return plain
    near = difflib.get_close_matches(plain, TASKS, 1, 0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SimError(f"unknown task {name!r}{hint} (tasks: {', '.join(TASKS)})")


def load(name: str) -> type["Task"]:
    """Import a task's class."""
    plain = resolve(name)
    task: type[Task] = getattr(import_module(TASKS[plain][0]), plain)
    return task
