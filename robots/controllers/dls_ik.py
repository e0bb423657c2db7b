"""Inverse kinematics as a controller: a tool pose goes in, the joints that reach it come out.

Every tick descends from the answer of the tick before, and from the measured joints where there
is none; see `robots.ik.dls`. The joint values are within the limits, but nothing keeps them from
jumping where the pose does: the limiter follows.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.ik import dls
from robots.kernel import kernel

ITERATIONS = 20


@lru_cache
def controller(n: int) -> Controller:
    """Give inverse kinematics for n joints. `status` as in `robots.ik.dls`; its errors in m, rad.

    `quaternion` (xyzw) need not be of unit length. A pose that is no finite number, or has no
    rotation, holds the last answer, with status REFUSED.
    """
    vector = (np.float64, (n,))
    return Controller(
        name="dls_ik",
        params=np.dtype([("task", dls.task_dtype(n))], align=True),
        state=np.dtype(
            [
                ("work", dls.work_dtype(n)),
                ("pose", np.float64, (12,)),
                ("q", *vector),
                ("report", dls.REPORT),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(
            [("q", *vector), ("position", np.float64, (3,)), ("quaternion", np.float64, (4,))],
            align=True,
        ),
        output=np.dtype([("q", *vector), ("report", dls.REPORT)], align=True),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot; they do not depend on `rate_hz`."""
    record = np.zeros(1, controller(len(robot.home)).params)
    record["task"] = dls.task_record(robot.chain, robot.q_min, robot.q_max, robot.home)
    record["task"]["pull"], record["task"]["settle"] = 0.02, np.inf
    record["task"]["iterations"] = ITERATIONS
    return record


@kernel
def _write_pose(position, quaternion, pose):  # type: ignore[no-untyped-def]
    """Write position and rotation row by row (12,); infinities where they are no pose."""
    x, y, z, w = quaternion[0], quaternion[1], quaternion[2], quaternion[3]
    square = x * x + y * y + z * z + w * w
    good = 1e-12 < square < 1e12
    for k in range(3):
        good &= -dls.FAR < position[k] < dls.FAR
    if not good:
        # Never what came in: a NaN's bits are not the same after a copy on every machine.
        for k in range(12):
            pose[k] = np.inf
        return
    for k in range(3):
        pose[k] = position[k]
    s = 2.0 / square
    pose[3], pose[4], pose[5] = 1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)
    pose[6], pose[7], pose[8] = s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)
    pose[9], pose[10], pose[11] = s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    task = params.task
    n = len(task.q_min)
    _write_pose(input.position, input.quaternion, state.pose)
    for i in range(n):
        output.q[i] = state.q[i] if state.started != 0 else input.q[i]
    dls.dls(task, state.work, output.q, state.pose, state.q, state.report)
    for i in range(n):
        output.q[i] = state.q[i]
    if state.report.status != dls.REFUSED:
        state.started = np.uint32(1)
    output.report.position_error = state.report.position_error
    output.report.rotation_error = state.report.rotation_error
    output.report.iterations = state.report.iterations
    output.report.status = state.report.status
