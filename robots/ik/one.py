"""The memory of a search for one pose, and what comes before and after the search in that call.

A call for one pose is short enough that what Python does around it counts: one record holds all
that the search and the last descent need, and one compiled call runs both.
"""

from functools import lru_cache

import numpy as np

from robots.ik import dls, lanes
from robots.ik.poses import FAR, NEAR_UNIT
from robots.ik.writer import LANES, Rows
from robots.kernel import kernel
from robots.kinematics import rotation_by_quaternion

SEARCH = lanes.Search._fields


@lru_cache
def room_dtype(n: int) -> np.dtype:
    """Give the layout: the fields of `lanes.Search` for one pose, and what `dls.dls` takes."""
    whole, real = np.int64, np.float64
    return np.dtype(
        [
            ("w", real, (LANES * Rows(n).count,)),
            ("lanes", whole, (LANES, 2)),
            ("lower", real, (n,)),
            ("upper", real, (n,)),
            ("posture", real, (n,)),
            ("settings", real, (7,)),
            ("plan", whole, (5,)),
            ("sequence", real, (5, n)),
            ("poses", real, (1, 12)),
            ("starts", real, (1, n)),
            ("book", whole, (1, 4)),
            ("score", real, (1, 2)),
            ("q", real, (1, n)),
            ("turn", real, (3, 3)),
            ("task", dls.task_dtype(n)),
            ("work", dls.work_dtype(n)),
            ("report", dls.REPORT),
        ],
        align=True,
    )


def room_of(search: lanes.Search, task: np.ndarray) -> np.ndarray:
    """Give the memory, shape (1,), of a search for one pose, and of the descent after it."""
    room = np.zeros(1, room_dtype(len(search.lower)))
    for name in SEARCH:
        room[name] = getattr(search, name)
    room["task"] = task
    return room


@kernel
def enter(room, pose, start, posture):  # type: ignore[no-untyped-def]
    """Put down what is asked for; say whether the pose is one.

    `pose` (7,), position and unit quaternion xyzw, or (12,), position and rotation row by row,
    which is taken as it is; `start` and `posture` (n,).
    """
    row = room.poses[0]
    for i in range(len(start)):
        room.starts[0, i] = start[i]
        room.q[0, i] = start[i]
        room.posture[i] = posture[i]
    if len(pose) == 12:
        for k in range(12):
            row[k] = pose[k]
        return True
    square = rotation_by_quaternion(pose[3:], room.turn)
    good = abs(square - 1.0) < NEAR_UNIT
    for k in range(3):
        good &= abs(pose[k]) < FAR
        row[k] = pose[k]
        for j in range(3):
            row[3 + 3 * k + j] = room.turn[k, j]
    return good


@kernel
def leave(room, q):  # type: ignore[no-untyped-def]
    """Descend from what was found into q (n,); give what a `Solution` says besides."""
    dls.dls(room.task, room.work, room.q[0], room.poses[0], q, room.report)
    report, book = room.report, room.book[0]
    iterations = book[3] + report.iterations
    return report.position_error, report.rotation_error, iterations, book[0] - 1, report.status


@kernel
def refused():  # type: ignore[no-untyped-def]
    """Give what `leave` gives, of a pose that is none."""
    return np.inf, np.inf, 0, 0, dls.REFUSED
