"""Direct force control along chosen axes; position along the others.

    m a + d v = wrench_goal + wrench        along the axes that are chosen
    v = -release x                          along the others: the offset goes back to zero

A wrench sensor's reading moves the goal's pose, along and about the axes of the goal's own frame
(hybrid control: Raibert and Craig 1981; as a damped motion of the position reference: Whitney
1977). The offset integrates the error, so that in contact the force settles at the goal without an
error, whatever the surface; in the air the tool approaches at force / d. It stops at `travel_max`,
with a flag, and does not wind up there.

`wrench` (6,) is the force and moment of the surroundings on the tool, base frame, as for
`admittance`, whose docstring says what `damping` a stiff wall needs. `wrench_goal` (6,) is what
the tool shall exert on the surroundings, in the goal's frame; `axes` (6,) chooses an axis where
it is above a half. A number that is none holds the offset, with a flag.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers import admittance
from robots.controllers.admittance import GOAL, SIX, STATE
from robots.controllers.compliance import give_way, into_goal, take_goal, write_pose
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_NAN, FLAG_POSITION, FLAG_SENSOR, check_rate
from robots.kernel import kernel
from robots.pose import usable

RELEASE = 3.0
"""1/s at which the offset of an axis that is no longer chosen goes back."""
SPEED_MAX = (0.05, 0.3)
"""m/s and rad/s at which force moves the tool at most: contact at this speed must be bearable."""


@lru_cache
def controller(n: int) -> Controller:
    """Give force control; it is the same for any number of joints n."""
    names = ("mass", "damping", "speed_max", "travel_max")
    return Controller(
        name="force_control",
        params=np.dtype(
            [*((name, *SIX) for name in names), ("release", np.float64), ("dt", np.float64)],
            align=True,
        ),
        state=np.dtype(STATE, align=True),
        input=np.dtype(
            [("wrench", *SIX), ("wrench_goal", *SIX), ("axes", *SIX), *GOAL], align=True
        ),
        output=np.dtype([*GOAL, ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`.

    Mass, damping and travel are admittance's. Raises RobotError for a rate that is not positive
    and finite.
    """
    record = np.zeros(1, controller(len(robot.home)).params)
    yielding = admittance.params(robot, rate_hz)
    for name in ("mass", "damping", "travel_max"):
        record[name] = yielding[name]
    record["speed_max"] = np.repeat(SPEED_MAX, 3)
    record["release"] = min(RELEASE, rate_hz)
    record["dt"] = check_rate(rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    flags = np.uint32(0)
    good = take_goal(state, input)
    posed = good and usable(input.wrench_goal) and usable(input.axes)
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
        m, d, most, dt = params.mass[k], params.damping[k], params.speed_max[k], params.dt
        x, v = state.offset[k], state.speed[k]
        if input.axes[k] > 0.5:
            x, v = give_way(m, d, 0.0, input.wrench_goal[k] + state.wrench[k], x, v, most, dt)
            if x > params.travel_max[k] or x < -params.travel_max[k]:
                flags |= np.uint32(FLAG_POSITION)
                x, v = min(max(x, -params.travel_max[k]), params.travel_max[k]), 0.0
        else:
            v = min(max(-params.release * x, -most), most)
            x = x + v * dt
        state.offset[k], state.speed[k] = x, v
    write_pose(state, input.twist, good, output)
    output.flags = flags
