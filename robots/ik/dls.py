"""Inverse kinematics by damped least squares, as a kernel that also runs on a board.

Each step is dq = J^T (J J^T + d I)^-1 (e - J h) + h: the least motion that takes the error e away,
and a pull h towards a posture in what the task leaves free (Wampler 1986; Nakamura and Hanafusa
1986). The damping d goes with the squared error, so that the steps become Newton's near the goal
(Sugihara 2011); a step that made things worse is taken back and damped more (Marquardt 1963). A
joint at its limit that would be pushed on is held, and the others take over its share.
"""

from functools import lru_cache

import numpy as np

from robots.kernel import kernel, unlocked
from robots.kinematics import chain_dtype, jacobian
from robots.maths import atan2, sqrt
from robots.model import Chain

REACHED, MOVING, STUCK, REFUSED = 0, 1, 2, 3
STILL = 1e-10
NEAR = 1e-4
HUGE, FAR = 1e100, 1e6


@lru_cache
def task_dtype(n: int) -> np.dtype:
    """Give the layout of what is to be solved for a chain of n joints.

    `weight` and `tolerance` are of the position (m) and of the rotation (rad). `pull` is the part
    of the way to `posture` that a step goes, 0 for none: every step, until one is below `settle`,
    rad; or, where that is infinite, the first step alone, as a loop that runs every tick wants.
    `reach` is the longest step of a joint, rad or m.
    """
    vector = (np.float64, (n,))
    return np.dtype(
        [
            ("chain", chain_dtype(n)),
            ("q_min", *vector),
            ("q_max", *vector),
            ("posture", *vector),
            ("weight", np.float64, (2,)),
            ("tolerance", np.float64, (2,)),
            ("damping", np.float64),
            ("floor", np.float64),
            ("reach", np.float64),
            ("pull", np.float64),
            ("settle", np.float64),
            ("iterations", np.int32),
        ],
        align=True,
    )


@lru_cache
def work_dtype(n: int) -> np.dtype:
    """Give the layout of the work space of `dls` for n joints."""
    shapes: dict[str, tuple[int, ...]] = {
        "jacobian": (6, n), "scratch": (n, 9), "position": (3,), "rotation": (3, 3),
        "turn": (3, 3), "error": (6,), "aim": (6,), "square": (6, 6), "pivot": (6,),
        "dq": (n,), "pull": (n,), "free": (n,), "last": (n,),
    }  # fmt: skip
    return np.dtype([(name, np.float64, shape) for name, shape in shapes.items()], align=True)


REPORT = np.dtype(
    [
        ("position_error", np.float64),
        ("rotation_error", np.float64),
        ("iterations", np.int32),
        ("status", np.int32),
    ],
    align=True,
)


def task_record(
    chain: Chain, q_min: np.ndarray, q_max: np.ndarray, posture: np.ndarray
) -> np.ndarray:
    """Give a task, shape (1,), with the usual settings: 1e-6 m and rad, no pull, 100 iterations."""
    from robots.kinematics import chain_record

    record = np.zeros(1, task_dtype(len(chain.joints)))
    record["chain"] = chain_record(chain)
    record["q_min"], record["q_max"], record["posture"] = q_min, q_max, posture
    record["weight"], record["tolerance"] = 1.0, 1e-6
    record["damping"], record["floor"], record["reach"] = 0.03, 1e-9, 0.5
    record["settle"], record["iterations"] = 1e-4, 100
    return record


@kernel
def _error(task, work, pose):  # type: ignore[no-untyped-def]
    """Leave the weighted error (6,) in work; give the plain errors, m and 2 sin(angle / 2).

    The rotation's is a vector along the axis of the turn that is left.
    """
    have, turn, error = work.rotation, work.turn, work.error
    linear = 0.0
    for k in range(3):
        error[k] = pose[k] - work.position[k]
        linear += error[k] * error[k]
        error[k] *= task.weight[0]
    for i in range(3):
        for j in range(3):
            turn[i, j] = (
                pose[3 + 3 * i] * have[j, 0]
                + pose[4 + 3 * i] * have[j, 1]
                + pose[5 + 3 * i] * have[j, 2]
            )
    room = 1.0 + turn[0, 0] + turn[1, 1] + turn[2, 2]
    if room > 1e-9:
        root = sqrt(room)
        error[3] = (turn[2, 1] - turn[1, 2]) / root
        error[4] = (turn[0, 2] - turn[2, 0]) / root
        error[5] = (turn[1, 0] - turn[0, 1]) / root
    else:
        # Half a turn, about either way round the axis: the largest column of turn + 1 is along it.
        best = 0
        for i in range(3):
            if turn[i, i] > turn[best, best]:
                best = i
        length = sqrt(max(2.0 * (turn[best, best] + 1.0), 1e-9))
        for i in range(3):
            error[3 + i] = 2.0 * (turn[i, best] + (1.0 if i == best else 0.0)) / length
    angular = 0.0
    for k in range(3):
        angular += error[3 + k] * error[3 + k]
        error[3 + k] *= task.weight[1]
    return sqrt(linear), sqrt(angular)


@kernel
def _solve(square, pivot, b):  # type: ignore[no-untyped-def]
    """Solve square x = b in place by L D L^T; square (6, 6) symmetric positive definite."""
    for j in range(6):
        for k in range(j):
            pivot[k] = square[j, k] * square[k, k]
        for k in range(j):
            square[j, j] -= square[j, k] * pivot[k]
        for i in range(j + 1, 6):
            for k in range(j):
                square[i, j] -= square[i, k] * pivot[k]
            square[i, j] /= square[j, j]
    for i in range(6):
        for k in range(i):
            b[i] -= square[i, k] * b[k]
    for i in range(6):
        b[i] /= square[i, i]
    for m in range(6):
        i = 5 - m
        for k in range(i + 1, 6):
            b[i] -= square[k, i] * b[k]


@kernel
def _step(task, work, damping, pull):  # type: ignore[no-untyped-def]
    """Leave a step in work.dq from the joints that are free."""
    n = len(task.q_min)
    jac, square, aim, dq = work.jacobian, work.square, work.aim, work.dq
    for i in range(n):
        work.pull[i] = pull * (task.posture[i] - work.last[i]) * work.free[i]
    for i in range(6):
        aim[i] = work.error[i]
        for k in range(n):
            aim[i] -= jac[i, k] * work.pull[k]
        for j in range(i + 1):
            total = damping if i == j else 0.0
            for k in range(n):
                total += work.free[k] * jac[i, k] * jac[j, k]
            square[i, j] = total
    _solve(square, work.pivot, aim)
    for i in range(n):
        total = 0.0
        for k in range(6):
            total += jac[k, i] * aim[k]
        dq[i] = work.pull[i] + work.free[i] * total


@kernel
def _descend(task, work, damping, pull):  # type: ignore[no-untyped-def]
    """Leave a step in work.dq that pushes no joint against its limit; give its longest part."""
    n = len(task.q_min)
    for k in range(6):
        for i in range(n):
            work.jacobian[k, i] *= task.weight[0] if k < 3 else task.weight[1]
    for i in range(n):
        work.free[i] = 1.0
    for _ in range(n + 1):
        _step(task, work, damping, pull)
        held = False
        for i in range(n):
            low, high = work.last[i] <= task.q_min[i], work.last[i] >= task.q_max[i]
            if (low and work.dq[i] < 0.0) or (high and work.dq[i] > 0.0):
                work.free[i] = 0.0
                held = True
        if not held:
            break
    longest = 0.0
    for i in range(n):
        if not (-HUGE < work.dq[i] < HUGE):
            work.dq[i] = 0.0
        longest = max(longest, abs(work.dq[i]))
    return longest


@kernel
def _good(task, start, pose):  # type: ignore[no-untyped-def]
    good = True
    for i in range(len(start)):
        good &= -HUGE < start[i] < HUGE and task.q_min[i] <= task.q_max[i]
    for k in range(12):
        good &= -FAR < pose[k] < FAR
    return good


@kernel
def _refuse(task, start, q, report):  # type: ignore[no-untyped-def]
    """Stay at the start, as far as it is a number; the errors are not known."""
    for i in range(len(q)):
        q[i] = start[i] if -HUGE < start[i] < HUGE else task.posture[i]
    report.position_error, report.rotation_error = np.inf, np.inf
    report.iterations, report.status = 0, REFUSED


@kernel
def dls(task, work, start, pose, q, report):  # type: ignore[no-untyped-def]
    """Write q (n,) that takes the tool to `pose` (12,): position, rotation row by row.

    From `start` (n,), brought within the limits, in at most `task.iterations` steps. `report`
    (REPORT) tells the errors left at q, m and rad, the steps looked at, and a status: REACHED
    within both tolerances, MOVING still when the steps were up, STUCK where no step helps, at a
    singular posture, at limits or out of reach, and REFUSED for what is no finite number or a
    position past 1000 km. A rotation with weight 0 is not asked for, nor is its tolerance.
    """
    if not _good(task, start, pose):
        _refuse(task, start, q, report)
        return
    n = len(task.q_min)
    for i in range(n):
        q[i] = min(max(start[i], task.q_min[i]), task.q_max[i])
    best, more, status, steps, chord, back = np.inf, 1.0, MOVING, 0, 0.0, False
    for step in range(task.iterations + 1):
        steps = step
        jacobian(task.chain, q, work.position, work.rotation, work.scratch, work.jacobian)
        linear, angular = _error(task, work, pose)
        square = 0.0
        for k in range(6):
            square += work.error[k] * work.error[k]
        if not (square <= best or square < NEAR):
            for i in range(n):
                q[i] = work.last[i]
            more, back = min(8.0 * more, 1e12), True
            continue
        best, more, back = square, more if back else max(0.25 * more, 1.0), False
        report.position_error, chord = linear, angular
        for i in range(n):
            work.last[i] = q[i]
        reached = linear <= task.tolerance[0]
        reached &= task.weight[1] == 0.0 or angular <= task.tolerance[1]
        # The pull ends before the steps do, so that its last disturbance is taken away.
        pulls = step == 0 or (task.settle < HUGE and 4 * step < 3 * task.iterations)
        pull = task.pull if pulls else 0.0
        status = REACHED if reached else MOVING
        if (reached and pull == 0.0) or step == task.iterations:
            break
        longest = _descend(task, work, more * task.damping * square + task.floor, pull)
        if longest < STILL or (reached and longest < task.settle < HUGE):
            status = REACHED if reached else STUCK
            break
        scale = task.reach / longest if longest > task.reach else 1.0
        for i in range(n):
            q[i] = min(max(q[i] + scale * work.dq[i], task.q_min[i]), task.q_max[i])
    for i in range(n):
        q[i] = work.last[i]
    half = 0.5 * chord
    report.rotation_error = 2.0 * atan2(half, sqrt(max(1.0 - half * half, 0.0)))
    report.iterations, report.status = steps, status


@unlocked
def dls_rows(tasks, works, starts, poses, qs, reports):  # type: ignore[no-untyped-def]
    """Run `dls` with one task (1,) and work space (1,) for every row of the rest."""
    for k in range(len(poses)):
        dls(tasks[0], works[0], starts[k], poses[k], qs[k], reports[k])
