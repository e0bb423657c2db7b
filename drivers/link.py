"""The host's end of a mailbox: commands, waiting with bounds, and what went wrong."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from drivers.crash import crash_of
from drivers.errors import DriverError, EmulatorError
from drivers.mailbox import MAGIC, VERSION, Command, Fault, Status, layout_hash, mailbox_dtype
from drivers.qemu import Machine
from drivers.qemu_user import UserMachine
from hardware import Board
from robots.controllers.contract import Controller

HANG_S = 20.0
# A dozing guest wakes after this much of its own time. Near nothing, and the moment would be
# over before the guest sleeps; it would then never give the CPU away.
_DOZE_S = 1e-5
_GUEST_LOOKS = 3000
_GUEST_LOOKS_ALONE = 20
_NAP_S = 20e-6


class Link:
    """Talks to the firmware of one controller in one machine.

    `box` is the mailbox, shape (1,) of its dtype, shared with the firmware; `header` its
    header record. Raises EmulatorError where the firmware is not the one expected.
    """

    def __init__(
        self, controller: Controller, board: Board, machine: Machine | UserMachine
    ) -> None:
        self.controller, self.board, self.machine = controller, board, machine
        offset = board.mailbox.base - board.ram.base
        self.box = np.frombuffer(machine.ram, mailbox_dtype(controller), 1, offset)
        self.header: Any = self.box["header"][0]
        self.numbers = np.zeros(1, np.int64)
        """The number of the latest request."""
        self.boot()

    def boot(self) -> None:
        """Wait until the firmware has booted and check that it is the one expected."""
        self.wait(lambda: self.header["magic"] == MAGIC, "boot")
        self._check_layout()
        self.set_patience()

    def set_patience(self) -> None:
        """Say how long the firmware looks for a request before it dozes, and how long it dozes."""
        self.header["looks"] = _GUEST_LOOKS_ALONE if cpus() == 1 else _GUEST_LOOKS
        self.header["doze"] = max(1, round(_DOZE_S * self.board.emulated_timer_hz))

    def _check_layout(self) -> None:
        expected, found = layout_hash(self.controller), int(self.header["layout"])
        if (self.header["version"], found) != (VERSION, expected):
            raise EmulatorError(
                f"the firmware's mailbox is version {self.header['version']}, layout "
                f"{found:#018x}; {self.controller.name} needs version {VERSION}, layout "
                f"{expected:#018x}: build it from the same dtypes"
            )

    def _next_number(self) -> int:
        """Give the number of the next request. It is never 0, which the firmware starts from."""
        self.numbers[0] = self.numbers[0] % 0xFFFF_FFFF + 1
        return int(self.numbers[0])

    def command(self, command: Command) -> None:
        """Have the firmware do one command, and leave the mailbox ready for steps."""
        self.header["command"] = command
        sequence = self._next_number()
        self.header["request"] = sequence
        self.wait(lambda: self.header["reply"] == sequence, command.name.lower())
        self.header["command"] = Command.STEP

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Sleep until `done()`. The time limit is only a guard against a hang."""
        turns, began = 0, time.monotonic()
        while not done():
            time.sleep(_NAP_S)
            turns += 1
            if turns % 256 == 0:
                self.check_alive(what, began)

    def check_alive(self, what: str, began: float) -> None:
        """Raise EmulatorError where the firmware failed, QEMU is gone, or `began` is long ago."""
        if self.header["status"] == Status.FAULT:
            self.check_ready()
        status = self.machine.exit_status
        if status is not None:
            said = self.machine.stderr()
            raise EmulatorError(
                f"QEMU exited with status {status} at tick {self.header['ticks']} ({what})"
                + (f": {said}" if said else "")
            )
        if time.monotonic() - began > HANG_S:
            try:
                state = self.machine.ask("query-status").get("status")
            except (OSError, DriverError) as error:
                state = str(error)
            raise EmulatorError(
                f"no answer from the firmware in {HANG_S:g} s at tick {self.header['ticks']} "
                f"({what}); QEMU says: {state}; UART: {self.machine.uart(1)!r}"
            )

    def check_ready(self) -> None:
        """Raise EmulatorError, with the crash record, unless the firmware is ready."""
        header = self.header
        status, fault = int(header["status"]), int(header["fault"])
        if status == Status.READY:
            return
        name, where = self.controller.name, f"at tick {header['ticks']} on {self.board.name}"
        if status != Status.FAULT:
            raise EmulatorError(f"the firmware of {name} is not ready {where}: status {status}")
        if fault == Fault.TRAP:
            crash = crash_of(header, int(header["ticks"]), self.board.xlen == 64)
            raise EmulatorError(
                f"{name} crashed {where}, {crash.place(self.machine.elf)}: "
                f"mcause {int(header['mcause']):#x}, "
                f"mepc {int(header['mepc']):#x}, mtval {int(header['mtval']):#x}"
            )
        reasons: dict[int, str] = {
            Fault.KERNEL: f"the kernel raised (status {int(header['mtval'])})",
            Fault.STACK: f"the stack of {self.board.stack_size} bytes overflowed",
            Fault.HOST_LOST: "the host gave no sign of life in time; the output is zero",
            Fault.COMMAND: "it was given a command it does not know",
        }
        raise EmulatorError(f"{name} stopped {where}: {reasons.get(fault, f'fault {fault}')}")


def cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
