"""Runs of pytest with our plugin, in the process of a test or in one of their own."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]
_INSTALLED = any(point.value == "millhand_pytest" for point in entry_points(group="pytest11"))
PLUGIN = () if _INSTALLED else ("-p", "millhand_pytest")

LAW = """
import numpy as np

from robots.controllers.contract import Controller
from robots.kernel import kernel


@kernel
def step(params, state, input, output):
    state.n += np.uint32(1)
    state.y += params.k * (input.x - state.y)
    output.y = state.y
    output.pair[0] = state.y
    output.pair[1] = 2.0 * state.y
    output.n = state.n


def controller(n):
    return Controller(
        name="lag",
        params=np.dtype([("k", np.float64)]),
        state=np.dtype([("y", np.float64), ("n", np.uint32)], align=True),
        input=np.dtype([("x", np.float64)]),
        output=np.dtype(
            [("y", np.float64), ("pair", np.float64, (2,)), ("n", np.uint32)], align=True
        ),
        step=step,
    )


def params(robot, rate_hz):
    record = np.zeros(1, controller(1).params)
    record["k"] = 100.0 / rate_hz
    return record
"""
"""A first-order lag: `n` counts ticks, `y` follows `x`, a tenth of the way a tick at 1 kHz."""


def run_apart(*words, cwd, env=None):
    """Run pytest in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *PLUGIN, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **(env or {})},
        check=False,
    )
