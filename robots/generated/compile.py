"""How generated modules compile what they hold. Importing this imports Numba."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from robots.generated.vector import LANES, lanes
from robots.kernel import kernel
from robots.maths import canonical, sincos

__all__ = ["LANES", "batch", "kernel", "lanes", "np", "settle1", "settle2", "sincos"]


def batch(function: Callable[..., Any]) -> Any:
    """Compile a loop over blocks: off the interpreter's lock, cached on disk.

    A generated file's name holds the digest of all that it calls, so its cache is never stale.
    """
    return numba.njit(error_model="numpy", nogil=True, cache=True)(function)


@kernel
def settle1(x):  # type: ignore[no-untyped-def]
    """Make every NaN in x (n,) the canonical one: machines differ in the NaN that they make."""
    for i in range(len(x)):
        x[i] = canonical(x[i])


@kernel
def settle2(x):  # type: ignore[no-untyped-def]
    """Make every NaN in x (m, n) the canonical one."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] = canonical(x[i, j])
