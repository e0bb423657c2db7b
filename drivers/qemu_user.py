"""A firmware that is a Linux program, run under QEMU's user mode with its file shared."""

import contextlib
import mmap
import subprocess
import weakref
from pathlib import Path
from typing import Any

from drivers.errors import DriverError
from drivers.qemu import _die_with_parent, _end, _log, _shared_memory, _tail, find_qemu
from hardware import Board


class UserMachine:
    """A running program. `ram` is the file that it maps, mapped into this process too.

    It has what `drivers.qemu.Machine` has, but for the monitor.
    """

    def __init__(self, board: Board, elf: Path) -> None:
        program = find_qemu(board)
        self.ram: mmap.mmap
        self.elf = elf
        with contextlib.ExitStack() as stack:
            memory, path, passed = _shared_memory(board.ram.size, stack)
            self.ram = mmap.mmap(memory, board.ram.size)
            self._errors, self._uart = _log(), _log()
            self.process = subprocess.Popen(
                [program, str(elf), path],
                stdin=subprocess.DEVNULL,
                stdout=self._uart,
                stderr=self._errors,
                pass_fds=passed,
                preexec_fn=_die_with_parent(),
            )
            self._finalizer = weakref.finalize(self, _end, self.process, self._errors, self._uart)
            # The file's name may go once the program has mapped it, and then it says its banner.
            while not passed and not self.uart() and self.exit_status is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.01)

    @property
    def exit_status(self) -> int | None:
        """None while it runs; else its exit status, negative for a signal."""
        return self.process.poll()

    def stderr(self, lines: int = 5) -> str:
        """The last lines written to stderr."""
        return _tail(self._errors, lines)

    def uart(self, lines: int = 20) -> str:
        """The last lines the program wrote."""
        return _tail(self._uart, lines)

    def ask(self, command: str, **arguments: Any) -> Any:
        """There is no monitor here: raises DriverError."""
        raise DriverError(f"a program has no monitor that could be asked for {command}")

    def close(self) -> None:
        """End the program, wait for it and let its memory go. Safe to call twice."""
        self._finalizer()
        with contextlib.suppress(BufferError):  # somebody still looks at it: it goes with them
            self.ram.close()
