"""Tasks: what the floor asks for. One module each; a task knows no PyBullet."""

import difflib
import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sim.errors import SimError

if TYPE_CHECKING:
    from sim.tasks.task import Task


@dataclass(frozen=True)
class Entry:
    """One task in the list: its module, what it asks for in one line, and how hard it is."""

    module: str
    summary: str
    difficulty: str


TASKS = {
    "KitTray": Entry("kit_tray", "put the named part into the named slot of a tray", "easy"),
    "BinPick": Entry("bin_pick", "take a part of the named kind out of a bin of clutter", "medium"),
    "ConveyorSort": Entry(
        "conveyor_sort", "sort the parts on a moving belt into two chutes by a rule", "medium"
    ),
    "PegInsert": Entry("peg_insert", "fit a shaft into the named socket without force", "hard"),
    "MachineTend": Entry(
        "machine_tend", "open a machine, load a blank, close the door, press start", "medium"
    ),
    "Palletize": Entry("palletize", "stack cartons on a pallet in the named pattern", "medium"),
    "PanelOperate": Entry(
        "panel_operate", "set the toggle, knob, lever or button of a panel as told", "easy"
    ),
    "HandOver": Entry("hand_over", "pass the named part from one arm to the other", "medium"),
    "DeliverTote": Entry(
        "deliver_tote", "carry a tote past shelves and people to the named station", "medium"
    ),
    "Inspect": Entry(
        "inspect_gauges", "walk a marked route and report what a gauge reads", "medium"
    ),
}


def names() -> list[str]:
    """Give the names of all tasks."""
    return list(TASKS)


def summary(name: str) -> str:
    """Say in one line what a task asks for."""
    return TASKS[resolve(name)].summary


def difficulty(name: str) -> str:
    """Say how hard a task is: easy, medium or hard."""
    return TASKS[resolve(name)].difficulty


def module(name: str) -> str:
    """Give the name of a task's module, which its scene and its picture share."""
    return TASKS[resolve(name)].module


def robots(name: str) -> tuple[str, ...]:
    """Give the robots that a task is laid out for, the default first."""
    return load(name).robots


def resolve(name: str) -> str:
    """Give the plain name of a task: `KitTray` and `millhand/KitTray-v0` are the same.

    Raises SimError for a name that is not one, with the nearest that is.
    """
    plain = name.removeprefix("millhand/").removesuffix("-v0")
    if plain in TASKS:
        return plain
    raise SimError(f"unknown {suggest('task', plain, tuple(TASKS))}")


def make(name: str, options: dict[str, Any], robot: str | None = None) -> "Task":
    """Make a task, on the scene that it has for a robot unless the options name one.

    Raises SimError for an option that it does not take.
    """
    kind = load(name)
    valid = tuple(inspect.signature(kind).parameters)
    for key in options:
        if key not in valid:
            raise SimError(f"{resolve(name)} takes no {suggest('option', key, valid)}")
    fitting = {"scene": kind.scenes[robot]} if robot in kind.scenes else {}
    return kind(**{**fitting, **options})


def load(name: str) -> type["Task"]:
    """Import a task's class."""
    plain = resolve(name)
    module = import_module(f"sim.tasks.{TASKS[plain].module}")
    task: type[Task] = getattr(module, plain)
    return task


def suggest(what: str, value: str, valid: tuple[str, ...]) -> str:
    """Name a value that is no valid `what`, with the nearest that is and all that are."""
    near = difflib.get_close_matches(value, valid, 1, 0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{what} {value!r}{hint} ({what}s: {', '.join(valid)})"
