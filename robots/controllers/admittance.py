"""Admittance: a stiff arm that gives way like a mass on a spring and a damper.

    m a + d v + k x = wrench

A wrench sensor's reading moves the goal's pose by an offset x, along and about the axes of the
goal's own frame (Hogan 1985, "Impedance control"; the inverse of impedance, for arms that are
better at position than at torque). Pushed with a steady force F the tool yields by F / k.

In contact with a stiff wall the wall's stiffness adds to k, and the arm follows late. Without
oscillation that takes d >= 4 t k_wall, with t the arm's lag and k_wall the stiffness of wall, part
and arm in line; the default D is made for 20 ms and 5 kN/m, which is what an arm on joint impedance
shows at its tool, and m is so small that it does not matter. The damping costs pace: the tool
yields with a time constant of d / k.

`wrench` (6,) is the force and moment of the surroundings on the tool, at the tool's origin, base
frame, the weight of the tool taken off. One that is no finite number, or a goal that is none, stops
the offset where it is, with a flag; a goal counts as the latest good one. Before there has been one
the pose reads zero: no pose.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from robots.catalogue import Robot
from robots.controllers.compliance import give_way, into_goal, take_goal, write_pose
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_NAN, FLAG_POSITION, FLAG_SENSOR, check_rate
from robots.kernel import kernel
from robots.pose import usable

MASS = (2.0, 0.02)
"""kg and kg m^2."""
DAMPING = (400.0, 4.0)
"""N s/m and N m s/rad."""
STIFFNESS = (500.0, 10.0)
"""N/m and N m/rad: 20 mm at 10 N."""
SPEED_MAX = (0.25, 1.0)
"""m/s and rad/s at which the tool yields at most: the speed that ISO 10218 allows by hand."""
TRAVEL_MAX = (0.2, 0.8)
"""m and rad by which it yields at most."""


SIX = (np.float64, (6,))
GOAL: list[Any] = [
    ("position", np.float64, (3,)),
    ("quaternion", np.float64, (4,)),
    ("twist", *SIX),
]
"""What a pose goal has, in and out."""
STATE: list[Any] = [
    ("offset", *SIX),
    ("speed", *SIX),
    ("wrench", *SIX),
    ("goal", np.float64, (7,)),
    ("rotation", np.float64, (3, 3)),
]
"""What a controller that gives way remembers; see `compliance`."""


@lru_cache
def controller(n: int) -> Controller:
    """Give admittance control; it is the same for any number of joints n."""
    names = ("mass", "damping", "stiffness", "speed_max", "travel_max")
    return Controller(
        name="admittance",
        params=np.dtype([*((name, *SIX) for name in names), ("dt", np.float64)], align=True),
        state=np.dtype(STATE, align=True),
        input=np.dtype([("wrench", *SIX), *GOAL], align=True),
        output=np.dtype([*GOAL, ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`.

    Every robot gives way alike. Raises RobotError for a rate that is not positive and finite.
    """
    record = np.zeros(1, controller(len(robot.home)).params)
    record["mass"], record["damping"] = np.repeat(MASS, 3), np.repeat(DAMPING, 3)
    record["stiffness"] = np.repeat(STIFFNESS, 3)
    record["speed_max"], record["travel_max"] = np.repeat(SPEED_MAX, 3), np.repeat(TRAVEL_MAX, 3)
    record["dt"] = check_rate(rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    flags = np.uint32(0)
    posed = take_goal(state, input)
    sensed = usable(input.wrench)
    if not posed:
        flags |= np.uint32(FLAG_NAN)
    if not sensed:
        flags |= np.uint32(FLAG_SENSOR)
    if posed and sensed:
        into_goal(state.rotation, input.wrench, state.wrench)
    for k in range(6):
        if not (posed and sensed):
            state.speed[k] = 0.0
            continue
        m, d, stiffness = params.mass[k], params.damping[k], params.stiffness[k]
        most, dt = params.speed_max[k], params.dt
        x, v = give_way(m, d, stiffness, state.wrench[k], state.offset[k], state.speed[k], most, dt)
        if x > params.travel_max[k] or x < -params.travel_max[k]:
            flags |= np.uint32(FLAG_POSITION)
            x, v = min(max(x, -params.travel_max[k]), params.travel_max[k]), 0.0
        state.offset[k], state.speed[k] = x, v
    write_pose(state, input.twist, posed, output)
    output.flags = flags
