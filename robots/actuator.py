"""The small protocol that simulation, emulation and hardware share.

An actuator runs a controller somewhere: on the host, as firmware in an emulator, on a board.
"""

from dataclasses import dataclass
from typing import NoReturn, Protocol, runtime_checkable

import numpy as np

from robots.controllers.contract import Controller
from robots.errors import RobotError
from robots.machine_code import address_of


class Actuator(Protocol):
    """Runs one controller. `input` and `output` are structured arrays of shape (1,)."""

    controller: Controller
    input: np.ndarray
    output: np.ndarray

    def start(self, params: np.ndarray) -> None:
        """Load `params`, shape (1,), and zero the controller's state."""

    def tick(self) -> None:
        """Take one control step: read `input`, write `output`."""

    def close(self) -> None:
        """Release what the actuator holds. Safe to call twice."""


@dataclass(frozen=True)
class Entry:
    """An actuator's tick as compiled code calls it.

    `address` is of `int32_t tick(void *params, void *state, const void *input, void *output)`,
    which gives 0 where it went well; `params` and `state` are the addresses to give it.
    """

    address: int
    params: int
    state: int


@runtime_checkable
class CompiledActuator(Actuator, Protocol):
    """An actuator whose ticks a compiled loop can take."""

    @property
    def entry(self) -> Entry | None:
        """Its tick, which stays where it is; None where it has none after all."""

    def move(self, input: np.ndarray, output: np.ndarray) -> None:
        """Go on with `input` and `output` in other memory, arrays (1,)."""

    def failed(self) -> NoReturn:
        """Raise what was wrong with a tick that did not go well."""


class HostActuator:
    """Runs the controller's kernel in this process."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self._instance = controller.instance(np.zeros(1, controller.params))
        self.input = self._instance.input
        self.output = self._instance.output

    def start(self, params: np.ndarray) -> None:
        if params.dtype != self.controller.params or params.shape != (1,):
            raise ValueError(
                f"params has dtype {params.dtype} and shape {params.shape}; "
                f"{self.controller.name} takes shape (1,) of {self.controller.params}"
            )
        self._instance.params[:] = params
        self._instance.reset()

    def tick(self) -> None:
        self._instance.step()

    @property
    def entry(self) -> Entry | None:
        """See CompiledActuator."""
        address, one = address_of(self.controller), self._instance
        return Entry(address, one.params.ctypes.data, one.state.ctypes.data) if address else None

    def move(self, input: np.ndarray, output: np.ndarray) -> None:
        """See CompiledActuator."""
        one = self._instance
        one.move(one.params, one.state, input, output)
        self.input, self.output = input, output

    def failed(self) -> NoReturn:
        """See CompiledActuator."""
        raise RobotError(f"the kernel of {self.controller.name} raised")

    def close(self) -> None:
        pass
