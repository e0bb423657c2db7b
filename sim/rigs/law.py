"""Which controller a rig runs: its own, or one that was chosen and fits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from robots import controllers
from robots.actuator import Actuator, HostActuator
from robots.controllers.contract import Controller
from robots.controllers.from_file import name_of
from robots.errors import RobotError
from sim.errors import SimError

Fields = Mapping[str, tuple[int, ...]]
"""Names of float64 fields, and the shape of each."""
AREAS = ("params", "state", "input", "output")


class RigLaw:
    """A controller with its parameters, (1,), for one robot of a rig.

    `given` are all the inputs that the rig writes every tick, `taken` the outputs that it carries
    out, besides `flags`, uint32. A law has to have just those inputs: one that the rig does not
    write would stay zero, and be believed. What else it puts out is nobody's business.

    Raises SimError, with the fields on both sides, for a law that does not fit, and RobotError
    for one that is none.
    """

    def __init__(self, law: Any, robot: Any, tick_hz: float, given: Fields, taken: Fields) -> None:
        found = controllers.load(law)
        who = f"controller {name_of(found)} does not fit the {robot.name}"
        try:
            self.controller: Controller = controllers.controller_for(found, robot)
        except RobotError as error:
            raise SimError(f"{who}: {error}") from error
        inputs, outputs = _fields(self.controller.input), _fields(self.controller.output)
        wanted = _float64(given)
        if inputs != wanted:
            raise SimError(
                f"{who} here: it needs {_told(inputs)}; the environment gives {_told(wanted)}"
            )
        wanted = {**_float64(taken), "flags": np.dtype(np.uint32)}
        if any(outputs.get(name) != kind for name, kind in wanted.items()):
            raise SimError(
                f"{who} here: it gives {_told(outputs)}; the environment takes {_told(wanted)}"
            )
        try:
            self.params = controllers.for_robot(found, robot, tick_hz)[1]
        except RobotError as error:
            raise SimError(f"{who}: {error}") from error

    def actuator(self, given: Actuator | None) -> Actuator:
        """Give what runs it: the actuator that was given, or the host. Raises SimError for one
        that runs something else.
        """
        if given is None:
            return HostActuator(self.controller)
        runs = given.controller
        same = [getattr(runs, area) == getattr(self.controller, area) for area in AREAS]
        if runs.name != self.controller.name or not all(same):
            raise SimError(
                f"the actuator runs {runs.name!r}; the environment needs "
                f"{self.controller.name!r} for as many joints as its robot has"
            )
        return given

    def stiffen(self, stiffness: float) -> None:
        """Scale every spring `kp` of the parameters, and the damper `kd` beside it by the root.

        Raises SimError where there is none and the scale is not 1.
        """
        if not _stiffen(self.params, stiffness) and stiffness != 1.0:
            raise SimError(
                f"controller {self.controller.name} has no kp and kd that stiffness {stiffness:g} "
                "could scale; give stiffness=1"
            )


def identity(law: Any) -> str:
    """Give a text that is another for every law: a name, with a digest where a file has it."""
    found = controllers.load(law)
    return str(getattr(found, "__name__", getattr(found, "name", found))).rpartition(".")[2]


def reference_of(taken: np.void, instead: np.ndarray) -> np.ndarray:
    """Give a copy of the reference `q_ref` of an output; of `instead` where a law has none."""
    return np.array(taken["q_ref"] if "q_ref" in (taken.dtype.names or ()) else instead)


def _stiffen(record: np.ndarray, stiffness: float) -> int:
    names = record.dtype.names or ()
    found = 0
    if {"kp", "kd"} <= set(names):
        record["kp"] *= stiffness
        record["kd"] *= np.sqrt(stiffness)
        found = 1
    return found + sum(_stiffen(record[n], stiffness) for n in names if record.dtype[n].names)


def _float64(fields: Fields) -> dict[str, np.dtype[Any]]:
    return {name: np.dtype((np.float64, shape)) for name, shape in fields.items()}


def _fields(dtype: np.dtype) -> dict[str, np.dtype]:
    return {name: dtype[name] for name in dtype.names or ()}


def _told(fields: dict[str, np.dtype]) -> str:
    def one(name: str, kind: np.dtype) -> str:
        if kind.names:
            return f"{name} (a record)"
        shape = f" {kind.shape}" if kind.shape else ""
        return f"{name} {kind.base}{shape}"

    return ", ".join(one(name, kind) for name, kind in fields.items()) or "nothing"
