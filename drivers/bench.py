"""What the emulated controller costs, beside the same kernel on the host."""

from collections.abc import Callable
from typing import Any

import numpy as np

from drivers.emulator import Emulator
from hardware import Board
from robots.actuator import Actuator, HostActuator
from robots.controllers.contract import Controller
from robots.timing import compare

TICKS = 5000


def lockstep(
    laws: list[tuple[Controller, np.ndarray]], board: Board, rounds: int
) -> list[dict[str, Any]]:
    """Lockstep ticks a second of controllers with their parameters; the peer is the host alone."""
    cases = []
    for law, params in laws:
        with Emulator(law, board) as emulator:
            host = HostActuator(law)
            emulator.start(params)
            host.start(params)
            case, peer = f"{law.name} on {board.name}", "the same kernel on the host"
            cases.append(compare(case, "ticks/s", _run(emulator), _run(host), peer, rounds))
    return cases


def _run(actuator: Actuator) -> Callable[[], float]:
    def work() -> float:
        for _ in range(TICKS):
            actuator.tick()
        return TICKS

    return work
