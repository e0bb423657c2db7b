"""A board as a test sees it, free-running on its own timer under the host link."""

import mmap
import time
from collections.abc import Generator
from typing import Any

import numpy as np

from drivers.difference import first_difference
from drivers.errors import DriverError, LinkError
from drivers.fields import Given, feeder
from drivers.linked import LinkedBoard
from drivers.protocol import State
from drivers.under_test import BoardUnderTest

_PATIENCE_TICKS = 2**31
_SILENCE_S = 30.0


class LinkedUnderTest(BoardUnderTest):
    """As BoardUnderTest, but every `run` and `expect` loads, arms, starts and in the end stops.

    The ticks are the board's first ones since its start, all under one input. Outputs are
    compared with the host's; a fault ends the test and says why. `link` is the host's end.
    """

    runtime = "link"

    @property
    def link(self) -> Any:
        """The host link, for what a test wants to do by itself."""
        return self.emulator.link

    def _ram(self) -> mmap.mmap:
        return self._emulator.machine.ram

    def stack_bytes(self) -> int:
        """The most stack that the firmware can use, or has used where that cannot be told."""
        known = self.firmware.stack_used_bytes
        return int(self.link.status().stack_used or 0) if known is None else known

    def restart(self, params: Any = None) -> None:
        """Take other parameters for the next start, and zero input and counters."""
        emulator, self._emulator = self._emulator, None
        try:
            super().restart(params)
        finally:
            self._emulator = emulator

    def _started(self) -> Any:
        if self.board.emulator is None:
            self._not_run(f"board {self.name} is built for, not run: it has no emulator")
        if self._emulator is None:
            self._emulator = LinkedBoard(self.controller, self.board, firmware=self._running)
        return self._emulator

    def _steps(
        self, ticks: int, input: Given, allow_differing: bool = False
    ) -> Generator[int, None, None]:
        __tracebackhide__ = True
        if callable(input) or (isinstance(input, np.ndarray) and input.shape != (1,)):
            raise DriverError(
                "a free-running board takes inputs when they come; give fields or an array (1,)"
            )
        feeder(self.input, input)
        link = self.link
        self._start(link)
        host = self.controller.instance(self.params)
        host.input[:] = self.input
        try:
            for step in range(ticks):
                output = self._next(link)
                if output.tick != step + 1:
                    raise LinkError(f"the board's output of tick {step} was lost on the way")
                host.step()
                self.output[:], self.host_output[:] = output.output, host.output
                difference = first_difference(output.output, host.output, "output")
                self._took(output.instructions, difference, allow_differing)
                yield step
        finally:
            link.stop()

    def _start(self, link: Any) -> None:
        link.stop()
        if link.state is State.FAULT:
            link.clear()
        link.crash = None
        link.load(self.params)
        # Periods are counted in the timer's ticks, and QEMU's timer may run at another rate.
        rate = self.rate_hz * link.timer_hz / self.board.emulated_timer_hz
        # The board's clock jumps while it waits: a host in real time would seem silent to it.
        link.arm(rate_hz=rate, watchdog_s=_PATIENCE_TICKS / rate, every=1)
        link.send(self.input)
        link.start()

    def _next(self, link: Any) -> Any:
        """Give the next output. Raises AssertionError where the board has stopped instead."""
        __tracebackhide__ = True
        until = time.monotonic() + _SILENCE_S
        while not link.outputs:
            if link.crash is not None:
                raise AssertionError(
                    f"{link.crash.describe(self.firmware.elf)} "
                    f"[{self.controller.name} on {self.name}]"
                )
            if time.monotonic() > until:
                raise LinkError(f"{self.name} reported nothing in {_SILENCE_S:g} s")
            link.poll()
        return link.outputs.popleft()
