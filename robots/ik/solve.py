"""Inverse kinematics for people: checks, and the descent and the search behind one call."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from robots.errors import RobotError, check_name
from robots.ik import code, dls, generated, lanes
from robots.ik.poses import pose_row, pose_rows, vector
from robots.ik.solution import STATUS, Solution, Solutions
from robots.model import Chain

ROTATIONS = ("must", "near", "free")
CHOICES = ("first", "nearest")
WEIGHTS = {"must": 1.0, "near": 0.1, "free": 0.0}
TRIES = 512
TOLERANCE = (1e-6, 1e-6)
LANE_STEPS = 24
CANDIDATES = 8
DRAW_STEPS = 100
# How much a radian counts against a metre while a position is sought with a rotation near by.
NEAR_WEIGHTS = (0.03, 0.0)


class Solver:
    """Inverse kinematics of one chain: q (n,) for poses of its tool in the base's frame.

    `q_min`, `q_max` (n,) are the limits (the chain's own if None), `home` (n,) is where a search
    starts and what it keeps near to unless told otherwise.
    """

    def __init__(
        self,
        chain: Chain,
        q_min: np.ndarray | None = None,
        q_max: np.ndarray | None = None,
        home: np.ndarray | None = None,
    ) -> None:
        self.names = tuple(joint.name for joint in chain.joints)
        self.n = len(self.names)
        own = [[joint.lower, joint.upper] for joint in chain.joints]
        self.q_min, self.q_max = np.array(own).T.copy()
        self.q_min, self.q_max = self._limits(q_min, q_max)
        bounded = np.isfinite(self.q_min) & np.isfinite(self.q_max)
        ends = np.where(bounded, [self.q_min, self.q_max], 0.0)
        middle = np.clip(ends.mean(axis=0), self.q_min, self.q_max)
        given = middle if home is None else home
        self.home = self._inside("home", given, self.q_min, self.q_max)
        # As bytes: to copy a record field by field takes NumPy five times as long.
        self._template = dls.task_record(chain, self.q_min, self.q_max, self.home).tobytes()
        self._dtype = dls.task_dtype(self.n)
        self._chain = chain
        self._search: Any = None
        self._sequences: dict[int, np.ndarray] = {}

    def _limits(self, q_min: Any, q_max: Any) -> tuple[np.ndarray, np.ndarray]:
        if q_min is None and q_max is None:
            return self.q_min, self.q_max
        both = []
        for name, given, own in (("q_min", q_min, self.q_min), ("q_max", q_max, self.q_max)):
            limit = own if given is None else np.array(given, float)
            if limit.shape != (self.n,) or np.isnan(limit).any():
                raise RobotError(f"{name} has shape {limit.shape}; valid: ({self.n},), no NaN")
            both.append(limit)
        for joint, low, high in zip(self.names, *both, strict=True):
            if low > high:
                raise RobotError(
                    f"joint {joint!r} has lower limit {low:g} above its upper {high:g}"
                )
        return both[0], both[1]

    def _inside(self, what: str, q: Any, q_min: np.ndarray, q_max: np.ndarray) -> np.ndarray:
        q = vector(what, q, self.n)
        inside = np.clip(q, q_min, q_max)
        if np.abs(inside - q).max() <= 1e-9:
            return inside
        for joint, value, low, high in zip(self.names, q, q_min, q_max, strict=True):
            if not low - 1e-9 <= value <= high + 1e-9:
                raise RobotError(
                    f"{what} has {joint!r} at {value:g}, outside its limits {low:g} to {high:g}"
                )
        raise AssertionError

    def follow(
        self,
        pose: Any,
        start: Any,
        posture: Any = None,
        pull: float = 0.1,
        settle: float = np.inf,
        iterations: int = 100,
        tolerance: tuple[float, float] = TOLERANCE,
        q_min: Any = None,
        q_max: Any = None,
    ) -> Solution:
        """Descend from `start` (n,) alone, the same bits as on a board; see `robots.ik.dls`.

        The first step goes `pull` of what is left to `posture` (n,), home if None, as far as the
        tool stays; with `settle`, rad, every step does, until one is shorter than that.
        Raises RobotError for a pose, start, posture or limits that cannot be used.
        """
        q_min, q_max = self._limits(q_min, q_max)
        task = self._task(tolerance)
        task["q_min"], task["q_max"] = q_min, q_max
        task["posture"] = self.home if posture is None else vector("posture", posture, self.n)
        task["pull"], task["settle"] = pull, settle
        task["iterations"] = iterations
        q = self._inside("start", start, q_min, q_max)
        q, report = self._descend(task, pose_row(pose)[None], q[None])
        return self._solution(q[0], report[0], int(report["iterations"][0]), 0)

    def solve(
        self,
        pose: Any,
        start: Any = None,
        posture: Any = None,
        choose: str = "first",
        rotation: str = "must",
        tries: int | None = None,
        seed: int = 0,
        tolerance: tuple[float, float] = TOLERANCE,
        q_min: Any = None,
        q_max: Any = None,
    ) -> Solution:
        """Find q for a pose wherever there is one: from `start` (n,), home if None, then `tries`.

        `choose` "first" takes what is found first; "nearest" looks through all starts (128 unless
        told) for the q nearest to `posture` (n,), the start if None, then draws it nearer still.
        `rotation` "must" be reached; "near": as near as it may be where the position is reached,
        for an arm that cannot take every orientation; "free": any. The same seed gives the same q.
        `tolerance`: m and rad. Raises RobotError for what cannot be used; a pose out of reach
        comes back with `success` False, the nearest q found and the errors left.
        """
        if choose not in CHOICES:
            check_name("choice", choose, CHOICES)
        self._options(rotation, tries)
        own = q_min is None and q_max is None
        limits = self._limits(q_min, q_max)
        if start is None:
            start = self.home if own else np.clip(self.home, *limits)
        else:
            start = self._inside("start", start, *limits)
        posture = start if posture is None else vector("posture", posture, self.n)
        row, task = pose_row(pose)[None], self._task(tolerance)
        if not own:
            task["q_min"], task["q_max"] = limits
        if choose == "nearest":
            task["posture"] = posture
            return self._nearest(task, row, start, limits, rotation, tries or 128, seed)
        found = self._find(
            task, row, start[None], posture, limits, False, rotation, tries or TRIES, seed
        )
        q, report, steps = self._finish(task, row, found.q, rotation)
        starts, _, _, iterations = found.book[0].tolist()
        return self._solution(q[0], report[0], iterations + int(steps[0]), starts - 1)

    def _nearest(
        self,
        task: np.ndarray,
        row: np.ndarray,
        start: np.ndarray,
        limits: tuple[np.ndarray, np.ndarray],
        rotation: str,
        tries: int,
        seed: int,
    ) -> Solution:
        """Let each of a few searches keep what it finds nearest, and draw all of them nearer."""
        posture, count = task["posture"][0], min(tries, CANDIDATES)
        rows, starts = row.repeat(count, 0), start[None].repeat(count, 0)
        starts[1::2] = np.clip(posture, *limits)
        found = self._find(
            task, rows, starts, posture, limits, True, rotation, -(-tries // count), seed
        )
        found = self._draw(task, rows, found, rotation)
        q, report, steps = self._finish(task, rows, found.q, rotation)
        error = report["position_error"] + report["rotation_error"]
        away = np.linalg.norm(q - posture, axis=1)
        reached = _reached(report, rotation, task["tolerance"][0])
        best = int(np.lexsort((np.where(reached, away, error), ~reached))[0])
        iterations = int(found.book[:, 3].sum() + steps.sum())
        return self._solution(q[best], report[best], iterations, int(found.book[:, 0].sum()) - 1)

    def solve_batch(
        self,
        poses: Sequence[Any] | np.ndarray,
        starts: Any = None,
        rotation: str = "must",
        tries: int = TRIES,
        seed: int = 0,
        tolerance: tuple[float, float] = TOLERANCE,
    ) -> Solutions:
        """Solve p poses at once, as `solve` with "first": the lanes share the work.

        `poses` (p, 7), or p of what `solve` takes; `starts` (p, n) or (n,), home if None.
        """
        self._options(rotation, tries)
        rows = pose_rows(poses)
        given = np.asarray(self.home if starts is None else starts, float)
        if given.shape not in ((self.n,), (len(rows), self.n)):
            valid = f"({self.n},) or ({len(rows)}, {self.n})"
            raise RobotError(f"starts has shape {given.shape}; valid: {valid}")
        for k, q in enumerate(np.atleast_2d(given)):
            self._inside(f"start {k}", q, self.q_min, self.q_max)
        begin = np.clip(np.broadcast_to(given, (len(rows), self.n)), self.q_min, self.q_max)
        task, limits = self._task(tolerance), (self.q_min, self.q_max)
        found = self._find(task, rows, begin, self.home, limits, False, rotation, tries, seed)
        q, report, steps = self._finish(task, rows, found.q, rotation)
        return Solutions(
            q,
            report["position_error"],
            report["rotation_error"],
            found.book[:, 3] + steps,
            found.book[:, 0] - 1,
            _reached(report, rotation, task["tolerance"][0]),
        )

    def _task(self, tolerance: tuple[float, float]) -> np.ndarray:
        task = np.frombuffer(bytearray(self._template), self._dtype)
        if tolerance is not TOLERANCE:
            limit = vector("tolerance", tolerance, 2)
            if limit.min() <= 0.0:
                raise RobotError(f"tolerance {limit.tolist()} is not above 0 (m, rad)")
            task["tolerance"] = limit
        return task

    def _options(self, rotation: str, tries: int | None) -> None:
        if rotation not in ROTATIONS:
            check_name("rotation", rotation, ROTATIONS)
        if tries is not None and (not isinstance(tries, int) or tries < 1):
            raise RobotError(f"tries is {tries!r}; valid: whole numbers from 1")

    def _sequence(self, limits: tuple[np.ndarray, np.ndarray], seed: int) -> np.ndarray:
        if limits[0] is not self.q_min or limits[1] is not self.q_max:
            return lanes.sequence(*limits, self._chain.prismatic, seed)
        if seed not in self._sequences:
            self._sequences[seed] = lanes.sequence(*limits, self._chain.prismatic, seed)
        return self._sequences[seed]

    def _find(
        self,
        task: np.ndarray,
        rows: np.ndarray,
        starts: np.ndarray,
        posture: np.ndarray,
        limits: tuple[np.ndarray, np.ndarray],
        look_on: bool,
        rotation: str,
        tries: int,
        seed: int,
    ) -> lanes.Search:
        """Search with 16 lanes; see `robots.ik.lanes`."""
        if self._search is None:
            self._search = generated.load(code.module(self._chain)).search
        # The lanes round the arm's numbers to a ten-billionth; the rest is the last descent's.
        linear, angular = task["tolerance"][0].tolist()
        linear, angular = max(linear, 1e-9) ** 2, max(angular, 1e-9) ** 2
        if rotation == "free":
            angular = np.inf
        search = lanes.search_of(
            rows,
            starts,
            limits,
            posture,
            (1.0, WEIGHTS[rotation], 0.03, 1e-9, 1.0, linear, angular),
            (LANE_STEPS, tries, int(look_on)),
            self._sequence(limits, seed),
        )
        self._search(*search)
        return search

    def _descend(
        self, task: np.ndarray, rows: np.ndarray, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        q, report = np.empty_like(starts), np.zeros(len(rows), dls.REPORT)
        work = np.zeros(1, dls.work_dtype(self.n))
        dls.dls_rows(task, work, starts, rows, q, report)
        return q, report

    def _draw(
        self, task: np.ndarray, rows: np.ndarray, found: lanes.Search, rotation: str
    ) -> lanes.Search:
        """Draw what was found nearer to the posture, where the pose holds all the way."""
        task = task.copy()
        task["pull"], task["iterations"] = 0.5, DRAW_STEPS
        if rotation == "free":
            task["weight"] = 1.0, 0.0
        q, report = self._descend(task, rows, found.q)
        found.book[:, 3] += report["iterations"]
        held = (report["status"] == dls.REACHED)[:, None]
        return found._replace(q=np.where(held, q, found.q))

    def _finish(
        self, task: np.ndarray, rows: np.ndarray, starts: np.ndarray, rotation: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Go on from what the lanes found to the tolerance, or to the nearest."""
        if rotation == "free":
            task["weight"] = 1.0, 0.0
        q, report = self._descend(task, rows, starts)
        steps = report["iterations"].astype(np.int64)
        if rotation == "near":
            for weight in NEAR_WEIGHTS:
                task["weight"], task["pull"] = (1.0, weight), 0.0
                away = ~_reached(report, "must", task["tolerance"][0])
                if away.any():
                    q[away], report[away] = self._descend(task, rows[away], q[away])
                    steps += np.where(away, report["iterations"], 0)
        return q, report, steps

    def _solution(self, q: np.ndarray, report: Any, iterations: int, restarts: int) -> Solution:
        position_error, rotation_error, _, status = report.item()
        return Solution(
            q=q,
            position_error=position_error,
            rotation_error=rotation_error,
            iterations=iterations,
            restarts=restarts,
            success=status == dls.REACHED,
            status=STATUS[status],
        )


def _reached(report: np.ndarray, rotation: str, tolerance: np.ndarray) -> np.ndarray:
    near = report["position_error"] <= tolerance[0]
    return near & (report["rotation_error"] <= tolerance[1]) if rotation == "must" else near
