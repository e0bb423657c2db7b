"""Planning and sampling give the same bits on every board, on sense and nonsense."""

import numpy as np
import pytest
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots import maths
from robots.controllers.contract import Controller
from robots.kernel import kernel
from robots.trajectories import jerk_limited, quintic, trapezoid

N = 2
ODD = np.array([0.0, -0.0, 5e-324, -1e-310, 1e-200, 1e99, -1e300, np.inf, -np.inf, np.nan])
ODD = np.append(ODD, np.array([0xFFF8000000000123, 0x7FF0000000000001], np.uint64).view(np.float64))
STATE = ("q_start", "dq_start", "ddq_start", "q_goal", "dq_goal", "ddq_goal")
LIMITS = ("dq_max", "ddq_max", "dddq_max")


@kernel
def _step(params, state, input, output):
    output.cbrt = maths.cbrt(input.q_goal[0])
    jerk_limited.plan(
        input.q_start, input.q_goal, input.dq_max, input.ddq_max, input.dddq_max, state.jerk_limited
    )
    trapezoid.plan(input.q_start, input.q_goal, input.dq_max, input.ddq_max, state.trapezoid)
    quintic.plan(
        input.q_start,
        input.dq_start,
        input.ddq_start,
        input.q_goal,
        input.dq_goal,
        input.ddq_goal,
        input.duration,
        state.quintic,
    )
    output.shortest = quintic.shortest(
        input.q_start, input.q_goal, input.dq_max, input.ddq_max, input.dddq_max
    )
    share = input.share
    output.duration = state.jerk_limited.duration
    jerk_limited.sample(
        state.jerk_limited, share * output.duration, output.q[0], output.dq[0], output.ddq[0]
    )
    trapezoid.sample(
        state.trapezoid, share * output.duration, output.q[1], output.dq[1], output.ddq[1]
    )
    quintic.sample(state.quintic, share * input.duration, output.q[2], output.dq[2], output.ddq[2])


def _probe():
    vector = (np.float64, (N,))
    kinds = {"jerk_limited": jerk_limited, "trapezoid": trapezoid, "quintic": quintic}
    numbers = [(name, np.float64) for name in ("duration", "shortest", "cbrt")]
    return Controller(
        "trajectories",
        np.dtype([("unused", np.uint8)]),
        np.dtype([(name, kind.plan_dtype(N)) for name, kind in kinds.items()], align=True),
        np.dtype(
            [*((name, *vector) for name in STATE + LIMITS), *numbers[:1], ("share", np.float64)],
            align=True,
        ),
        np.dtype(
            [*((name, np.float64, (3, N)) for name in ("q", "dq", "ddq")), *numbers], align=True
        ),
        _step,
    )


def _inputs(dtype, ticks):
    """Random moves, every eighth with one odd number in it."""
    rng = np.random.default_rng(21)
    rows = np.zeros(ticks, dtype)
    for name in STATE:
        rows[name] = rng.normal(0, 2, (ticks, N))
    near = rng.choice([-1, 1], (ticks, N)) * 10 ** rng.uniform(-9, 1, (ticks, N))
    rows["q_goal"][::3] = (rows["q_start"] + near)[::3]
    for name in LIMITS:
        rows[name] = 10 ** rng.uniform(-2, 3, (ticks, N))
    rows["duration"], rows["share"] = 10 ** rng.uniform(-2, 2, ticks), rng.uniform(-0.1, 1.1, ticks)
    for i in range(7, ticks, 8):
        rows[rng.choice([*STATE, *LIMITS])][i, rng.integers(N)] = rng.choice(ODD)
    for i in range(49, ticks, 50):
        rows[rng.choice(["duration", "share"])][i] = rng.choice(ODD)
    return rows


@pytest.mark.parametrize("board", BOARDS)
def test_every_kind_plans_and_samples_with_the_hosts_bits(board):
    probe, moves = _probe(), 0
    with Emulator(probe, board) as emulator:
        emulator.start(np.zeros(1, probe.params))
        for row in _inputs(probe.input, 10_000):
            emulator.input[0] = row
            emulator.tick()
            for name in ("q", "dq", "ddq"):
                assert np.isfinite(emulator.output[name]).all(), (name, row)
            moves += emulator.output["duration"][0] > 0.0
        assert emulator.first_difference is None and emulator.ticks_differing == 0
        assert emulator.ticks == 10_000 and moves > 8_500
