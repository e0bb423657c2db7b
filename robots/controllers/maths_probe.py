"""Probe: every function of robots.maths on every element, to compare machines bit for bit.

Not a control law. Output element i holds f(x[i]), and atan2(y[i], x[i]). Alone among the
controllers it may write a NaN, which is then the canonical one: that is part of the proof.
"""

from functools import lru_cache

import numpy as np

from robots.controllers.contract import Controller
from robots.kernel import kernel
from robots.maths import atan2, cos, exp, sin, sqrt, tanh

FUNCTIONS = ("sin", "cos", "exp", "tanh", "sqrt", "atan2")


@lru_cache
def controller(n: int = 8) -> Controller:
    """Give the probe for n arguments a tick."""
    vector = (np.float64, (n,))
    return Controller(
        name="maths_probe",
        params=np.dtype([("unused", np.float64)], align=True),
        state=np.dtype([("ticks", np.uint64)], align=True),
        input=np.dtype([("x", *vector), ("y", *vector)], align=True),
        output=np.dtype([(name, *vector) for name in FUNCTIONS], align=True),
        step=step,
    )


def params(robot: object = None, rate_hz: float = 0.0) -> np.ndarray:
    """Give the parameters, shape (1,): nothing, whatever the robot and the rate."""
    return np.zeros(1, controller().params)


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """Evaluate everything once; see the module."""
    for i in range(len(input.x)):
        x, y = input.x[i], input.y[i]
        output.sin[i] = sin(x)
        output.cos[i] = cos(x)
        output.exp[i] = exp(x)
        output.tanh[i] = tanh(x)
        output.sqrt[i] = sqrt(x)
        output.atan2[i] = atan2(y, x)
    state.ticks += np.uint64(1)
