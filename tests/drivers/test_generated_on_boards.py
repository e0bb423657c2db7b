"""Generated kernels' single forms give the host's bits on every board, on sense and on nonsense.

Every output is compared in every bit of every tick. Nothing is looked at before it is reckoned
with: infinities and NaNs, of any sign and payload, go through as IEEE 754 says, and every NaN that
comes out is the canonical one.

`MILLHAND_BITS_TICKS` says how many ticks run on the board without floating point, where one takes
some hundred thousand instructions: `make bits` runs as many there as on the others.
"""

import os

import numpy as np
import pytest
import random_inputs
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots.controllers.contract import Controller
from robots.generated import kernels
from robots.generated.compose import compose

TICKS = 10_000
SOFT_TICKS = int(os.environ.get("MILLHAND_BITS_TICKS", 150))
CANONICAL = 0x7FF8000000000000
PANDA = kernels("panda")
KERNELS = {
    "forward": lambda: PANDA.forward("panda_hand"),
    "jacobian": lambda: PANDA.jacobian("panda_hand"),
    "rnea": lambda: PANDA.rnea,
    "distance": lambda: PANDA.distance(),
}


def controller(name, kernel):
    """Give a controller whose input and output are a kernel's, and which calls its single form."""

    def record(shapes):
        return np.dtype([(field, np.float64, shape) for field, shape in shapes.items()])

    places = [f"input.{field}" for field in kernel.inputs]
    places += [f"output.{field}" for field in kernel.outputs]
    text = f"""from robots.kernel import kernel


@kernel
def step(params, state, input, output):
    state.ticks += 1
    single({", ".join(places)})
"""
    return Controller(
        name=name,
        params=np.dtype([("unused", np.float64)]),
        state=np.dtype([("ticks", np.uint64)]),
        input=record(kernel.inputs),
        output=record(kernel.outputs),
        step=compose(f"{name}_step", text, single=kernel).step,
    )


def rows_of(kernel, law, ticks):
    """Give inputs (ticks,): joints in their range, now and then far out of it; some numbers odd."""
    rng = np.random.default_rng(4)
    rows = np.zeros(ticks, law.input)
    for name, (n,) in kernel.inputs.items():
        if name == "q":
            values = rng.uniform(PANDA.tree.q_min, PANDA.tree.q_max, (ticks, n))
        else:
            values = rng.normal(0.0, {"dq": 2.0, "ddq": 5.0}[name], (ticks, n))
        far = rng.random((ticks, 1)) < 0.1
        values = np.where(far, values * 10.0 ** rng.uniform(-320, 300, (ticks, n)), values)
        # One number in a row that is odd, and now and then many.
        strange = rng.random((ticks, n)) < rng.choice(
            [0.0, 0.1, 0.7], (ticks, 1), p=[0.7, 0.25, 0.05]
        )
        rows[name] = np.where(strange, random_inputs.odd(rng, (ticks, n)), values)
    return rows


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", KERNELS)
def test_a_board_gives_the_hosts_bits(name, board):
    kernel = KERNELS[name]()
    law = controller(name, kernel)
    ticks = SOFT_TICKS if "soft" in board else TICKS
    rows = rows_of(kernel, law, ticks)
    outputs = np.zeros(ticks, law.output)
    with Emulator(law, board) as emulator:
        emulator.start(np.zeros(1, law.params))
        for k in range(ticks):
            emulator.input[0] = rows[k]
            emulator.tick()
            outputs[k] = emulator.output[0]
        assert emulator.first_difference is None
        assert (emulator.ticks, emulator.ticks_differing) == (ticks, 0)
    seen = np.concatenate([outputs[field].reshape(ticks, -1) for field in law.output.names], axis=1)
    nans = np.isnan(seen)
    assert (seen[nans].view(np.uint64) == CANONICAL).all()
    # Nonsense was among it, and did not drown the sense.
    assert 0.02 < nans.any(axis=1).mean() < 0.5
