"""Rigs: the robots that stand on a floor, and the ways to command them."""

from typing import Any

from robots import catalogue, legged
from robots.actuator import Actuator
from sim.errors import SimError
from sim.floor import Floor
from sim.rigs.arm import ArmRig
from sim.rigs.legs import LegsRig
from sim.rigs.pair import PairRig
from sim.rigs.rig import Rig

__all__ = ["ArmRig", "LegsRig", "PairRig", "Rig", "default_mode", "make"]


def make(
    kind: str,
    floor: Floor,
    robot: str,
    control_mode: str,
    ticks: int,
    actuator: Actuator | None = None,
    **options: Any,
) -> Rig:
    """Stand a rig on a floor. `kind` is what the task says it is for: arm, pair or legs.

    Raises SimError for an actuator where it takes none.
    """
    if actuator is not None and kind not in ("arm", "legs"):
        raise SimError(f"a rig of kind {kind!r} takes no actuator; only a single robot does")
    if kind == "arm":
        return ArmRig(floor, catalogue.load(robot), control_mode, ticks, actuator, **options)
    if kind == "pair":
        return PairRig(floor, catalogue.load(robot), control_mode, ticks, **options)
    if kind == "legs":
        return LegsRig(floor, legged.load(robot), control_mode, ticks, actuator, **options)
    raise SimError(f"unknown rig {kind!r}; choose from arm, pair, legs")


def default_mode(kind: str) -> str:
    """Give the control mode that a kind of rig has when none is asked for."""
    return {"arm": "ee_delta", "pair": "ee_delta", "legs": "velocity"}[kind]
