"""The wrist's controller: encoder in, motor voltage out, a PD law within the motor's limits.

A raw word that the encoder cannot give (12 bits) means a broken wire: the motor is off, and stays
off, and `fault` says so.
"""

from functools import lru_cache

import numpy as np

from robots.controllers.contract import Controller
from robots.kernel import kernel
from wrist import encoder

STIFFNESS, DAMPING, VOLTS = 12.0, 0.35, 6.0


@lru_cache
def controller(n: int) -> Controller:
    """Give the controller; there is one wrist, whatever `n`."""
    return Controller(
        name="wrist_servo",
        params=_record(("stiffness", "f8"), ("damping", "f8"), ("volts", "f8"), ("rate", "f8")),
        state=_record(("angle", "f8"), ("turns", "i8"), ("raw", "i8"), ("ticks", "i8"),
                      ("broken", "i8")),
        input=_record(("goal", "f8"), ("raw", "i8")),
        output=_record(("volts", "f8"), ("angle", "f8"), ("fault", "i8")),
        step=step,
    )  # fmt: skip


def _record(*fields: tuple[str, str]) -> np.dtype:
    """Give an aligned dtype: a board reads a field that may lie anywhere byte by byte."""
    return np.dtype(list(fields), align=True)


def size(robot: object) -> int:
    """Give the number of joints, which is the wrist's and not the robot's."""
    return 1


def params(robot: object, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a control rate."""
    record = np.zeros(1, controller(1).params)
    record[0] = (STIFFNESS, DAMPING, VOLTS, rate_hz)
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick."""
    if input.raw < 0 or input.raw >= encoder.COUNTS:
        state.broken = 1
    if state.broken != 0:
        output.volts = 0.0
        output.angle = state.angle
        output.fault = 1
        return
    if state.ticks != 0:
        state.turns = encoder.unwrapped(input.raw, state.raw, state.turns)
    angle = encoder.angle(input.raw, state.turns)
    speed = (angle - state.angle) * params.rate if state.ticks != 0 else 0.0
    volts = params.stiffness * (input.goal - angle) - params.damping * speed
    output.volts = min(max(volts, -params.volts), params.volts)
    output.angle = angle
    output.fault = 0
    state.raw = input.raw
    state.angle = angle
    state.ticks += 1
