"""Runs every elementary function on what it is given: to prove that a board has our bits."""

from functools import lru_cache
from typing import Any

import numpy as np

from robots import maths
from robots.catalogue import Robot
from robots.controllers.contract import Controller
from robots.kernel import kernel


def size(robot: Any = None) -> int:
    """Give how many pairs of numbers it takes a tick, whatever the robot."""
    return 8


@lru_cache
def controller(n: int = 8) -> Controller:
    """Give the probe for n pairs of numbers a tick."""
    vector = (np.float64, (n,))
    names = ("sin", "cos", "exp", "tanh", "sqrt", "atan2")
    return Controller(
        name="maths_probe",
        params=np.dtype([("unused", np.float64)], align=True),
        state=np.dtype([("ticks", np.uint64)], align=True),
        input=np.dtype([("x", *vector), ("y", *vector)], align=True),
        output=np.dtype([(name, *vector) for name in names], align=True),
        step=step,
    )


def params(robot: Robot | None = None, rate_hz: float = 0.0) -> np.ndarray:
    """Give the parameters, shape (1,): there are none."""
    return np.zeros(1, controller().params)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick: each function of each x, and atan2 of each (y, x)."""
    for i in range(len(input.x)):
        x = input.x[i]
        output.sin[i], output.cos[i] = maths.sincos(x)
        output.exp[i] = maths.exp(x)
        output.tanh[i] = maths.tanh(x)
        output.sqrt[i] = maths.sqrt(x)
        output.atan2[i] = maths.atan2(input.y[i], x)
    state.ticks += np.uint64(1)
