"""Rigs: the robots that stand on a floor, and the ways to command them."""

from typing import Any

from robots import catalogue, legged, mobile
from robots.actuator import Actuator
from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.arm import ArmRig
from sim.rigs.drive import DriveRig
from sim.rigs.legs import LegsRig
from sim.rigs.pair import PairRig
from sim.rigs.rig import Rig

__all__ = ["ArmRig", "DriveRig", "LegsRig", "PairRig", "Rig", "controller", "default_mode", "make"]


def make(
    kind: str,
    floor: Floor,
    robot: str,
    control_mode: str,
    ticks: int,
    actuator: Actuator | None = None,
    **options: Any,
) -> Rig:
    """Stand a rig on a floor. `kind` is what the task says it is for: arm, pair, drive or legs.

    `options` are the rig's own; `law` replaces its controller: a name, a path or a module (see
    `robots.controllers.load`). Raises SimError for an actuator where it takes none.
    """
    if actuator is not None and kind == "pair":
        raise SimError(f"a rig of kind {kind!r} takes no actuator; only a single robot does")
    if kind == "arm":
        return ArmRig(floor, catalogue.load(robot), control_mode, ticks, actuator, **options)
    if kind == "pair":
        return PairRig(floor, catalogue.load(robot), control_mode, ticks, **options)
    if kind == "drive":
        return DriveRig(floor, mobile.load(robot), control_mode, ticks, actuator, **options)
    if kind == "legs":
        return LegsRig(floor, legged.load(robot), control_mode, ticks, actuator, **options)
    raise SimError(f"unknown rig {kind!r}; choose from arm, pair, drive, legs")


def default_mode(kind: str) -> str:
    """Give the control mode that a kind of rig has when none is asked for."""
    return "ee_delta" if kind in ("arm", "pair") else "velocity"


def controller(kind: str) -> str:
    """Give the name of the controller that a kind of rig runs; see `robots.controllers`."""
    return {"drive": "diff_drive", "legs": "gait"}.get(kind, "limited_impedance")
