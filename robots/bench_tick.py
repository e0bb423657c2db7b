"""The whole control tick, timed one by one: how long it takes, and how much that varies.

A tick plays a chunk of tool positions, finds the joints' way by differential inverse kinematics,
limits it, and gives the torques of joint impedance with gravity. A new chunk comes every 100 ms
and goes into an ensemble, so the ticks that lay a new path are among those timed.

Each tick is timed by itself inside one compiled loop with `clock_gettime(CLOCK_MONOTONIC)`, which
Linux answers without entering the kernel. Two readings lie around a tick; what they cost by
themselves is measured the same way, with nothing between, and reported, not taken off.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import types
from numba.core import typing
from numba.core.runtime import _nrt_python, rtsys

from robots import catalogue
from robots.controllers import chunk_player, diff_ik, limited_impedance
from robots.controllers.contract import Controller, Instance
from robots.kernel import kernel
from robots.kinematics import quaternion_from_rotation
from robots.maths import sincos
from robots.robot import Robot

RATE_HZ, ROW_HZ = 1000.0, 10.0
EVERY = 100
"""Ticks from one chunk to the next."""
TICKS = 1_000_000
BAR_US = 10.0
"""What 9,999 of 10,000 ticks have to stay below."""
RADIUS, TURN_HZ = 0.08, 0.25
"""The tool goes round in a level circle, m and Hz."""
EDGES = np.array([0.0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 50, 100, 1000, np.inf])
"""Of the histogram, microseconds."""

CLOCK = int(getattr(time, "CLOCK_MONOTONIC", 1))
_clock_gettime = types.ExternalFunction(
    "clock_gettime", typing.signature(types.int32, types.int32, types.uintp)
)


@lru_cache
def controller(n: int) -> Controller:
    """Give the whole tick for n joints: goals of the tool in chunks, torques out."""
    vector = (np.float64, (n,))
    stages = {
        "player": chunk_player.controller(3),
        "ik": diff_ik.controller(n),
        "law": limited_impedance.controller(n),
    }
    inner = [
        (f"{name}{suffix}", getattr(stage, area))
        for name, stage in stages.items()
        for suffix, area in (("", "state"), ("_in", "input"), ("_out", "output"))
    ]
    return Controller(
        name="whole_tick",
        params=np.dtype([(name, stage.params) for name, stage in stages.items()], align=True),
        state=np.dtype([field for field in inner if field[0] != "player_in"], align=True),
        input=np.dtype(
            [
                ("player", stages["player"].input),
                ("quaternion", np.float64, (4,)),
                ("q", *vector),
                ("dq", *vector),
            ],
            align=True,
        ),
        output=np.dtype(
            [("tau", *vector), ("q_ref", *vector), ("dq_ref", *vector), ("flags", np.uint32)],
            align=True,
        ),
        step=step,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,)."""
    record = np.zeros(1, controller(len(robot.home)).params)
    span: Any = SimpleNamespace(
        home=np.zeros(3), q_min=np.full(3, -2.0), q_max=np.full(3, 2.0), ddq_max=np.full(3, 5.0)
    )
    record["player"] = chunk_player.params(span, rate_hz, ROW_HZ, m=0.01)
    record["ik"] = diff_ik.params(robot, rate_hz)
    record["law"] = limited_impedance.params(robot, rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One whole tick; see the module."""
    n = len(output.tau)
    chunk_player.step(params.player, state.player, input.player, state.player_out)
    aim = state.ik_in
    for i in range(3):
        aim.position[i] = state.player_out.q_goal[i]
        aim.twist[i] = state.player_out.dq_goal[i]
    for i in range(4):
        aim.quaternion[i] = input.quaternion[i]
    for i in range(n):
        aim.q[i] = input.q[i]
    diff_ik.step(params.ik, state.ik, aim, state.ik_out)
    for i in range(n):
        state.law_in.q[i], state.law_in.dq[i] = input.q[i], input.dq[i]
        state.law_in.q_goal[i] = state.ik_out.q_goal[i]
    limited_impedance.step(params.law, state.law, state.law_in, state.law_out)
    for i in range(n):
        output.tau[i] = state.law_out.tau[i]
        output.q_ref[i], output.dq_ref[i] = state.law_out.q_ref[i], state.law_out.dq_ref[i]
    output.flags = state.player_out.flags | state.ik_out.flags | state.law_out.flags


@kernel
def _now(room):  # type: ignore[no-untyped-def]
    """Read the clock, nanoseconds; `room` (2,) int64."""
    _clock_gettime(CLOCK, room.ctypes.data)
    return room[0] * 1_000_000_000 + room[1]


@kernel
def _hand_over(input, centre, tick):  # type: ignore[no-untyped-def]
    """Write the next chunk: the circle from one row's time after this tick on."""
    given = input.player
    given.time = tick / RATE_HZ + 1.0 / ROW_HZ
    given.count = len(given.rows)
    given.sequence += 1
    for i in range(given.count):
        s, c = sincos(6.283185307179586 * TURN_HZ * (given.time + i / ROW_HZ))
        given.rows[i, 0] = centre[0] + RADIUS * c
        given.rows[i, 1] = centre[1] + RADIUS * s
        given.rows[i, 2] = centre[2]


@kernel
def run(params, state, input, output, centre, first, room, times):  # type: ignore[no-untyped-def]
    """Take len(times) ticks from tick `first` on; write each one's nanoseconds.

    The arm is where its reference was a tick ago. `centre` (3,) is the circle's.
    """
    n = len(output[0].tau)
    for k in range(len(times)):
        tick = first + k
        if tick % EVERY == 0:
            _hand_over(input[0], centre, tick)
        begun = _now(room)
        step(params[0], state[0], input[0], output[0])
        times[k] = _now(room) - begun
        for i in range(n):
            input[0].q[i], input[0].dq[i] = output[0].q_ref[i], output[0].dq_ref[i]


@kernel
def run_clock(room, times):  # type: ignore[no-untyped-def]
    """Time nothing, as `run` times ticks."""
    for k in range(len(times)):
        begun = _now(room)
        times[k] = _now(room) - begun


@dataclass
class Bench:
    """A Panda's tick with its memory; `ticks` have been taken."""

    instance: Instance
    centre: np.ndarray
    ticks: int = 0

    @classmethod
    def start(cls) -> "Bench":
        """Give the arm at home, its tool at the circle's edge."""
        robot = catalogue.load("panda")
        run = controller(len(robot.home)).instance(params(robot, RATE_HZ))
        position, rotation = robot.forward(robot.home)
        run.input["q"] = robot.home
        run.input["player"]["q"] = position
        run.input["quaternion"] = quaternion_from_rotation(rotation)
        return cls(run, position - [RADIUS, 0.0, 0.0])

    def take(self, ticks: int) -> np.ndarray:
        """Take ticks; give each one's time, (ticks,) nanoseconds."""
        times, room = np.zeros(ticks, np.int64), np.zeros(2, np.int64)
        one = self.instance
        run(one.params, one.state, one.input, one.output, self.centre, self.ticks, room, times)
        self.ticks += ticks
        return times

    def inputs(self, ticks: int) -> np.ndarray:
        """Take ticks; give their inputs, (ticks,)."""
        one, found = self.instance, []
        for _ in range(ticks):
            if self.ticks % EVERY == 0:
                _hand_over(one.input[0], self.centre, self.ticks)
            found.append(one.input.copy())
            one.step()
            for name in ("q", "dq"):
                one.input[name] = one.output[f"{name}_ref"]
            self.ticks += 1
        return np.concatenate(found)

    def allocations(self, ticks: int = 10_000) -> int:
        """Count what `ticks` ticks take from Numba's allocator: memory that one tick does not."""
        return _allocated(lambda: self.take(ticks)) - _allocated(lambda: self.take(1))


def _allocated(work: Any) -> int:
    was_on = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    work()
    after = rtsys.get_allocation_stats()
    if not was_on:
        _nrt_python.memsys_disable_stats()
    return int(after.alloc - before.alloc + after.mi_alloc - before.mi_alloc)


def histogram(times: np.ndarray) -> list[dict[str, Any]]:
    """Count times, ns, between EDGES; {from_us, to_us, ticks}, the last without an end."""
    counts, _ = np.histogram(times / 1000.0, EDGES)
    return [
        {"from_us": float(low), "to_us": float(high) if high < np.inf else None, "ticks": int(many)}
        for low, high, many in zip(EDGES, EDGES[1:], counts, strict=False)
    ]


def text(bins: list[dict[str, Any]]) -> str:
    """Draw a histogram; a bar grows with the logarithm of its count, so that one tick shows."""
    used = [k for k, row in enumerate(bins) if row["ticks"]]
    lines = []
    for row in bins[used[0] : used[-1] + 1] if used else []:
        high = "more" if row["to_us"] is None else f"{row['to_us']:g}"
        bar = "#" * int(round(6 * np.log10(row["ticks"]) + 1)) if row["ticks"] else ""
        lines.append(f"{row['from_us']:>6g} to {high:>4} us {row['ticks']:>9} {bar}")
    return "\n".join(lines)


def cases(rounds: int = 5, ticks: int = TICKS) -> list[dict[str, Any]]:
    """Time the whole tick and give the bench's cases.

    Every round takes the same `ticks` ticks. What else runs on the machine, and its own interrupts,
    only ever add: so the least p99.99 of a round stands against the bar, with all rounds beside
    it. A tick that is slow by itself is slow in every round: the same of each tick's least time is
    what our code answers for. `interruptions` are a second's readings more than BAR_US apart, with
    ticks and with nothing between.
    """
    room, nothing = np.zeros(2, np.int64), np.zeros(10 * ticks, np.int64)
    run_clock(room, nothing)
    allocated = Bench.start().allocations()
    taken, longer = [], 0.0
    for _ in range(rounds):
        bench = Bench.start()
        bench.take(1000)
        times = bench.take(ticks)
        taken.append(times)
        longer += interruptions(times) / rounds
    tails = [percentile(times) for times in taken]
    bins = histogram(np.concatenate(taken))
    least = np.minimum.reduce(taken)

    def case(name: str, value: float, unit: str = "us", **more: Any) -> dict[str, Any]:
        given = {"case": name, "ours": value, "peer": None, "peer_name": None, "unit": unit}
        return given | {"ratio": None} | more

    def barred(name: str, value: float, **more: Any) -> dict[str, Any]:
        return case(name, value, peer=BAR_US, peer_name="the bar", ratio=BAR_US / value, **more)

    return [
        case("whole control tick, median", median(percentile(times, 50.0) for times in taken)),
        barred(
            "whole control tick, p99.99",
            min(tails),
            rounds=tails,
            ticks=ticks,
            histogram=bins,
            text=text(bins),
            flags=int(bench.instance.output["flags"][0]),
        ),
        barred("whole control tick, p99.99 of each tick's least", percentile(least)),
        case("reading the clock twice, median, included above", percentile(nothing, 50.0)),
        case("interruptions a second, ticks / nothing between readings", longer, "1/s")
        | {"peer": interruptions(nothing), "peer_name": "nothing"},
        case("allocations in 10,000 ticks", float(allocated), "blocks"),
    ]


def percentile(times: np.ndarray, share: float = 99.99) -> float:
    """Give a percentile of times, ns, in microseconds."""
    return float(np.percentile(times, share)) / 1000.0


def interruptions(times: np.ndarray) -> float:
    """Count, a second, the times, ns, beyond BAR_US."""
    return float((times > 1000.0 * BAR_US).sum() / (times.sum() / 1e9))
