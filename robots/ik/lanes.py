"""Many starts at once: 16 lanes that work through poses, and begin again where they stick.

A lane takes the next pose that none has begun; when there is none left, it helps with one that is
still open, from the next start of a low-discrepancy sequence. So one pose has all lanes to itself,
and a thousand keep all of them busy.
"""

from typing import NamedTuple

import numpy as np

from robots.ik.writer import LANES, Rows
from robots.kernel import kernel

OPEN, SOLVED, GIVEN_UP = 0, 1, 2
STILL = 1e-9
IDLE = np.full((LANES, 2), -1)


class Search(NamedTuple):
    """The memory of a search for p poses of an arm of n joints, arrays that kernels take.

    `w` as in `robots.ik.writer.Rows`. `lanes` (16, 2) int64: pose and iterations since its start.
    `lower`, `upper`, `posture` (n,). `settings` (7,) as `step` takes them. `plan` (5,) int64: most
    iterations a start, most starts a pose, 1 to go on for the solution nearest to the posture
    (rows of `poses` may then be alike: no two have the same starts), next pose, next to help.
    `sequence` (5, n): shift, stride, low and width of the starts, and how far a joint turns to
    where it was, 0 for one that slides. `poses` (p, 12), `starts` (p, n). `book` (p, 4) int64:
    starts, lanes at it, state, iterations. `score` (p, 2): the best weighted squared error, the
    least squared distance from the posture. `q` (p, n): the best found.
    """

    w: np.ndarray
    lanes: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    posture: np.ndarray
    settings: np.ndarray
    plan: np.ndarray
    sequence: np.ndarray
    poses: np.ndarray
    starts: np.ndarray
    book: np.ndarray
    score: np.ndarray
    q: np.ndarray


def stride(n: int) -> np.ndarray:
    """Give the stride (n,) of the additive sequence x_k = frac(k stride) that fills a unit cube.

    Powers of 1/g with g^(n+1) = g + 1 (Roberts 2018, a generalised golden ratio).
    """
    g = 2.0
    for _ in range(64):
        g = (1.0 + g) ** (1.0 / (n + 1))
    return g ** -np.arange(1.0, n + 1)


@kernel
def _keep(search, lane, pose):  # type: ignore[no-untyped-def]
    w, q = search.w, search.q[pose]
    for i in range(len(q)):
        q[i] = w[LANES * i + lane]


@kernel
def _unwind(search, lane):  # type: ignore[no-untyped-def]
    """Turn joints by whole turns nearer to the posture, as far as limits let them.

    Gives the squared distance from it.
    """
    w, lower, upper, goal, distance = search.w, search.lower, search.upper, search.posture, 0.0
    periods = search.sequence[4]
    for i in range(len(lower)):
        q, period, posture = w[LANES * i + lane], periods[i], goal[i]
        if period > 0.0:
            q += period * np.floor((posture - q) / period + 0.5)
            if q > upper[i]:
                q -= period
            elif q < lower[i]:
                q += period
            if lower[i] <= q <= upper[i]:
                w[LANES * i + lane] = q
        d = w[LANES * i + lane] - posture
        distance += d * d
    return distance


@kernel
def _judge(search, lane, report):  # type: ignore[no-untyped-def]
    """Take down where a lane came to an end, and free it."""
    pose, w, settings = search.lanes[lane, 0], search.w, search.settings
    linear, angular = w[LANES * report + lane], w[LANES * (report + 1) + lane]
    book = search.book[pose]
    if book[2] == OPEN and linear < settings[5] and angular < settings[6]:
        distance = _unwind(search, lane)
        if distance < search.score[pose, 1]:
            search.score[pose, 0], search.score[pose, 1] = 0.0, distance
            _keep(search, lane, pose)
        if search.plan[2] == 0:
            book[2] = SOLVED
    elif book[2] == OPEN:
        error = settings[0] * settings[0] * linear + settings[1] * settings[1] * angular
        if error < search.score[pose, 0]:
            search.score[pose, 0] = error
            _keep(search, lane, pose)
    _leave(search, lane)


@kernel
def _leave(search, lane):  # type: ignore[no-untyped-def]
    pose = search.lanes[lane, 0]
    search.lanes[lane, 0] = -1
    book = search.book[pose]
    book[1] -= 1
    book[3] += search.lanes[lane, 1]
    if book[2] == OPEN and book[1] == 0 and book[0] >= search.plan[1]:
        book[2] = SOLVED if search.score[pose, 1] < np.inf else GIVEN_UP


@kernel
def _next(plan, book):  # type: ignore[no-untyped-def]
    """Give the pose that a free lane should work at; -1 for none."""
    count = len(book)
    if plan[3] < count:
        plan[3] += 1
        return plan[3] - 1
    for _ in range(count):
        plan[4] = plan[4] + 1 if plan[4] + 1 < count else 0
        if book[plan[4], 2] == OPEN and book[plan[4], 0] < plan[1]:
            return plan[4]
    return -1


@kernel
def _begin(search, lane, pose):  # type: ignore[no-untyped-def]
    # Arrays by names of their own: one out of a tuple is counted anew wherever it is looked up.
    w, book, goal, start = search.w, search.book[pose], search.poses[pose], search.starts[pose]
    shift, stride, low, width = (
        search.sequence[0],
        search.sequence[1],
        search.sequence[2],
        search.sequence[3],
    )
    n, number = len(start), book[0]
    place = number + pose * search.plan[1] if search.plan[2] != 0 else number
    book[0] += 1
    book[1] += 1
    search.lanes[lane, 0], search.lanes[lane, 1] = pose, 0
    for k in range(12):
        w[LANES * (n + k) + lane] = goal[k]
    for i in range(n):
        x = shift[i] + place * stride[i]
        x -= np.floor(x)
        w[LANES * i + lane] = start[i] if number == 0 else low[i] + x * width[i]


@kernel
def _change(search, report):  # type: ignore[no-untyped-def]
    """Free the lanes that came to an end, and give free lanes work; say whether there is any."""
    w, lanes, settings, plan, book = (
        search.w,
        search.lanes,
        search.settings,
        search.plan,
        search.book,
    )
    for lane in range(LANES):
        if lanes[lane, 0] >= 0 and _ended(w, lanes, lane, settings, plan, report):
            _judge(search, lane, report)
    working = False
    for lane in range(LANES):
        pose = lanes[lane, 0]
        if pose >= 0 and book[pose, 2] != OPEN:
            lanes[lane, 0] = -1
            book[pose, 1] -= 1
            book[pose, 3] += lanes[lane, 1]
        if lanes[lane, 0] < 0:
            pose = _next(plan, book)
            if pose >= 0:
                _begin(search, lane, pose)
        working |= lanes[lane, 0] >= 0
    return working


@kernel
def _ended(w, lanes, lane, settings, plan, report):  # type: ignore[no-untyped-def]
    near = w[LANES * report + lane] < settings[5] and w[LANES * (report + 1) + lane] < settings[6]
    still = not (w[LANES * (report + 2) + lane] > STILL)
    return near or still or lanes[lane, 1] >= plan[0]


@kernel
def advance(search, report):  # type: ignore[no-untyped-def]
    """Look at every lane's last step, and give free lanes work; say whether there is any.

    `report` is the first of the three rows in which a step leaves its errors.
    """
    w, lanes, settings, plan = search.w, search.lanes, search.settings, search.plan
    ended = False
    for lane in range(LANES):
        lanes[lane, 1] += 1
        # A lane without work is one for which there is none left, but for the very first time.
        if lanes[lane, 0] >= 0:
            ended |= _ended(w, lanes, lane, settings, plan, report)
    if ended or plan[3] == 0:
        return _change(search, report)
    return True


def sequence(lower: np.ndarray, upper: np.ndarray, prismatic: np.ndarray, seed: int) -> np.ndarray:
    """Give the (5, n) that places a search's starts within limits, shifted by the seed.

    A joint without limits starts within half a turn (or pi metres) of zero.
    """
    bounded = np.isfinite(lower) & np.isfinite(upper)
    low, high = np.where(bounded, lower, -np.pi), np.where(bounded, upper, np.pi)
    shift = np.random.default_rng(seed).random(len(lower))
    period = np.where(prismatic, 0.0, 2.0 * np.pi)
    return np.array([shift, stride(len(lower)), low, high - low, period])


def search_of(
    poses: np.ndarray,
    starts: np.ndarray,
    limits: tuple[np.ndarray, np.ndarray],
    posture: np.ndarray,
    settings: tuple[float, ...],
    plan: tuple[int, int, int],
    sequence: np.ndarray,
) -> Search:
    """Give the memory of a search that has not begun; see `Search`."""
    count, n = starts.shape
    return Search(
        w=np.zeros(LANES * Rows(n).count),
        lanes=IDLE.copy(),
        lower=limits[0],
        upper=limits[1],
        posture=posture,
        settings=np.array(settings),
        plan=np.array([*plan, 0, 0]),
        sequence=sequence,
        poses=poses,
        starts=starts,
        book=np.zeros((count, 4), np.int64),
        score=np.zeros((count, 2)) + np.inf,
        q=starts.copy(),
    )
