"""Many poses at once: the search over them, the last descents, and threads for both."""

from collections.abc import Callable
from typing import Any

import numpy as np

from robots.ik import dls, lanes
from robots.ik.solution import Solutions
from robots.threads import spread

WEIGHTS = {"must": 1.0, "near": 0.1, "free": 0.0}
"""How much a radian counts against a metre in the search."""
NEAR_WEIGHTS = (0.03, 0.0)
"""The same while a position is sought with a rotation near by."""
LANE_STEPS, DRAW_STEPS = 24, 100
SHARE = 256
"""Poses that are searched together: the answers depend on it, and so on no number of threads."""


def settings(task: np.ndarray, rotation: str) -> tuple[float, ...]:
    """Give the settings of the lanes' steps, as `robots.ik.code.step` takes them."""
    # The lanes round the arm's numbers to a ten-billionth; the rest is the last descent's.
    linear, angular = task["tolerance"][0].tolist()
    linear, angular = max(linear, 1e-9) ** 2, max(angular, 1e-9) ** 2
    return (
        1.0,
        WEIGHTS[rotation],
        0.03,
        1e-9,
        1.0,
        linear,
        np.inf if rotation == "free" else angular,
    )


def descend(
    task: np.ndarray, rows: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Run `dls` for every row of `rows` (p, 12) and `starts` (p, n); give q and REPORTs."""
    n = starts.shape[1]
    q, report = np.empty_like(starts), np.zeros(len(rows), dls.REPORT)
    dls.dls_rows(task, np.zeros(1, dls.work_dtype(n)), starts, rows, q, report)
    return q, report


def nearer(task: np.ndarray, rows: np.ndarray, q: np.ndarray, report: np.ndarray) -> np.ndarray:
    """Go on where a pose was not reached, by the position alone in the end; give the steps."""
    steps = np.zeros(len(rows), np.int64)
    for weight in NEAR_WEIGHTS:
        task["weight"], task["pull"] = (1.0, weight), 0.0
        away = ~reached(report, "must", task["tolerance"][0])
        if away.any():
            q[away], report[away] = descend(task, rows[away], q[away])
            steps += np.where(away, report["iterations"], 0)
    return steps


def draw(task: np.ndarray, rows: np.ndarray, found: lanes.Search, rotation: str) -> lanes.Search:
    """Draw what was found nearer to the posture, where the pose holds all the way."""
    task = task.copy()
    task["pull"], task["iterations"] = 0.5, DRAW_STEPS
    if rotation == "free":
        task["weight"] = 1.0, 0.0
    q, report = descend(task, rows, found.q)
    found.book[:, 3] += report["iterations"]
    held = (report["status"] == dls.REACHED)[:, None]
    return found._replace(q=np.where(held, q, found.q))


def finish(
    task: np.ndarray, rows: np.ndarray, starts: np.ndarray, rotation: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Go on from what the lanes found to the tolerance, or to the nearest."""
    if rotation == "free":
        task["weight"] = 1.0, 0.0
    q, report = descend(task, rows, starts)
    steps = report["iterations"].astype(np.int64)
    if rotation == "near":
        steps += nearer(task, rows, q, report)
    return q, report, steps


def reached(report: np.ndarray, rotation: str, tolerance: np.ndarray) -> np.ndarray:
    """Say of each REPORT whether what must be reached was."""
    near: np.ndarray = report["position_error"] <= tolerance[0]
    return near & (report["rotation_error"] <= tolerance[1]) if rotation == "must" else near


Find = Callable[[np.ndarray, np.ndarray], lanes.Search]


def solve_shares(
    find: Find, task: np.ndarray, rows: np.ndarray, starts: np.ndarray, rotation: str, threads: int
) -> Solutions:
    """Search and finish SHARE poses at a time: `find` of rows (p, 12) and starts (p, n)."""
    count, n = starts.shape
    made = Solutions(
        q=np.empty((count, n)),
        position_error=np.empty(count),
        rotation_error=np.empty(count),
        iterations=np.empty(count, np.int64),
        restarts=np.empty(count, np.int64),
        success=np.empty(count, bool),
    )

    def work(share: int) -> None:
        part: Any = slice(share * SHARE, (share + 1) * SHARE)
        found = find(rows[part], starts[part])
        q, report, steps = finish(task.copy(), rows[part], found.q, rotation)
        made.q[part] = q
        made.position_error[part] = report["position_error"]
        made.rotation_error[part] = report["rotation_error"]
        made.iterations[part] = found.book[:, 3] + steps
        made.restarts[part] = found.book[:, 0] - 1
        made.success[part] = reached(report, rotation, task["tolerance"][0])

    spread(work, -(-count // SHARE), threads)
    return made
