"""A controller that misbehaves on command, at a tick of the test's choice."""

import numpy as np

from drivers.exchange import _load_byte
from drivers.protocol import State
from robots.controllers.contract import Controller
from robots.kernel import kernel

FINE, NAN, BEYOND, FLAGGED, SLOW, ENDLESS, WILD, NAN_ASIDE = range(8)
FLAG = 8


@kernel
def _step(params, state, input, output):
    state.n += np.uint32(1)
    for i in range(2):
        output.tau[i] = params.k * input.q[i]
    output.aside = np.float32(state.n)
    output.flags = np.uint32(1)
    mode = input.mode if state.n == input.at else np.uint32(0)
    if mode == 1:
        output.tau[1] = np.nan
    elif mode == 2:
        output.tau[1] = -2.0 * params.tau_max[1]
    elif mode == 3:
        output.flags = np.uint32(9)
    elif mode == 4:
        word = np.uint64(1)
        for _ in range(params.turns):
            word ^= word << np.uint64(13)
            word ^= word >> np.uint64(7)
            word ^= word << np.uint64(17)
        output.aside = np.float32(word)
    elif mode == 5:
        while input.mode == 5 or params.k == 0.0:
            state.n += np.uint32(1)
    elif mode == 6:
        output.aside = np.float32(_load_byte(np.int64(8)))
    elif mode == 7:
        output.aside = np.float32(np.nan)


_PAIR = (np.float64, (2,))

controller = Controller(
    name="trouble",
    params=np.dtype([("k", np.float64), ("tau_max", *_PAIR), ("turns", np.int64)], align=True),
    state=np.dtype([("n", np.uint32)]),
    input=np.dtype([("q", *_PAIR), ("mode", np.uint32), ("at", np.uint32)], align=True),
    output=np.dtype([("tau", *_PAIR), ("aside", np.float32), ("flags", np.uint32)], align=True),
    step=_step,
)


def params(turns=0):
    """Gains of 1, limits of 10; SLOW takes `turns` turns of a loop."""
    record = np.zeros(1, controller.params)
    record["k"], record["tau_max"], record["turns"] = 1.0, 10.0, turns
    return record


def given(mode=FINE, at=0, q=(1.0, 2.0)):
    """An input that has the controller do `mode` at tick `at`."""
    record = np.zeros(1, controller.input)
    record["q"], record["mode"], record["at"] = q, mode, at
    return record


def calm(link):
    """Have a board that was left in any state idle, with no fault that anybody remembers."""
    link.hello()
    link.stop()
    if link.state is State.FAULT:
        link.clear()
    link.crash = None
