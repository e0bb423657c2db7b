"""How every kernel of the bit-exact path is compiled."""

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` for the bit-exact path.

    No fastmath and no fused multiply-add, so that every operation is one IEEE 754
    rounding; NumPy's error model, so that a division by zero gives inf and raises nothing;
    cached on disk, so that the second process does not pay for LLVM.
    """
    return numba.njit(error_model="numpy", fastmath=False, cache=True)(function)
