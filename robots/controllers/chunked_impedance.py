"""From a policy's chunks to torques in one tick: player, limiter, impedance with gravity.

Chunks go in as `chunk_player` takes them, a torque (n,) and the gripper's opening come out; the
goal on the way goes through `limited_impedance`, which nothing leaves its limits through. Flags
are those of both.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from robots.catalogue import Robot
from robots.controllers import chunk_player, limited_impedance
from robots.controllers.contract import Controller
from robots.kernel import kernel


@lru_cache
def controller(n: int, rows: int = chunk_player.ROWS, kept: int = chunk_player.KEPT) -> Controller:
    """Give the player and limited impedance control for n joints; sizes as in `chunk_player`."""
    vector = (np.float64, (n,))
    player, law = chunk_player.controller(n, rows, kept), limited_impedance.controller(n)
    return Controller(
        name="chunked_impedance",
        params=np.dtype([("player", player.params), ("law", law.params)], align=True),
        state=np.dtype(
            [
                ("player", player.state),
                ("law", law.state),
                ("player_out", player.output),
                ("law_in", law.input),
                ("law_out", law.output),
            ],
            align=True,
        ),
        input=np.dtype([("player", player.input), ("dq", *vector)], align=True),
        output=np.dtype(
            [
                ("tau", *vector),
                ("q_goal", *vector),
                ("q_ref", *vector),
                ("dq_ref", *vector),
                ("gripper", np.float64),
                ("time", np.float64),
                ("flags", np.uint32),
            ],
            align=True,
        ),
        step=step,
    )


def params(robot: Robot, rate_hz: float, **chunks: Any) -> np.ndarray:
    """Give the parameters, shape (1,), at `rate_hz`; `chunks` as in `chunk_player.params`."""
    sizes = {key: chunks[key] for key in ("rows", "kept") if key in chunks}
    record = np.zeros(1, controller(len(robot.home), **sizes).params)
    record["player"] = chunk_player.params(robot, rate_hz, **chunks)
    record["law"] = limited_impedance.params(robot, rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    chunk_player.step(params.player, state.player, input.player, state.player_out)
    n = len(output.tau)
    for i in range(n):
        state.law_in.q[i], state.law_in.dq[i] = input.player.q[i], input.dq[i]
        state.law_in.q_goal[i] = state.player_out.q_goal[i]
    limited_impedance.step(params.law, state.law, state.law_in, state.law_out)
    for i in range(n):
        output.tau[i] = state.law_out.tau[i]
        output.q_goal[i] = state.player_out.q_goal[i]
        output.q_ref[i], output.dq_ref[i] = state.law_out.q_ref[i], state.law_out.dq_ref[i]
    output.gripper, output.time = state.player_out.gripper, state.player_out.time
    output.flags = state.player_out.flags | state.law_out.flags
