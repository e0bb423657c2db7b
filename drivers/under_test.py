"""A board as a test sees it: run so many ticks, expect this within so many, keep this budget."""

import mmap
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from types import TracebackType
from typing import Any, NoReturn

import numpy as np

from drivers.budgets import Budget, hold, identity, sizes
from drivers.errors import DriverError
from drivers.expectation import Condition, Expectation
from drivers.fields import Given, assign, feeder
from drivers.lines import Lines, kernel_lines
from drivers.toolchain import Firmware, build
from drivers.toolchain.emit import compile_counted
from hardware import Board
from robots.controllers.contract import Controller

Params = np.ndarray | Mapping[str, Any] | None


def refuse(reason: str) -> NoReturn:
    """Raise DriverError: the board cannot run."""
    raise DriverError(reason)


class BoardUnderTest:
    """A controller as firmware on a board, in lockstep with the same kernel on the host.

    `input` and `output` are arrays (1,) of the controller's dtypes; `board`, `firmware` and
    `params` what it was made of. QEMU starts at the first tick, so that a board without an
    emulator can still be held to its budget; a tick on such a board calls `not_run`.
    Counted: `ticks`, `ticks_differing`, `first_difference`, `instructions_max` (of one tick).

    With `counted` what runs counts its lines (`lines`) and so takes more instructions, which are
    then nobody's budget; sizes and stack are still those of the plain `firmware`.
    """

    runtime = "lockstep"

    def __init__(
        self,
        controller: Controller,
        params: np.ndarray,
        board: Board,
        rate_hz: float,
        not_run: Callable[[str], NoReturn] = refuse,
        counted: bool = False,
    ) -> None:
        self.controller, self.params, self.board, self.rate_hz = controller, params, board, rate_hz
        self.firmware: Firmware = build(controller, board, runtime=self.runtime)
        self.counted = counted and board.system == "bare" and board.emulator is not None
        self._running = self.firmware
        if self.counted:
            step = compile_counted(controller, board)
            self._running = build(controller, board, step=step, runtime=self.runtime)
        self.input = np.zeros(1, controller.input)
        self.output = np.zeros(1, controller.output)
        self.host_output = np.zeros(1, controller.output)
        self.ticks = self.ticks_differing = 0
        self.first_difference: str | None = None
        self.instructions = self.instructions_max = 0
        self._not_run = not_run
        self._emulator: Any = None

    @property
    def name(self) -> str:
        """The board's name."""
        return self.board.name

    @property
    def emulator(self) -> Any:
        """What runs the board, started: an Emulator, or a LinkedBoard."""
        return self._started()

    @property
    def instructions_per_tick(self) -> float:
        """Mean instructions of the kernel a tick; NaN before the first."""
        return self.instructions / self.ticks if self.instructions else float("nan")

    def run(self, ticks: int, input: Given = None, allow_differing: bool = False) -> None:
        """Take so many ticks, each compared with the host's in every bit of output and state.

        `input`: see drivers/fields.py `feeder`; without it `self.input` stays as it is. Raises
        AssertionError at the first difference, unless differences are allowed: they are counted.
        """
        __tracebackhide__ = True
        for _ in self._steps(_count(ticks, "ticks"), input, allow_differing):
            pass

    def expect(
        self,
        condition: Condition,
        value: Any = None,
        *,
        within: int,
        input: Given = None,
        tolerance: float = 0.0,
    ) -> int:
        """Tick until a condition holds, `within` ticks at most; give how many it took.

        `condition` is a field of the output (`"tau[2]"`) that shall be `value` (all its elements,
        give or take `tolerance`) or for which the function `value` shall be true; or a function
        of the output, shape (1,). It is looked at after each tick. Raises AssertionError, which
        says tick, field, and the host's and the board's values.
        """
        __tracebackhide__ = True
        wanted = Expectation(condition, value, tolerance)
        with closing(self._steps(_count(within, "within"), input)) as steps:
            for step in steps:
                if wanted.holds(self.output):
                    return step + 1
        raise AssertionError(self._said(wanted.failed(within, self.output, self.host_output)))

    def expect_always(
        self,
        condition: Condition,
        value: Any = None,
        *,
        during: int,
        input: Given = None,
        tolerance: float = 0.0,
    ) -> None:
        """Take `during` ticks, after each of which a condition has to hold; see `expect`."""
        __tracebackhide__ = True
        wanted = Expectation(condition, value, tolerance)
        with closing(self._steps(_count(during, "during"), input)) as steps:
            for _ in steps:
                if not wanted.holds(self.output):
                    raise AssertionError(self._said(wanted.broken(self.output, self.host_output)))

    def restart(self, params: Params = None) -> None:
        """Load parameters anew (given ones replace the old), zero state, input and counters."""
        if isinstance(params, np.ndarray):
            self.params = params
        elif params is not None:
            self.params = self.params.copy()
            assign(self.params, params)
        if self._emulator is not None:
            self._emulator.start(self.params)
        for array in (self.input, self.output, self.host_output):
            array.view(np.uint8)[:] = 0
        self.ticks = self.ticks_differing = self.instructions = self.instructions_max = 0
        self.first_difference = None

    def assert_instructions_per_tick(self, max: Budget) -> None:
        """Hold the longest tick so far to a budget of the kernel's instructions."""
        __tracebackhide__ = True
        if self.counted:
            return
        if not self.ticks:
            raise AssertionError(f"no tick has been taken on {self.name} yet: run some first")
        if not self.instructions_max:
            raise AssertionError(f"{self.name} does not count instructions")
        hold(self.firmware, "instructions in a tick", self.instructions_max, max)

    def assert_stack(self, max: Budget) -> None:
        """Hold the stack to a budget in bytes: the worst case read off the machine code, or what
        has been used so far where code calls through a pointer.
        """
        __tracebackhide__ = True
        hold(self.firmware, "bytes of stack", self.stack_bytes(), max)

    def assert_size(
        self,
        text: Budget | None = None,
        ram: Budget | None = None,
        flash: Budget | None = None,
    ) -> None:
        """Hold the firmware to budgets in bytes: code and constants, all RAM, all flash."""
        __tracebackhide__ = True
        firmware = self.firmware
        asked = (
            ("bytes of code and constants (text)", firmware.text_bytes, text),
            ("bytes of RAM", firmware.ram_bytes, ram),
            ("bytes of flash", firmware.flash_bytes, flash),
        )
        for what, found, budget in asked:
            if budget is not None:
                hold(firmware, what, found, budget)

    def stack_bytes(self) -> int:
        """The most stack that the firmware can use, or has used where that cannot be told."""
        known = self.firmware.stack_used_bytes
        return int(self._started().stack_used()) if known is None else known

    def lines(self) -> Lines:
        """How often each line of the kernels has run since the board booted, by file and number.

        Empty where they are not counted, before the first tick, and once the board has died.
        """
        if not self.counted or self._emulator is None:
            return {}
        try:
            return kernel_lines(self._running, self._ram())
        except ValueError:  # the memory is closed
            return {}

    def _ram(self) -> mmap.mmap:
        return self._emulator._machine.ram

    def figures(self) -> dict[str, str | int | float]:
        """What a report says of this board: who it is, what it cost."""
        ran = {"ticks": self.ticks, "ticks_differing": self.ticks_differing}
        cost: dict[str, int | float] = {}
        if self.ticks and self.instructions_max:
            cost["instructions_per_tick"] = round(self.instructions_per_tick, 1)
            cost["instructions_per_tick_max"] = self.instructions_max
        return {**identity(self.firmware), **ran, **cost, **sizes(self.firmware)}

    def close(self) -> None:
        """End QEMU. Safe to call twice."""
        if self._emulator is not None:
            self._emulator.close()

    def __enter__(self) -> "BoardUnderTest":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _started(self) -> Any:
        """Give the running emulator; starts it first."""
        if self.board.emulator is None:
            self._not_run(f"board {self.name} is built for, not run: it has no emulator")
        if self._emulator is None:
            from drivers.emulator import Emulator

            self._emulator = Emulator(self.controller, self.board, firmware=self._running)
            self._emulator.start(self.params)
        return self._emulator

    def _steps(
        self, ticks: int, input: Given, allow_differing: bool = False
    ) -> Generator[int, None, None]:
        """Take one tick after another, giving each one's number from 0 after it was taken."""
        __tracebackhide__ = True
        emulator = self._started()
        feed = feeder(self.input, input)
        for tick in range(ticks):
            feed(tick)
            emulator.input[:] = self.input
            emulator.tick()
            self.output[:] = emulator.output
            self.host_output[:] = emulator.host_output
            differs = emulator.first_difference
            different = emulator.ticks_differing > self.ticks_differing
            self._took(emulator.last_instructions, differs if different else None, allow_differing)
            yield tick

    def _took(self, instructions: int, difference: str | None, allow_differing: bool) -> None:
        """Count a tick. Raises AssertionError for a difference that is not allowed."""
        __tracebackhide__ = True
        self.ticks += 1
        if not self.counted:
            self.instructions += instructions
            self.instructions_max = max(self.instructions_max, instructions)
        if difference is not None:
            self.ticks_differing += 1
            self.first_difference = self.first_difference or difference
            if not allow_differing:
                raise AssertionError(self._said(f"board and host differ: {difference}"))

    def _said(self, text: str) -> str:
        """Put where it happened behind what did; ticks count from 0."""
        return f"{text} [tick {self.ticks - 1}, {self.controller.name} on {self.name}]"


def _count(ticks: int, what: str) -> int:
    if not isinstance(ticks, int | np.integer) or ticks < 1:
        raise DriverError(f"{what} is {ticks!r}; it must be a whole number of ticks, at least 1")
    return int(ticks)
