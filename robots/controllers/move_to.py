"""Point to point: a goal in, a jerk-limited motion from rest to rest out, all joints in step.

A new goal is planned for when the joints stand; the reference then follows the plan, exact at
every tick, and arrives exactly. A goal that changes on the way, or is no finite number, brings
the joints to a stand first, as fast as the limits allow, and then on to the goal that stands by
then. For a goal that moves all the time use `limiter`; the two compose: this one's `q_ref` is
the limiter's `q_goal` (see `planned_impedance`).

The reference starts at the measured position, as the limiter's does.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers import limiter
from robots.controllers.contract import Controller
from robots.controllers.limiter import FLAG_NAN, FLAG_POSITION, FLAG_SENSOR
from robots.errors import RobotError
from robots.kernel import kernel
from robots.trajectories import jerk_limited, stop

HOLDING, MOVING, STOPPING = 1, 2, 3
"""What `state.mode` says; 0 until every joint has been measured."""


@lru_cache
def controller(n: int) -> Controller:
    """Give the point-to-point planner for n joints. `time_left` is that of the motion, s."""

    def of(*names: str) -> list[tuple[str, type, tuple[int, ...]]]:
        return [(name, np.float64, (n,)) for name in names]

    references = of("q_ref", "dq_ref", "ddq_ref")
    return Controller(
        name="move_to",
        params=limiter.controller(n).params,
        state=np.dtype(
            [
                ("move", jerk_limited.plan_dtype(n)),
                ("stop", stop.plan_dtype(n)),
                *references,
                *of("wanted"),
                ("ticks", np.uint64),
                ("mode", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(of("q", "q_goal"), align=True),
        output=np.dtype([*references, ("time_left", np.float64), ("flags", np.uint32)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float, share: float = 0.9) -> np.ndarray:
    """Give the parameters, shape (1,), the limiter's, for a robot controlled at `rate_hz`.

    `share` is how much of the robot's speed, acceleration and jerk a plan uses: what is left
    lets a limiter behind it keep up. Raises RobotError for a rate that is not positive and
    finite and a share that is not in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise RobotError(f"share is {share}; it must be above 0 and at most 1")
    record = limiter.params(robot, rate_hz)
    for name in ("dq_max", "ddq_max", "dddq_max"):
        record[name] *= share
    return record


@kernel
def _start(params, state, input):  # type: ignore[no-untyped-def]
    """Put the reference at the measured position, if every joint has one."""
    for i in range(len(params.q_min)):
        if not (-1e100 < input.q[i] < 1e100):
            return
    for i in range(len(params.q_min)):
        state.q_ref[i] = min(max(input.q[i], params.q_min[i]), params.q_max[i])
    state.mode = np.uint32(HOLDING)


@kernel
def _look(params, state, input):  # type: ignore[no-untyped-def]
    """Write the goal within its limits to `state.wanted` and give the flags of this input.

    A joint whose goal is no number wants to stay where it is.
    """
    flags = np.uint32(0)
    for i in range(len(params.q_min)):
        if not (-1e100 < input.q[i] < 1e100):
            flags |= np.uint32(FLAG_SENSOR)
        goal = input.q_goal[i]
        if not (-1e100 < goal < 1e100):
            flags |= np.uint32(FLAG_NAN)
            goal = state.q_ref[i]
        elif goal < params.q_min[i] or goal > params.q_max[i]:
            flags |= np.uint32(FLAG_POSITION)
        state.wanted[i] = min(max(goal, params.q_min[i]), params.q_max[i])
    return flags


@kernel
def _differ(a, b):  # type: ignore[no-untyped-def]
    """Whether two arrays differ anywhere."""
    count = 0
    for i in range(len(a)):
        if a[i] != b[i]:
            count += 1
    return count > 0


@kernel
def _decide(params, state, lost):  # type: ignore[no-untyped-def]
    """Begin a move or a stop where the goal asks for one; `lost` where it is no number."""
    if state.mode == HOLDING and not lost and _differ(state.wanted, state.q_ref):
        jerk_limited.plan(
            state.q_ref, state.wanted, params.dq_max, params.ddq_max, params.dddq_max, state.move
        )
        state.mode = np.uint32(MOVING)
        state.ticks = np.uint64(0)
    elif state.mode == MOVING and (lost or _differ(state.wanted, state.move.q_goal)):
        stop.plan(
            state.q_ref, state.dq_ref, state.ddq_ref, params.ddq_max, params.dddq_max, state.stop
        )
        state.mode = np.uint32(STOPPING)
        state.ticks = np.uint64(0)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    flags = np.uint32(FLAG_SENSOR)
    time_left = 0.0
    if state.mode == 0:
        _start(params, state, input)
    if state.mode != 0:
        flags = _look(params, state, input)
        _decide(params, state, (flags & np.uint32(FLAG_NAN)) != 0)
        state.ticks += np.uint64(1)
        t = np.float64(state.ticks) * params.dt
        if state.mode == MOVING:
            jerk_limited.sample(state.move, t, state.q_ref, state.dq_ref, state.ddq_ref)
            time_left = state.move.duration - t
        elif state.mode == STOPPING:
            stop.sample(state.stop, t, state.q_ref, state.dq_ref, state.ddq_ref)
            time_left = state.stop.duration - t
        if not time_left > 0.0:
            time_left = 0.0
            state.mode = np.uint32(HOLDING)
    for i in range(len(params.q_min)):
        output.q_ref[i] = state.q_ref[i]
        output.dq_ref[i] = state.dq_ref[i]
        output.ddq_ref[i] = state.ddq_ref[i]
    output.time_left = time_left
    output.flags = flags
