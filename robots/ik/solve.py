"""Inverse kinematics for people: checks, and the descent and the search behind one call."""

from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from robots.errors import RobotError, check_name
from robots.ik import code, dls, lanes, rows
from robots.ik.one import room_dtype, room_of
from robots.ik.poses import pose_numbers, pose_row, pose_rows, vector, whole
from robots.ik.solution import STATUS, Solution, Solutions
from robots.model import Chain

ROTATIONS = ("must", "near", "free")
CHOICES = ("first", "nearest")
TRIES = 512
TOLERANCE = (1e-6, 1e-6)
CANDIDATES = 8
ROOMS = 32


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
        self._room_dtype = room_dtype(self.n)
        self._rooms: dict[tuple[str, int, int], bytes] = {}

    @cached_property
    def _code(self) -> ModuleType:
        """The kernels written for this arm."""
        return code.load(self._chain)

    def _limits(self, q_min: Any, q_max: Any) -> tuple[np.ndarray, np.ndarray]:
        if q_min is None and q_max is None:
            return self.q_min, self.q_max
        both = []
        for name, given, own in (("q_min", q_min, self.q_min), ("q_max", q_max, self.q_max)):
            both.append(own if given is None else vector(name, given, self.n, infinite=True))
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
        Raises RobotError for a pose, start, posture, limits or numbers that cannot be used.
        """
        if not 0.0 <= pull <= 1.0:
            raise RobotError(f"pull is {pull!r}; valid: 0 to 1, the part of the way to the posture")
        if not settle > 0.0:
            raise RobotError(f"settle is {settle!r}; valid: above 0, rad")
        whole("iterations", iterations, 0)
        q_min, q_max = self._limits(q_min, q_max)
        task = self._task(tolerance)
        task["q_min"], task["q_max"] = q_min, q_max
        task["posture"] = self.home if posture is None else vector("posture", posture, self.n)
        task["pull"], task["settle"] = pull, settle
        task["iterations"] = iterations
        q = self._inside("start", start, q_min, q_max)
        q, report = rows.descend(task, pose_row(pose)[None], q[None])
        return _solution(q[0], report[0], int(report["iterations"][0]), 0)

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
        self._options(rotation, tries, seed)
        own = q_min is None and q_max is None
        limits = self._limits(q_min, q_max)
        if start is None:
            start = self.home if own else np.clip(self.home, *limits)
        else:
            start = self._inside("start", start, *limits)
        posture = start if posture is None else vector("posture", posture, self.n)
        if choose == "nearest":
            row, task = pose_row(pose)[None], self._task(tolerance)
            task["q_min"], task["q_max"], task["posture"] = *limits, posture
            return self._nearest(task, row, start, limits, rotation, tries or 128, seed)
        room = self._room(tolerance, limits, rotation, tries or TRIES, seed)
        q = np.empty(self.n)
        position_error, rotation_error, steps, restarts, status = self._code.one(
            room, pose_numbers(pose), start, posture, q
        )
        if status == dls.REFUSED:
            pose_row(pose)  # which says why
        if rotation == "near" and status != dls.REACHED:
            task, row, report = room["task"], room["poses"][0], room["report"]
            steps += int(rows.nearer(task, row, q[None], report)[0])
            position_error, rotation_error, _, status = report.item()
        return Solution(
            q, position_error, rotation_error, steps, restarts, status == dls.REACHED,
            STATUS[status],
        )  # fmt: skip

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
        lines, starts = row.repeat(count, 0), start[None].repeat(count, 0)
        starts[1::2] = np.clip(posture, *limits)
        plan = rows.LANE_STEPS, -(-tries // count), 1
        sequence = lanes.sequence(*limits, self._chain.prismatic, seed)
        found = self._find(task, lines, starts, posture, limits, plan, rotation, sequence)
        found = rows.draw(task, lines, found, rotation)
        q, report, steps = rows.finish(task, lines, found.q, rotation)
        error = report["position_error"] + report["rotation_error"]
        away = np.linalg.norm(q - posture, axis=1)
        reached = rows.reached(report, rotation, task["tolerance"][0])
        best = int(np.lexsort((np.where(reached, away, error), ~reached))[0])
        iterations = int(found.book[:, 3].sum() + steps.sum())
        return _solution(q[best], report[best], iterations, int(found.book[:, 0].sum()) - 1)

    def solve_batch(
        self,
        poses: Sequence[Any] | np.ndarray,
        starts: Any = None,
        rotation: str = "must",
        tries: int = TRIES,
        seed: int = 0,
        tolerance: tuple[float, float] = TOLERANCE,
        threads: int = 1,
    ) -> Solutions:
        """Solve p poses at once, as `solve` with "first": the lanes share the work.

        `poses` (p, 7), or p of what `solve` takes; `starts` (p, n) or (n,), home if None. Shares
        of 256 poses go to `threads` threads; the answers do not depend on how many. Of a float32
        array of poses the answers are float32, worked out in float64: `q`, within the limits
        still, is rounded after its errors were told, by which the tool moves up to 1e-6 m or rad.
        """
        self._options(rotation, tries, seed)
        lines = pose_rows(poses)
        begin = self._starts(starts, len(lines))
        task, limits = self._task(tolerance), (self.q_min, self.q_max)
        plan = rows.LANE_STEPS, tries, 0
        sequence = lanes.sequence(*limits, self._chain.prismatic, seed)

        def find(some: np.ndarray, their: np.ndarray) -> lanes.Search:
            return self._find(task, some, their, self.home, limits, plan, rotation, sequence)

        found = rows.solve_shares(find, task, lines, begin, rotation, threads)
        if isinstance(poses, np.ndarray) and poses.dtype == np.float32:
            return found.rounded(self.q_min, self.q_max)
        return found

    def _starts(self, starts: Any, count: int) -> np.ndarray:
        """Give where each search starts (count, n); RobotError, naming one outside the limits."""
        if starts is None:
            return np.tile(self.home, (count, 1))
        try:
            given = np.asarray(starts, float)
        except (TypeError, ValueError):
            raise RobotError(f"starts is {starts!r:.60}, no array of numbers") from None
        if given.shape not in ((self.n,), (count, self.n)):
            valid = f"({self.n},) or ({count}, {self.n})"
            raise RobotError(f"starts has shape {given.shape}; valid: {valid}")
        inside = np.clip(given, self.q_min, self.q_max)
        if not (np.abs(inside - given) <= 1e-9).all():
            for k, q in enumerate(np.atleast_2d(given)):
                self._inside(f"start {k}", q, self.q_min, self.q_max)
        return np.broadcast_to(inside, (count, self.n)).copy()

    def _task(self, tolerance: tuple[float, float]) -> np.ndarray:
        task = np.frombuffer(bytearray(self._template), self._dtype)
        if tolerance is not TOLERANCE:
            limit = vector("tolerance", tolerance, 2)
            if limit.min() <= 0.0:
                raise RobotError(f"tolerance {limit.tolist()} is not above 0 (m, rad)")
            task["tolerance"] = limit
        return task

    def _options(self, rotation: str, tries: int | None, seed: int) -> None:
        if rotation not in ROTATIONS:
            check_name("rotation", rotation, ROTATIONS)
        if tries is not None:
            whole("tries", tries, 1)
        whole("seed", seed, 0)

    def _room(
        self,
        tolerance: tuple[float, float],
        limits: tuple[np.ndarray, np.ndarray],
        rotation: str,
        tries: int,
        seed: int,
    ) -> np.ndarray:
        """Give the memory of a search for one pose, a copy of one that was made before."""
        own = limits[0] is self.q_min and limits[1] is self.q_max
        kept = own and tolerance is TOLERANCE
        key = (rotation, tries, seed)
        if kept and key in self._rooms:
            return np.frombuffer(bytearray(self._rooms[key]), self._room_dtype)
        task = self._task(tolerance)
        task["q_min"], task["q_max"] = limits
        if rotation == "free":
            task["weight"] = 1.0, 0.0
        search = lanes.search_of(
            np.zeros((1, 12)),
            np.zeros((1, self.n)),
            limits,
            self.home,
            rows.settings(task, rotation),
            (rows.LANE_STEPS, tries, 0),
            lanes.sequence(*limits, self._chain.prismatic, seed),
        )
        room = room_of(search, task)
        if kept and len(self._rooms) < ROOMS:
            self._rooms[key] = room.tobytes()
        return room

    def _find(
        self,
        task: np.ndarray,
        lines: np.ndarray,
        starts: np.ndarray,
        posture: np.ndarray,
        limits: tuple[np.ndarray, np.ndarray],
        plan: tuple[int, int, int],
        rotation: str,
        sequence: np.ndarray,
    ) -> lanes.Search:
        """Search with 16 lanes; see `robots.ik.lanes`."""
        search = lanes.search_of(
            lines, starts, limits, posture, rows.settings(task, rotation), plan, sequence
        )
        self._code.search(*search)
        return search


def _solution(q: np.ndarray, report: Any, iterations: int, restarts: int) -> Solution:
    position_error, rotation_error, _, status = report.item()
    reached = status == dls.REACHED
    return Solution(
        q, position_error, rotation_error, iterations, restarts, reached, STATUS[status]
    )
