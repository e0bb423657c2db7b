"""What a jerk-limited move from rest to rest costs, seven joints in step, beside Ruckig.

Both plan the same thousand random moves, one after the other, with inputs prepared beforehand.
Ruckig comes as a Python package, so that it is always called from Python; ours is called from
Python, one move a call, and apart from that from a compiled loop, as a controller calls it.
"""

from typing import Any

import numpy as np

from robots.timing import compare
from robots.trajectories import jerk_limited

JOINTS, MOVES, TIMES, PASSES = 7, 1000, 100, 5
PEER = "Ruckig, called from Python"


def _moves() -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Starts and goals (moves, n), and the Panda's limits on speed, acceleration and jerk."""
    rng = np.random.default_rng(0)
    start, goal = rng.uniform(-2.5, 2.5, (2, MOVES, JOINTS))
    goal[::2] = start[::2] + 0.05 * goal[::2]  # every other one short: no joint cruises
    dq_max = np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
    ddq_max = np.array([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0])
    return start, goal, (dq_max, ddq_max, 500.0 * ddq_max)


def cases(rounds: int) -> list[dict[str, Any]]:
    """Give the cases: plans and samples a second; the package ruckig has to be installed."""
    import ruckig

    start, goal, limits = _moves()
    records = np.zeros(MOVES, jerk_limited.plan_dtype(JOINTS))
    record = records[:1]
    rows = [(start[k : k + 1], goal[k : k + 1]) for k in range(MOVES)]
    planner, found = ruckig.Ruckig(JOINTS), ruckig.Trajectory(JOINTS)
    tasks = []
    for k in range(MOVES):
        task = ruckig.InputParameter(JOINTS)
        task.current_position, task.target_position = start[k].tolist(), goal[k].tolist()
        task.max_velocity, task.max_acceleration, task.max_jerk = (x.tolist() for x in limits)
        tasks.append(task)
    times = np.linspace(0.0, 1.0, TIMES)
    motion = np.empty((3, TIMES, JOINTS))
    clock = times.tolist()

    def plan_singly() -> float:
        for one, other in PASSES * rows:
            jerk_limited.plans(one, other, *limits, record)
        return PASSES * MOVES

    def plan_compiled() -> float:
        for _ in range(
            10 * PASSES
        ):  # a turn as long as the peer's, so that both are disturbed alike
            jerk_limited.plans(start, goal, *limits, records)
        return 10 * PASSES * MOVES

    def plan_peer() -> float:
        for task in PASSES * tasks:
            planner.calculate(task, found)
        return PASSES * MOVES

    def follow() -> float:
        for one, other in rows:
            jerk_limited.plans(one, other, *limits, record)
            jerk_limited.samples(record, times, motion[0], motion[1], motion[2])
        return MOVES

    def follow_peer() -> float:
        for task in tasks:
            planner.calculate(task, found)
            for t in clock:
                found.at_time(t)
        return MOVES

    def sample() -> float:
        for _ in range(MOVES):
            jerk_limited.samples(record, times, motion[0], motion[1], motion[2])
        return MOVES * TIMES

    def sample_peer() -> float:
        for _ in range(MOVES // 10):
            for t in clock:
                found.at_time(t)
        return MOVES // 10 * TIMES

    what = f"jerk-limited, rest to rest, {JOINTS} joints in step"
    return [
        compare(
            f"{what}: plan, called from Python", "plans/s", plan_singly, plan_peer, PEER, rounds
        ),
        compare(
            f"{what}: plan, in a compiled loop", "plans/s", plan_compiled, plan_peer, PEER, rounds
        ),
        compare(f"{what}: plan and {TIMES} samples", "moves/s", follow, follow_peer, PEER, rounds),
        compare(f"{what}: sample", "samples/s", sample, sample_peer, PEER, rounds),
    ]
