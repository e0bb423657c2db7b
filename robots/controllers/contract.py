"""The contract between a controller and everything that runs it.

A controller is four fixed-size structured dtypes and one Numba kernel. The dtype is the
single truth of the memory layout: a NumPy view on the host, a Numba record in the
kernel, a C struct in the firmware.
"""

from collections.abc import Callable
from ctypes import c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np

from robots.errors import RobotError

Step = Callable[[Any, Any, Any, Any], None]


@dataclass(frozen=True)
class Controller:
    """A control law to the Params/State/Input/Output contract.

    `step(params, state, input, output)` takes one record of each dtype. It reads `params`
    and `input`, updates `state` and writes every field of `output`. It allocates nothing,
    raises nothing, calls no libm, and never writes a NaN to `output`.
    All-zero bytes are a valid initial `state`.

    `steps`, where a controller has it, takes arrays (n,) of the four and steps every row. NumPy
    hands an array to a kernel ten times faster than a record, so it serves one row as well.
    """

    name: str
    params: np.dtype
    state: np.dtype
    input: np.dtype
    output: np.dtype
    step: Step
    steps: Step | None = None

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
        self._bind()

    def _bind(self) -> None:
        self._kernel: Callable[..., Any] = self._begin
        arrays = (self.params, self.state, self.input, self.output)
        self._memory: tuple[Any, ...] = tuple(array[0] for array in arrays)

    def step(self) -> None:
        """Run the kernel once on this memory. Raises RobotError where the kernel raised."""
        if self._kernel(*self._memory):
            raise RobotError(f"the kernel of {self.controller.name} raised")

    def _begin(self, *records: Any) -> int | None:
        """Take the first step: find the code, as a C function or else as Numba's."""
        from robots.machine_code import step_of

        arrays = (self.params, self.state, self.input, self.output)
        found, steps = step_of(self.controller), self.controller.steps
        if found is not None:
            self._kernel, self._memory = found, tuple(c_void_p(a.ctypes.data) for a in arrays)
        elif steps is not None:
            self._kernel, self._memory = steps, arrays
        else:
            self._kernel = self.controller.step
        return self._kernel(*self._memory)

    def move(self, params: Any, state: Any, input: Any, output: Any) -> None:
        """Go on in other memory: four arrays (1,), for example rows of longer ones."""
        old = (self.params, self.state, self.input, self.output)
        for mine, other in zip(old, (params, state, input, output), strict=True):
            other[:] = mine
        self.params, self.state, self.input, self.output = params, state, input, output
        self._bind()

    def reset(self) -> None:
        """Zero state, input and output; keep params."""
        for array in (self.state, self.input, self.output):
            array.view(np.uint8)[:] = 0
