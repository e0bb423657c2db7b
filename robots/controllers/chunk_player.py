"""Plays a policy's chunks: rows 2 to 50 times a second in, a joint goal every tick out.

A chunk arrives where `input.sequence` changes: `count` rows of joint positions and gripper, row
i to be reached at `time + i * spacing`, seconds since the player's first tick. The last chunks
are kept in a ring. From the start of the tick that a chunk arrives in, the goal is on a new path:

    knot 0     where the goal is, at the velocity that it has
    knot j     the time t_j of every row that is still at least 0.6 spacings away:
               x_j = newest row, or the ensemble of all chunks kept (`robots.chunks.ensemble`)
               x_j = old(t_j) + w (x_j - old(t_j)), w = u^2 (3 - 2 u), u = (t_j - now) / blend_s,
               while u < 1 and the old path reaches that far

with the curve of `params.curve` between knots. For the two cubic kinds position and velocity
are continuous (C1) whatever arrives, and whenever; the acceleration steps at knots and where a
chunk arrives. For the straight one position alone is (C0).

Where the next chunk is late or missing, the path ends as `params.coast` says. With it, the goal
goes on at the last slope and brakes at `ddq_stop`, or harder where that would leave the position
limits: C1 again. Without it, the path has come to rest at the last row. Either way the goal then
stands, and the flag is up.

Refused, with a flag, and the path stays: a chunk with a row or a time that is not a finite
number, or a count that does not fit (FLAG_NAN), and one whose rows are all past (FLAG_STALE).
Rows beyond the position limits are moved there (FLAG_POSITION). Until every joint has been
measured once there is nowhere to start from: the goal reads zero and FLAG_SENSOR is up. These
flags last one tick, FLAG_WAITING as long as the goal coasts or stands.

The gripper is the row's that the arm is on the way to, held, or with `grip_linear` goes in a
straight line as the arm does.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.chunks.curve import LINEAR, MONOTONE, hermite, hermite_velocity, tangents
from robots.chunks.ensemble import ensemble, weights
from robots.controllers.contract import Controller
from robots.controllers.flags import (
    FLAG_NAN,
    FLAG_POSITION,
    FLAG_SENSOR,
    FLAG_STALE,
    FLAG_WAITING,
)
from robots.errors import RobotError
from robots.kernel import kernel

TOO_NEAR = 0.6
"""A row nearer than this share of a spacing is left out: the arm could not be there in time."""
ROWS, KEPT = 16, 4


@lru_cache
def controller(n: int, rows: int = ROWS, kept: int = KEPT) -> Controller:
    """Give the player for n joints, chunks of at most `rows` rows, `kept` of them in the ring."""
    joints, all_ = (np.float64, (n,)), (np.float64, (n + 1,))
    path = [
        ("times", np.float64, (rows + 1,)),
        ("knots", np.float64, (rows + 1, n + 1)),
        ("tangents", np.float64, (rows + 1, n)),
        ("count", np.int32),
        ("segment", np.int32),
    ]
    return Controller(
        name="chunk_player",
        params=np.dtype(
            [
                *((name, *joints) for name in ("q_min", "q_max", "ddq_stop")),
                ("weights", np.float64, (kept,)),
                ("dt", np.float64),
                ("spacing", np.float64),
                ("blend_s", np.float64),
                *((name, np.uint32) for name in ("curve", "ensemble", "coast", "grip_linear")),
            ],
            align=True,
        ),
        state=np.dtype(
            [
                ("rows", np.float64, (kept, rows, n + 1)),
                ("starts", np.float64, (kept,)),
                ("counts", np.int32, (kept,)),
                ("first", np.int32),
                ("kept", np.int32),
                ("path", np.dtype(path, align=True)),
                ("new_times", np.float64, (rows + 1,)),
                ("new_knots", np.float64, (rows + 1, n + 1)),
                ("old", *all_),
                ("old_velocity", *joints),
                ("q", *all_),
                ("dq", *joints),
                ("ticks", np.uint64),
                ("sequence", np.uint32),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype(
            [
                ("q", *joints),
                ("gripper", np.float64),
                ("rows", np.float64, (rows, n + 1)),
                ("time", np.float64),
                ("count", np.int32),
                ("sequence", np.uint32),
            ],
            align=True,
        ),
        output=np.dtype(
            [
                ("q_goal", *joints),
                ("dq_goal", *joints),
                ("gripper", np.float64),
                ("time", np.float64),
                ("flags", np.uint32),
            ],
            align=True,
        ),
        step=step,
    )


def params(
    robot: Robot,
    rate_hz: float,
    row_hz: float = 10.0,
    curve: int = MONOTONE,
    m: float | None = None,
    blend_s: float = 0.0,
    coast: bool = True,
    grip_linear: bool = False,
    rows: int = ROWS,
    kept: int = KEPT,
) -> np.ndarray:
    """Give the parameters, shape (1,): chunks of `row_hz`, played at `rate_hz` for a robot.

    `m` is that of the ensemble; without it the newest chunk alone counts. Raises RobotError for
    a rate, blend or curve that is none.
    """
    for name, value in (("rate_hz", rate_hz), ("row_hz", row_hz)):
        if not 0.0 < value < np.inf:
            raise RobotError(f"{name} is {value}; it must be positive and finite, e.g. 10")
    if not row_hz <= rate_hz:
        raise RobotError(f"row_hz is {row_hz}; it must not exceed rate_hz, {rate_hz}")
    if not 0.0 <= blend_s < np.inf:
        raise RobotError(f"blend_s is {blend_s}; it must be zero or more seconds, e.g. 0.3")
    if curve not in (LINEAR, 1, MONOTONE):
        raise RobotError(f"curve is {curve}; it must be LINEAR, CATMULL_ROM or MONOTONE")
    record = np.zeros(1, controller(len(robot.home), rows, kept).params)
    record["q_min"], record["q_max"] = robot.q_min, robot.q_max
    record["ddq_stop"] = 0.5 * robot.ddq_max
    record["weights"] = weights(m or 0.0, kept)
    record["dt"], record["spacing"], record["blend_s"] = 1.0 / rate_hz, 1.0 / row_hz, blend_s
    record["curve"], record["ensemble"] = curve, m is not None
    record["coast"], record["grip_linear"] = coast, grip_linear
    return record


@kernel
def coast(q, v, t, a, low, high):  # type: ignore[no-untyped-def]
    """Give place and velocity t seconds after q and v, braking at a or what the limits need."""
    size = -v if v < 0.0 else v
    if size == 0.0:
        return q, 0.0
    room = q - low if v < 0.0 else high - q
    if size * size > 2.0 * a * room:
        if room <= 0.0:
            return q, 0.0
        a = size * size / (2.0 * room)
    done = 0.5 * size * size / a
    left = 0.0
    if a * t < size:
        left = size - a * t
        done = t * (size - 0.5 * a * t)
    if v < 0.0:
        return q - done, -left
    return q + done, left


@kernel
def look(params, path, time, at, velocity):  # type: ignore[no-untyped-def]
    """Write the path's place (n + 1,) and velocity (n,) at `time`, at or after `segment`."""
    n = len(params.q_min)
    last = path.count - 1
    if last == 0 or time >= path.times[last]:
        for j in range(n):
            at[j], velocity[j] = coast(
                path.knots[last, j],
                path.tangents[last, j],
                time - path.times[last],
                params.ddq_stop[j],
                params.q_min[j],
                params.q_max[j],
            )
        at[n] = path.knots[last, n]
        return
    i = path.segment
    while i < last - 1 and time >= path.times[i + 1]:
        i += 1
    width = path.times[i + 1] - path.times[i]
    s = min(max((time - path.times[i]) / width, 0.0), 1.0)
    straight = params.curve == LINEAR
    for j in range(n):
        p, p_next = path.knots[i, j], path.knots[i + 1, j]
        if straight:
            at[j], velocity[j] = p + s * (p_next - p), (p_next - p) / width
        else:
            m, m_next = path.tangents[i, j], path.tangents[i + 1, j]
            at[j] = hermite(s, width, p, m, p_next, m_next)
            velocity[j] = hermite_velocity(s, width, p, m, p_next, m_next)
    at[n] = path.knots[i + 1, n]
    if params.grip_linear != 0:
        at[n] = path.knots[i, n] + s * (path.knots[i + 1, n] - path.knots[i, n])


@kernel
def keep(state, input):  # type: ignore[no-untyped-def]
    """Put a chunk into the ring, in the place of the oldest where it is full."""
    ring, _, dim = state.rows.shape
    slot = state.first + state.kept
    if slot >= ring:
        slot -= ring
    if state.kept < ring:
        state.kept += 1
    else:
        state.first = state.first + 1 if state.first + 1 < ring else 0
    for i in range(input.count):
        for j in range(dim):
            state.rows[slot, i, j] = input.rows[i, j]
    state.starts[slot] = input.time
    state.counts[slot] = input.count


@kernel
def fits(params, state, input, now):  # type: ignore[no-untyped-def]
    """Give the flag that a chunk is refused with, or zero."""
    _, most, dim = state.rows.shape
    if not (0 < input.count <= most) or not (-1e9 < input.time < 1e9):
        return FLAG_NAN
    for i in range(input.count):
        for j in range(dim):
            if not (-1e100 < input.rows[i, j] < 1e100):
                return FLAG_NAN
    end = input.time + (input.count - 1) * params.spacing
    return 0 if end >= now + TOO_NEAR * params.spacing else FLAG_STALE


@kernel
def lay(params, state, input, now):  # type: ignore[no-untyped-def]
    """Lay the path from the goal's place and velocity through the rows to come; give flags."""
    n = len(params.q_min)
    flags = 0
    path = state.path
    state.new_times[0] = now
    for j in range(n + 1):
        state.new_knots[0, j] = state.q[j]
    count = 1
    for i in range(input.count):
        time = input.time + i * params.spacing
        if time < now + TOO_NEAR * params.spacing:
            continue
        knot = state.new_knots[count]
        for j in range(n + 1):
            knot[j] = input.rows[i, j]
        if params.ensemble != 0:
            ensemble(
                state.rows, state.starts, state.counts, state.first, state.kept,
                params.spacing, params.weights, time, knot,
            )  # fmt: skip
        u = 1.0
        if params.blend_s > 0.0 and time <= path.times[path.count - 1]:
            u = min((time - now) / params.blend_s, 1.0)
        if u < 1.0:
            look(params, path, time, state.old, state.old_velocity)
            for j in range(n):
                knot[j] = state.old[j] + u * u * (3.0 - 2.0 * u) * (knot[j] - state.old[j])
        for j in range(n):
            if knot[j] < params.q_min[j] or knot[j] > params.q_max[j]:
                flags |= FLAG_POSITION
                knot[j] = min(max(knot[j], params.q_min[j]), params.q_max[j])
        state.new_times[count] = time
        count += 1
    path.count, path.segment = count, 0
    for i in range(count):
        path.times[i] = state.new_times[i]
        for j in range(n + 1):
            path.knots[i, j] = state.new_knots[i, j]
    tangents(
        path.times, path.knots, count, state.dq, params.curve, params.coast == 0, path.tangents
    )
    return flags


@kernel
def start(params, state, input):  # type: ignore[no-untyped-def]
    """Stand where the joints are, if every one has been measured."""
    n = len(params.q_min)
    for j in range(n):
        if not (-1e100 < input.q[j] < 1e100):
            return
    for j in range(n):
        state.q[j] = min(max(input.q[j], params.q_min[j]), params.q_max[j])
        state.path.knots[0, j] = state.q[j]
    if -1e100 < input.gripper < 1e100:
        state.q[n] = input.gripper
    state.path.knots[0, n] = state.q[n]
    state.path.count = 1
    state.started = np.uint32(1)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.q_min)
    now = np.float64(state.ticks) * params.dt
    state.ticks += np.uint64(1)
    # A tick's goal is where the path is at the tick's end.
    end = np.float64(state.ticks) * params.dt
    flags = 0
    if state.started == 0:
        start(params, state, input)
    if state.started == 0:
        flags = FLAG_SENSOR
    else:
        if input.sequence != state.sequence:
            state.sequence = input.sequence
            flags = fits(params, state, input, now)
            if flags == 0:
                keep(state, input)
                flags = lay(params, state, input, now)
        path = state.path
        while path.segment < path.count - 2 and end >= path.times[path.segment + 1]:
            path.segment += 1
        look(params, path, end, state.q, state.dq)
        if end > path.times[path.count - 1]:
            flags |= FLAG_WAITING
    for j in range(n):
        output.q_goal[j], output.dq_goal[j] = state.q[j], state.dq[j]
    output.gripper, output.time = state.q[n], end
    output.flags = np.uint32(flags)
