"""An emulated board in lockstep with the host: the same kernel, compared bit by bit."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import NoReturn

import numpy as np

from drivers import exchange
from drivers.counts import Counts
from drivers.errors import EmulatorError
from drivers.faults import Stuck, field_address, flip_bit
from drivers.link import HANG_S, Link
from drivers.mailbox import Command, Fault, Status
from drivers.plan import Plan
from drivers.qemu import Machine, find_qemu
from drivers.qemu_user import UserMachine
from drivers.snapshots import Snapshot, Snapshots
from drivers.toolchain import Firmware, build
from hardware import Board, load_board
from robots.actuator import Entry
from robots.controllers.contract import Controller
from robots.machine_code import address_of

_AT_ONCE = 1000
"""Ticks in one call, between which an interrupt gets through."""


class Emulator(Counts):
    """Runs a controller as firmware in QEMU, one step a tick (the Actuator protocol).

    With `compare` every tick also runs the host's kernel on the same input, each side on a
    state of its own, and compares output and state in every bit. A difference is counted, and
    the ticking goes on with the board's output.

    `input` and `output` have shape (1,). Counted since `start`: `ticks`, `ticks_differing`,
    `instructions` (the kernel's; `last_instructions` of the latest tick) and `wall_s` in ticks;
    `first_difference` is text or None.

    Faults for tests: `flip_bit`, `flip_field`, `stick`, `miss_ticks` (counted in `ticks_missed`)
    and `reset`. `snapshot` keeps a board in mid-run, `restore` brings it back.

    Raises ToolchainError where the kernel cannot be built, DriverError where QEMU is missing,
    and EmulatorError where the board stops working; QEMU is then gone, the counts remain.
    `firmware`, where given, was built before for the same controller and board; `extra` are
    further arguments for QEMU.
    Make it in a thread that lives as long as it does.
    """

    def __init__(
        self,
        controller: Controller,
        board: Board | str,
        compare: bool = True,
        firmware: Firmware | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        self.controller = controller
        self.board = load_board(board) if isinstance(board, str) else board
        self.compare = compare
        find_qemu(self.board)
        self.firmware: Firmware = firmware or build(controller, self.board)
        self.input = np.zeros(1, controller.input)
        self.output = np.zeros(1, controller.output)
        self._host = controller.instance(np.zeros(1, controller.params))
        law = address_of(controller) if compare else 0
        self._steps_apart = compare and not law
        self._plan = Plan(controller, self._host, law, compare)
        self._plan.place(self.input, self.output)
        self._stuck = Stuck(controller.input)
        self._snapshots: Snapshots | None = None
        self._machine: Machine | UserMachine = (
            UserMachine(self.board, self.firmware.elf)
            if self.board.system == "linux"
            else Machine(self.board, self.firmware.elf, extra=extra)
        )
        self._link: Link | None = None
        try:
            self._link = Link(controller, self.board, self._machine)
            self._plan.join(self._link, self._machine.process.pid)
        except BaseException:
            self.close()
            raise

    def start(self, params: np.ndarray) -> None:
        """Load `params`, shape (1,), zero the state on both sides, and the counters."""
        if params.dtype != self.controller.params or params.shape != (1,):
            raise ValueError(
                f"params has dtype {params.dtype} and shape {params.shape}; "
                f"{self.controller.name} takes shape (1,) of {self.controller.params}"
            )
        link = self._linked()
        self._host.params[:] = params
        self._host.reset()
        self._plan.zero()
        for array in (self.input, self.output):
            array.view(np.uint8)[:] = 0
        link.box["params"] = params
        self._guarded(Command.LOAD)

    def tick(self) -> None:
        """Take one control step: read `input`, write `output`."""
        self._linked()
        if self._steps_apart:
            self._step_apart()
        verdict = self._plan.tick()
        if verdict != exchange.OK:
            self._fail(verdict)

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Take a step for each of `inputs` (n,), in one call; give the outputs (n,).

        As that many ticks: `input` and `output` are those of the last. Raises ValueError for
        another dtype or shape.
        """
        if inputs.dtype != self.controller.input or inputs.ndim != 1:
            raise ValueError(
                f"inputs have dtype {inputs.dtype} and shape {inputs.shape}; "
                f"{self.controller.name} takes shape (n,) of {self.controller.input}"
            )
        self._linked()
        inputs, outputs = np.ascontiguousarray(inputs), np.zeros(len(inputs), self.output.dtype)
        if self._steps_apart:
            for k in range(len(inputs)):
                self.input[:] = inputs[k]
                self.tick()
                outputs[k] = self.output[0]
            return outputs
        for k in range(0, len(inputs), _AT_ONCE):
            verdict = self._plan.run(inputs[k : k + _AT_ONCE], outputs[k : k + _AT_ONCE])
            if verdict != exchange.OK:
                self._fail(verdict)
        return outputs

    @property
    def entry(self) -> Entry | None:
        """Its tick for compiled code; None where the host's kernel has to be run by Python."""
        address, plan = exchange.code().address, self._plan.address
        return None if self._steps_apart else Entry(address, plan, 0)

    def move(self, input: np.ndarray, output: np.ndarray) -> None:
        """Go on with `input` and `output` in other memory, arrays (1,)."""
        input[:], output[:] = self.input, self.output
        self.input, self.output = input, output
        self._plan.place(input, output)

    def failed(self) -> NoReturn:
        """Say what went wrong in a tick that compiled code took. Raises EmulatorError."""
        self._linked()
        self._fail(self._plan["verdict"])

    def _fail(self, verdict: int) -> NoReturn:
        """Say what went wrong in a tick; broken in the middle, the two sides cannot go on."""
        link, name = self._linked(), self.controller.name
        try:
            if verdict == exchange.RAISED:
                raise EmulatorError(f"the kernel of {name} raised on the host")
            if verdict == exchange.LATE:
                link.check_alive("step", time.monotonic() - HANG_S)
            link.check_ready()
            raise EmulatorError(f"{name} answered a step it could not take")
        finally:
            self.close()

    def _step_apart(self) -> None:
        """Run the host's kernel, which is no C function, before the board's tick."""
        if not self._plan["missing"]:
            self._stuck.apply(self.input)
            self._host.input[:] = self.input
            self._host.step()

    def free_run(self, rate_hz: float | None = None, watchdog_s: float | None = None) -> None:
        """Let the board step by its own timer until the next command; nothing is compared.

        `rate_hz` and `watchdog_s` (simulated time without a `beat`) default to the board's.
        """
        link = self._linked()
        rate = self.board.rate_hz if rate_hz is None else rate_hz
        watchdog = self.board.watchdog_s if watchdog_s is None else watchdog_s
        hz = self.board.emulated_timer_hz
        period, patience = hz / rate, hz * watchdog
        if not (1 <= period < 2**32 and 1 <= patience < 2**32):
            raise ValueError(
                f"rate_hz {rate:g} with watchdog_s {watchdog:g} does not fit a timer of {hz} Hz"
            )
        link.header["period"], link.header["watchdog"] = round(period), round(patience)
        self._guarded(Command.RUN)

    def beat(self) -> None:
        """Tell a free-running board that the host is alive."""
        link = self._linked()
        link.header["heartbeat"] = (int(link.header["heartbeat"]) + 1) & 0xFFFF_FFFF

    def health(self) -> tuple[Status, Fault, int]:
        """What the firmware is doing, why it stopped, and the ticks it has taken."""
        header = self._linked().header
        return Status(header["status"]), Fault(header["fault"]), int(header["ticks"])

    def board_output(self) -> np.ndarray:
        """A copy of the output as it is on the board now, shape (1,)."""
        return self._linked().box["output"].copy()

    @property
    def host_output(self) -> np.ndarray:
        """The host's output of the latest tick that was compared, shape (1,)."""
        return self._host.output

    def doze_at_once(self) -> None:
        """Have the board doze whenever it waits: slower, but its waiting is not all it does."""
        self._linked().header["looks"] = 1

    def flip_bit(self, address: int, bit: int) -> None:
        """Turn one bit of the board's RAM over; the host's side keeps what it has."""
        flip_bit(self._bare().ram, self.board, address, bit)

    def flip_field(self, field: str, bit: int, index: int = 0) -> None:
        """Turn a bit over of an element of a mailbox field, such as `state.n`."""
        address = field_address(self._linked().box, self.board, field, index)
        self.flip_bit(address + bit // 8, bit % 8)

    def stick(self, field: str, value: object) -> None:
        """Hold an input field at a value, on both sides, from the next tick on."""
        self._stuck.hold(field, value)
        self._plan.hold(self._stuck)

    def unstick(self) -> None:
        """Let all input fields follow their sensors again."""
        self._stuck.release()
        self._plan.hold(self._stuck)

    def miss_ticks(self, count: int) -> None:
        """Let the next `count` ticks pass by the board: the output stays as it was."""
        if count < 0:
            raise ValueError(f"count is {count}; it must be 0 or more")
        self._plan["missing"] = count

    def reset(self) -> None:
        """Reset the board in mid-run: the output is zero, and ticks need a `start` before them."""
        link, machine = self._linked(), self._bare()
        try:
            with machine.held():
                link.header["magic"] = 0
                machine.reset()
            link.boot()
        except BaseException:
            self.close()
            raise
        link.header["command"] = Command.STEP
        link.header["status"] = Status.BOOT  # the firmware steps only where it is ready
        self.output.view(np.uint8)[:] = 0
        self._plan["missing"] = 0

    def snapshot(self) -> Snapshot:
        """Keep the board and the host's side as they are between two ticks.

        A snapshot is of this emulator, and gone with it. Raises DriverError where QEMU refuses.
        """
        link, machine = self._linked(), self._bare()
        # QEMU 7.2 does not keep when the CLINT is due to wake a sleeper, so nobody may sleep.
        link.header["looks"] = 0xFFFF_FFFF
        self._guarded(Command.STACK)
        with machine.held():
            self._snapshots = self._snapshots or Snapshots(machine)
            name = self._snapshots.save()
            link.set_patience()
        counts = {name: self._plan[name] for name in ("sequence", *exchange.COUNTS)}
        areas = [area.copy() for area in self._areas()]
        return Snapshot(name, counts, self.first_difference, areas)

    def restore(self, snapshot: Snapshot) -> None:
        """Bring back all that a snapshot kept; the ticks after it give the same bits again.

        Raises ValueError for a snapshot of another emulator.
        """
        link, machine = self._linked(), self._bare()
        if self._snapshots is None or snapshot.name not in self._snapshots.names:
            raise ValueError(f"snapshot {snapshot.name} is not of this emulator")
        try:
            with machine.held():
                self._snapshots.load(snapshot.name)
                link.set_patience()
        except BaseException:
            self.close()
            raise
        for name, value in snapshot.counts.items():
            self._plan[name] = value
        self._plan.first_difference = snapshot.first_difference
        for area, kept in zip(self._areas(), snapshot.areas, strict=True):
            area[:] = kept

    def _areas(self) -> list[np.ndarray]:
        host = self._host
        return [self.input, self.output, host.params, host.state, host.input, host.output]

    def stack_used(self) -> int:
        """Bytes of stack that the firmware has used at most since it booted."""
        self._guarded(Command.STACK)
        return int(self._linked().header["stack_used"])

    def close(self) -> None:
        """End QEMU and release the shared memory. Safe to call twice."""
        self._link = None
        self._plan.part()
        self._machine.close()

    def __enter__(self) -> "Emulator":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _bare(self) -> Machine:
        self._linked()
        if not isinstance(self._machine, Machine):
            raise EmulatorError(f"{self.board.name} has no machine of its own to reach into")
        return self._machine

    def _linked(self) -> Link:
        if self._link is None:
            raise EmulatorError(f"the emulator of {self.controller.name} is closed")
        return self._link

    def _guarded(self, command: Command) -> None:
        link = self._linked()
        try:
            link.command(command)
            if command is Command.LOAD:
                link.check_ready()
        except BaseException:
            self.close()
            raise
