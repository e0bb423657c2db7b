"""The contract between a controller and everything that runs it.

A controller is four fixed-size structured dtypes and one Numba kernel. The dtype is the
single truth of the memory layout: a NumPy view on the host, a Numba record in the
kernel, a C struct in the firmware.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[Any, Any, Any, Any], None]


@dataclass(frozen=True)
class Controller:
    """A control law to the Params/State/Input/Output contract.

    `step(params, state, input, output)` takes one record of each dtype. It reads `params`
    and `input`, updates `state` and writes every field of `output`. It allocates nothing,
    raises nothing, calls no libm, and never writes a NaN to `output`.
    All-zero bytes are a valid initial `state`.
    """

    name: str
    params: np.dtype
    state: np.dtype
    input: np.dtype
    output: np.dtype
    step: Step

    def instance(self, params: np.ndarray) -> "Instance":
        """Give the memory for one running controller, with a copy of `params`, shape (1,)."""
        return Instance(self, params)


class Instance:
    """One controller with its memory: four arrays of shape (1,), stepped on the host.

    Write `input[0]`, call `step()`, read `output[0]`.
    """

    def __init__(self, controller: Controller, params: np.ndarray) -> None:
        if params.dtype != controller.params or params.shape != (1,):
            raise ValueError(
                f"params has dtype {params.dtype} and shape {params.shape}; "
                f"{controller.name} takes shape (1,) of {controller.params}"
            )
        self.controller = controller
        self.params = params.copy()
        self.state = np.zeros(1, controller.state)
        self.input = np.zeros(1, controller.input)
        self.output = np.zeros(1, controller.output)
        self._records = (self.params[0], self.state[0], self.input[0], self.output[0])

    def step(self) -> None:
        """Run the kernel once on this memory."""
        self.controller.step(*self._records)

    def reset(self) -> None:
        """Zero state, input and output; keep params."""
        for array in (self.state, self.input, self.output):
            array.view(np.uint8)[:] = 0
