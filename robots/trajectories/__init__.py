"""Trajectories: how joints get from one state to another within their limits.

`quintic`, `trapezoid` and `jerk_limited` are kernels of the bit-exact path: a plan record, a
`plan` that fills it and a `sample` that reads it at a time; no state between, nothing allocated.
`moving` plans on the host alone. Every module has a `between` for the host, which checks what it
is given and returns a `Trajectory`; `many` does the same for m moves at once and returns `Moves`.
"""

from robots.trajectories.moves import Moves
from robots.trajectories.trajectory import Motion, Trajectory, rest

__all__ = ["Motion", "Moves", "Trajectory", "rest"]
