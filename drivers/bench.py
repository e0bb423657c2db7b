"""What the emulated controller costs, beside the same kernel on the host."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from drivers.emulator import Emulator
from hardware import Board
from robots.actuator import Actuator, HostActuator
from robots.controllers.contract import Controller
from robots.kernel import kernel
from robots.timing import Work, compare

TICKS = 5000
CONTROL_HZ = 1000


@kernel
def _nothing(params, state, input, output):  # type: ignore[no-untyped-def]
    pass


_WORD = np.dtype([("word", np.uint64)])
EMPTY = Controller("empty", _WORD, _WORD, _WORD, _WORD, _nothing)
"""A controller that does nothing: its ticks cost the handing over alone."""


def lockstep(
    laws: list[tuple[Controller, np.ndarray, np.ndarray]], board: Board, rounds: int
) -> list[dict[str, Any]]:
    """Lockstep ticks a second of controllers, each with parameters (1,) and inputs (n,).

    The peer is the host alone. Before them empty ticks, in one call and one by one, with all CPUs
    and confined to one; then each law's ticks as times real time of control at CONTROL_HZ, every
    tick compared.
    """
    cases = _empty(board, rounds, f"empty ticks on {board.name}")
    with _one_cpu():
        cases += _empty(board, rounds, f"empty ticks on {board.name}, confined to one CPU")
    for law, params, inputs in laws:
        with Emulator(law, board) as emulator:
            host = HostActuator(law)
            emulator.start(params)
            host.start(params)
            case, peer = f"{law.name} on {board.name}", "the same kernel on the host"
            found = compare(
                case, "ticks/s", _many(emulator, inputs), _run(host, inputs), peer, rounds
            )
        none = {"peer": None, "peer_name": None, "ratio": None}
        times = {"unit": "x real time", "ours": found["ours"] / CONTROL_HZ, **none}
        cases += [found, {**found, **times, "case": f"{case} at {CONTROL_HZ} Hz"}]
    return cases


def episode(emulated: Work, host: Work, rounds: int, board: Board) -> dict[str, Any]:
    """Steps a second of an episode whose controller is a board's; the peer is the host's.

    A function takes an episode's steps and gives how many they were.
    """
    case = f"KitTray episode, controller on {board.name}, every tick compared"
    return compare(case, "steps/s", emulated, host, "the controller on the host", rounds)


def _empty(board: Board, rounds: int, case: str) -> list[dict[str, Any]]:
    with Emulator(EMPTY, board, compare=False) as emulator:
        emulator.start(np.zeros(1, _WORD))
        words = np.zeros(TICKS, _WORD)
        return [
            compare(case, "ticks/s", _many(emulator, words), rounds=rounds),
            compare(f"{case}, one by one", "ticks/s", _run(emulator, words), rounds=rounds),
        ]


@contextmanager
def _one_cpu() -> Iterator[None]:
    """Confine this thread, and what it starts, to one CPU meanwhile, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _many(emulator: Emulator, inputs: np.ndarray) -> Work:
    def work() -> float:
        return len(emulator.run(inputs))

    return work


def _run(actuator: Actuator, inputs: np.ndarray) -> Work:
    def work() -> float:
        for k in range(len(inputs)):
            actuator.input[0] = inputs[k]
            actuator.tick()
        return len(inputs)

    return work
