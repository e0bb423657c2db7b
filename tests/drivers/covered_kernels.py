"""Kernels with ways that are taken and ways that are not, and their lines as Python runs them."""

import sys
from collections import Counter

import numpy as np

from robots.controllers.contract import Controller
from robots.kernel import kernel


@kernel
def sign(x):
    if x < 0.0:
        return -1.0
    return 1.0


@kernel
def total(values, limit):
    found = 0.0
    for value in values:
        if value > limit:
            continue
        if value < -limit:
            break
        found += value
    return found


@kernel
def step(params, state, input, output):
    state.n += np.uint32(1)
    if input.x > params.k:
        output.y = 1.0
    elif input.x > 0.0:
        output.y = (
            input.x
            * params.k
        )  # fmt: skip
    else:
        output.y = sign(input.x + 0.5)
        output.y += 2.0 if input.x < -1.0 else 3.0
    turns = np.int64(0)
    while turns < 5:
        turns += 1
        if turns > input.turns:
            output.z = 7.0
            return
    output.z = total(input.values, params.k)


controller = Controller(
    name="covered",
    params=np.dtype([("k", np.float64)]),
    state=np.dtype([("n", np.uint32)]),
    input=np.dtype(
        [("x", np.float64), ("turns", np.int64), ("values", np.float64, (4,))], align=True
    ),
    output=np.dtype([("y", np.float64), ("z", np.float64)], align=True),
    step=step,
)


def lines_in_python(params, inputs):
    """How often each line runs when Python itself takes a tick of each input."""
    ran = Counter()

    def trace(frame, event, _):
        if frame.f_code.co_filename != __file__:
            return None
        if event == "line":
            ran[frame.f_lineno] += 1
        return trace

    names = ("sign", "total")
    compiled = {name: globals()[name] for name in names}
    records = [_record(controller.state), _record(controller.output)]
    globals().update({name: one.py_func for name, one in compiled.items()})
    before = sys.gettrace()
    try:
        sys.settrace(trace)
        for given in inputs:
            step.py_func(params.view(np.recarray)[0], records[0], given, records[1])
    finally:
        sys.settrace(before)
        globals().update(compiled)
    return dict(sorted(ran.items()))


def _record(dtype):
    return np.zeros(1, dtype).view(np.recarray)[0]


def random_inputs(rng, count):
    """Inputs that take every way now and then, as records whose fields are attributes."""
    made = np.zeros(count, controller.input)
    made["x"], made["turns"] = rng.normal(0, 2, count), rng.integers(3, 8, count)
    made["values"] = rng.normal(0, 2, (count, 4))
    return made.view(np.recarray)
