"""Kernels generated for each robot: `kernels("panda").rnea` and its like.

An algorithm is written once over expressions (`kinematics`, `dynamics`), run on a robot's tree
to give a graph without constants and zeros (`graph`), written to disk as straight-line Python
(`source`, `cache`), and compiled in two forms: by Numba, for one robot in a loop, with the same
bits on a board; and by `vector`, for batches, a register of states at a time.

Importing this touches no compiler; the first call of a kernel does.
"""

from robots.generated.kernel import Kernel
from robots.generated.robot import Kernels, kernels

__all__ = ["Kernel", "Kernels", "kernels"]
