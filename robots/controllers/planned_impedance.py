"""Point to point on an arm: `move_to` plans, `limited_impedance` limits and follows.

The limiter sees no more than a goal that moves within its limits, and still holds should the
plan, or the parameters that it was made from, be wrong.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers import limited_impedance, move_to
from robots.controllers.contract import Controller
from robots.kernel import kernel


@lru_cache
def controller(n: int) -> Controller:
    """Give planned impedance control for n joints. `time_left` is that of the plan, s."""
    vector = (np.float64, (n,))
    planner, arm = move_to.controller(n), limited_impedance.controller(n)
    return Controller(
        name="planned_impedance",
        params=np.dtype([("planner", planner.params), ("arm", arm.params)], align=True),
        state=np.dtype(
            [
                ("planner", planner.state),
                ("planner_in", planner.input),
                ("planner_out", planner.output),
                ("arm", arm.state),
                ("arm_in", arm.input),
                ("arm_out", arm.output),
            ],
            align=True,
        ),
        input=np.dtype([("q", *vector), ("dq", *vector), ("q_goal", *vector)], align=True),
        output=np.dtype(
            [
                ("tau", *vector),
                ("q_ref", *vector),
                ("dq_ref", *vector),
                ("time_left", np.float64),
                ("flags", np.uint32),
            ],
            align=True,
        ),
        step=step,
    )


def params(robot: Robot, rate_hz: float, share: float = 0.9) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`.

    `share` of the robot's limits goes into the plans; see `move_to.params` for what is refused.
    """
    record = np.zeros(1, controller(len(robot.home)).params)
    record["planner"] = move_to.params(robot, rate_hz, share)
    record["arm"] = limited_impedance.params(robot, rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    for i in range(len(input.q)):
        state.planner_in.q[i] = input.q[i]
        state.planner_in.q_goal[i] = input.q_goal[i]
    move_to.step(params.planner, state.planner, state.planner_in, state.planner_out)
    for i in range(len(input.q)):
        state.arm_in.q[i] = input.q[i]
        state.arm_in.dq[i] = input.dq[i]
        state.arm_in.q_goal[i] = state.planner_out.q_ref[i]
    limited_impedance.step(params.arm, state.arm, state.arm_in, state.arm_out)
    for i in range(len(input.q)):
        output.tau[i] = state.arm_out.tau[i]
        output.q_ref[i] = state.arm_out.q_ref[i]
        output.dq_ref[i] = state.arm_out.dq_ref[i]
    output.time_left = state.planner_out.time_left
    output.flags = state.planner_out.flags | state.arm_out.flags
