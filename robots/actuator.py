"""The small protocol that simulation, emulation and hardware share.

An actuator runs a controller somewhere: on the host, as firmware in an emulator, on a board.
"""

from typing import Protocol

import numpy as np

from robots.controllers.contract import Controller


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
    def memory(self) -> tuple[np.ndarray, ...]:
        """The controller's params, state, input and output, each an array (1,)."""
        one = self._instance
        return one.params, one.state, one.input, one.output

    def move(self, *memory: np.ndarray) -> None:
        """Go on in other memory: params, state, input and output, arrays (1,)."""
        self._instance.move(*memory)
        self.input, self.output = self._instance.input, self._instance.output

    def close(self) -> None:
        pass
