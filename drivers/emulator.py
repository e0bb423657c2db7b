"""An emulated board in lockstep with the host: the same kernel, compared bit by bit."""

import os
import time
from typing import Any

import numpy as np

from drivers import exchange
from drivers.errors import DriverError, EmulatorError
from drivers.mailbox import MAGIC, Command, Fault, Status, layout_hash, mailbox_dtype
from drivers.qemu import Machine, find_qemu
from drivers.toolchain import Firmware, build
from hardware import Board, load_board
from robots.controllers.contract import Controller

_HANG_S = 20.0
_AREAS = ("output", "state")


class Emulator:
    """Runs a controller as firmware in QEMU, one step per tick (the Actuator protocol).

    With `compare` every tick also runs the host's kernel on the same input, each side on a
    state of its own, and compares output and state in every bit.

    Attributes: `input` and `output`, structured arrays of shape (1,); `firmware`; the counts
    `ticks`, `ticks_differing` and `instructions` (the kernel's, over all ticks);
    `last_instructions` of the latest tick; `first_difference`, text or None; `wall_s` spent in
    ticks. Raises ToolchainError, DriverError where QEMU is missing, and EmulatorError where the
    emulated board stops working.
    """

    def __init__(self, controller: Controller, board: Board | str, compare: bool = True) -> None:
        self.controller = controller
        self.board = load_board(board) if isinstance(board, str) else board
        self.compare = compare
        find_qemu(self.board)
        self.firmware: Firmware = build(controller, self.board)
        self.input = np.zeros(1, controller.input)
        self.output = np.zeros(1, controller.output)
        self._host = controller.instance(np.zeros(1, controller.params))
        self._zero_counters()
        self._sequence = 0
        self._alone = _cpus() == 1
        self._machine: Machine | None = Machine(self.board, self.firmware.elf)
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _zero_counters(self) -> None:
        self.ticks = 0
        self.ticks_differing = 0
        self.first_difference: str | None = None
        self.instructions = 0
        self.last_instructions = 0
        self.wall_s = 0.0

    @property
    def instructions_per_tick(self) -> float:
        """Mean instructions of the kernel a tick; NaN before the first."""
        return self.instructions / self.ticks if self.ticks else float("nan")

    @property
    def ticks_per_second(self) -> float:
        """Ticks per second of wall time spent in ticks; NaN before the first."""
        return self.ticks / self.wall_s if self.wall_s else float("nan")

    def start(self, params: np.ndarray) -> None:
        """Load `params`, shape (1,), zero the state on both sides, and the counters."""
        if params.dtype != self.controller.params or params.shape != (1,):
            raise ValueError(
                f"params has dtype {params.dtype} and shape {params.shape}; "
                f"{self.controller.name} takes shape (1,) of {self.controller.params}"
            )
        self._running()
        self._host.params[:] = params
        self._host.reset()
        self._zero_counters()
        self.input.view(np.uint8)[:] = 0
        self.output.view(np.uint8)[:] = 0
        self._box["params"].view(np.uint8)[:] = params.view(np.uint8)
        self._command(Command.LOAD)

    def tick(self) -> None:
        """Take one control step: read `input`, write `output`."""
        if self._machine is None:
            self._running()
        began = time.perf_counter()
        self._sequence = sequence = (self._sequence + 1) & 0xFFFF_FFFF
        exchange.send(self._plan, sequence)
        if self.compare:
            self._host_input[:] = self.input
            self._host.step()
        verdict = exchange.receive(self._plan, sequence, self._looks, self.compare)
        if verdict != exchange.EQUAL:
            verdict = self._settle(verdict, sequence)
        self.last_instructions = instructions = int(self._instructions[0])
        self.instructions += instructions
        if verdict == exchange.DIFFERENT:
            self.ticks_differing += 1
            self.first_difference = self.first_difference or self._describe_difference()
        self.ticks += 1
        self.wall_s += time.perf_counter() - began

    def stack_used(self) -> int:
        """Bytes of stack that the firmware has used at most, since it booted."""
        self._running()
        self._command(Command.STACK)
        used = int(self._header["stack_used"])
        self._header["command"] = Command.STEP
        return used

    def close(self) -> None:
        """End QEMU and release the shared memory. Safe to call twice."""
        if self._machine is not None:
            self._machine.close()
            self._machine = None

    def __enter__(self) -> "Emulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> Machine:
        if self._machine is None:
            raise EmulatorError(f"the emulator of {self.controller.name} is closed")
        return self._machine

    def _attach(self) -> None:
        """Map the mailbox, wait for the firmware, and see that it is the one we mean."""
        offset = self.board.mailbox.base - self.board.ram.base
        kind = mailbox_dtype(self.controller)
        self._box = np.frombuffer(self._running().ram, kind, 1, offset)
        self._header: Any = self._box["header"][0]
        self._wait(lambda: self._header["magic"] == MAGIC, "boot")
        expected, found = layout_hash(self.controller), int(self._header["layout"])
        if found != expected:
            raise EmulatorError(
                f"the firmware's mailbox layout is {found:#018x}; "
                f"{self.controller.name} needs {expected:#018x}: rebuild it"
            )
        self._header["looks"] = 50 if self._alone else 3000
        self._header["doze"] = 1
        self._looks = 1 if self._alone else 3000
        self._instructions = self._box["header"]["instructions"]
        self._host_input = self._host.input
        self._plan = self._make_plan()

    def _make_plan(self) -> np.ndarray:
        box, header = self._box, self._box["header"]
        places = {
            "request": header["request"],
            "reply": header["reply"],
            "status": header["status"],
            "guest_input": box["input"],
            "guest_output": box["output"],
            "guest_state": box["state"],
            "input": self.input,
            "output": self.output,
            "host_output": self._host.output,
            "host_state": self._host.state,
        }
        values = {name: array.ctypes.data for name, array in places.items()}
        for area in ("input", "output", "state"):
            values[f"{area}_size"] = getattr(self.controller, area).itemsize
        return np.array([values[name] for name in exchange.PLAN], np.int64)

    def _command(self, command: Command) -> None:
        """Have the firmware do one command, and leave it ready for steps."""
        self._header["command"] = command
        self._sequence = sequence = (self._sequence + 1) & 0xFFFF_FFFF
        self._header["request"] = sequence
        self._wait(lambda: self._header["reply"] == sequence, command.name)
        self._check_status()
        self._header["command"] = Command.STEP

    def _settle(self, verdict: int, sequence: int) -> int:
        """Wait for a reply that has not come yet, giving the CPU away."""
        if verdict == exchange.WAITING:

            def received() -> bool:
                nonlocal verdict
                verdict = exchange.receive(self._plan, sequence, self._looks, self.compare)
                return verdict != exchange.WAITING

            self._wait(received, "step")
        if verdict == exchange.NOT_READY:
            self._check_status()
        return verdict

    def _wait(self, done: Any, what: str) -> None:
        """Give the CPU away until `done()`. The time limit is a guard against a hang only."""
        turns, began = 0, time.monotonic()
        while not done():
            os.sched_yield()
            turns += 1
            if turns % 256 == 0:
                self._check_alive(what, began)

    def _check_alive(self, what: str, began: float) -> None:
        machine = self._running()
        status = machine.exit_status
        if status is not None:
            said = machine.stderr()
            raise EmulatorError(
                f"QEMU exited with status {status} at tick {self.ticks} ({what})"
                + (f": {said}" if said else "")
            )
        if self._header["status"] == Status.FAULT:
            self._check_status()
        if time.monotonic() - began > _HANG_S:
            try:
                state = machine.ask("query-status").get("status")
            except (OSError, DriverError) as error:
                state = str(error)
            raise EmulatorError(
                f"no answer from the firmware in {_HANG_S:g} s at tick {self.ticks} ({what}); "
                f"QEMU says: {state}; UART: {machine.uart(1)!r}"
            )

    def _check_status(self) -> None:
        header = self._header
        status = int(header["status"])
        if status == Status.READY:
            return
        fault = int(header["fault"])
        where = f"at tick {self.ticks} on {self.board.name}"
        if status == Status.FAULT and fault == Fault.TRAP:
            raise EmulatorError(
                f"{self.controller.name} crashed {where}: mcause {int(header['mcause']):#x}, "
                f"mepc {int(header['mepc']):#x}, mtval {int(header['mtval']):#x}"
            )
        names = {int(fault): fault.name for fault in Fault}
        raise EmulatorError(
            f"the firmware of {self.controller.name} is not ready {where}: "
            f"status {status}, fault {names.get(fault, fault)}"
        )

    def _describe_difference(self) -> str:
        """Name the first differing field, with both sides' bits."""
        guest = {"output": self.output, "state": self._box["state"]}
        host = {"output": self._host.output, "state": self._host.state}
        for area in _AREAS:
            found = first_difference(guest[area], host[area], area)
            if found:
                return f"tick {self.ticks}: {found}"
        return f"tick {self.ticks}: padding bytes"


def first_difference(guest: np.ndarray, host: np.ndarray, name: str) -> str | None:
    """Name the first field in which two structured arrays differ in any bit, or None."""
    if guest.dtype.names:
        for field in guest.dtype.names:
            found = first_difference(guest[field], host[field], f"{name}.{field}")
            if found:
                return found
        return None
    one, other = np.ascontiguousarray(guest).ravel(), np.ascontiguousarray(host).ravel()
    width = one.dtype.itemsize
    for i in range(one.size):
        here, there = one[i : i + 1].tobytes(), other[i : i + 1].tobytes()
        if here != there:
            place = f"{name}[{i}]" if one.size > 1 else name
            bits = f"0x{here[::-1].hex():0>{2 * width}} and 0x{there[::-1].hex():0>{2 * width}}"
            return f"{place} is {one[i]} on the board, {other[i]} on the host (bits {bits})"
    return None


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
