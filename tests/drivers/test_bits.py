"""Every controller gives the host's bits on every board, on sense and on all kinds of nonsense.

Output and state are compared in every bit of every tick. NaNs: which NaN an operation makes is the
machine's choice (x86-64 makes a negative one, RISC-V the canonical positive one), so no controller
may let one arise. It looks at what comes in first, and reckons with numbers only; where it keeps
its inputs as they came, a NaN's bits are copied, the same everywhere. `maths_probe` is made to show
NaNs, and shows the canonical one only. No other output is ever a NaN.

`MILLHAND_BITS_TICKS` says how many ticks run on the board without floating point, where a tick
takes up to a million instructions: `make bits` runs as many there as on the others.
"""

import os

import numpy as np
import pytest
import random_inputs
from driver_controllers import BOARDS

from drivers.emulator import Emulator
from robots import controllers

TICKS = 10_000
SOFT_TICKS = int(os.environ.get("MILLHAND_BITS_TICKS", 150))
CANONICAL = 0x7FF8000000000000


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", controllers.names())
def test_a_board_gives_the_hosts_bits(name, board):
    robot = controllers.robot_for(name)
    law, params = controllers.for_robot(name, robot, 500.0)
    ticks = SOFT_TICKS if "soft" in board else TICKS
    rows = random_inputs.inputs(law, robot, ticks, seed=1)
    outputs = np.zeros(ticks, law.output)
    with Emulator(law, board) as emulator:
        emulator.start(params)
        for k in range(ticks):
            emulator.input[0] = rows[k]
            emulator.tick()
            outputs[k] = emulator.output[0]
        assert emulator.first_difference is None
        assert (emulator.ticks, emulator.ticks_differing) == (ticks, 0)
    for field, values in fields(outputs):
        if name == "maths_probe":
            assert (values[np.isnan(values)].view(np.uint64) == CANONICAL).all()
        elif "." in field:
            # The error that is left of a goal that is none is infinite.
            assert not np.isnan(values).any(), field
        else:
            assert np.isfinite(values).all(), field


def fields(records, prefix=""):
    """Every array of numbers in records, with its name; those of a field's own fields too."""
    for name in records.dtype.names:
        if records[name].dtype.names:
            yield from fields(records[name], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", records[name]
