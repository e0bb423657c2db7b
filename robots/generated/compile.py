"""How generated modules compile what they hold. Importing this imports Numba."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from robots.generated.vector import LANES, lanes
from robots.kernel import kernel
from robots.maths import sincos

__all__ = ["LANES", "batch", "kernel", "lanes", "np", "sincos"]


def batch(function: Callable[..., Any]) -> Any:
    """Compile a loop over blocks: off the interpreter's lock, cached on disk.

    A generated file's name holds the digest of all that it calls, so its cache is never stale.
    """
    return numba.njit(error_model="numpy", nogil=True, cache=True)(function)
