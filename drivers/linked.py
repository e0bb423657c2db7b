"""A free-running board in QEMU, commanded over its emulated UART."""

import socket
from types import TracebackType

import numpy as np

from drivers.debugger import Debugger
from drivers.errors import DriverError
from drivers.faults import Stuck, field_address, flip_bit
from drivers.hostlink import HostLink
from drivers.link import Link
from drivers.mailbox import mailbox_dtype
from drivers.qemu import Machine, find_qemu
from drivers.streams import SocketStream
from drivers.toolchain import Firmware, build
from drivers.wire import Wire
from hardware import Board, load_board
from robots.controllers.contract import Controller


def _stream_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets.

    Of TCP: QEMU's SiFive UART writes byte by byte and loses what the socket does not take. A local
    socket pair holds under 300 such writes, TCP joins them.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    for end in (ours, theirs):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


class LinkedBoard:
    """Firmware on its own timer; `link` commands it, `box` shows its memory, shape (1,).

    Faults for tests: `wire` loses, spoils and delays what the host sends (drivers/wire.py),
    and `flip_bit`, `flip_field`, `stick` with `send`, `miss_ticks` and `reset`.

    With `sleep` the board keeps to real time, else a board that waits jumps to when it is due.
    `firmware`, where given, was built before for the same controller and board (runtime `link`).
    """

    def __init__(
        self,
        controller: Controller,
        board: Board | str,
        sleep: bool = False,
        firmware: Firmware | None = None,
    ) -> None:
        self.controller = controller
        self.board = load_board(board) if isinstance(board, str) else board
        find_qemu(self.board)
        self.firmware: Firmware = firmware or build(controller, self.board, runtime="link")
        ours, theirs = _stream_pair()
        self._socket = ours
        self._stuck = Stuck(controller.input)
        self._debugger: Debugger | None = None
        try:
            self.machine = Machine(self.board, self.firmware.elf, theirs, sleep)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        offset = self.board.mailbox.base - self.board.ram.base
        self.box = np.frombuffer(self.machine.ram, mailbox_dtype(controller), 1, offset)
        try:
            Link(controller, self.board, self.machine)  # waits until it has booted
            self.wire = Wire(SocketStream(ours))
            self.link = HostLink(controller, self.board, self.wire, timeout_s=10.0)
            self.link.hello()
        except BaseException:
            self.close()
            raise

    def flip_bit(self, address: int, bit: int) -> None:
        """Turn one bit of RAM over while the board runs."""
        flip_bit(self.machine.ram, self.board, address, bit)

    def flip_field(self, field: str, bit: int, index: int = 0) -> None:
        """Turn a bit over of an element of a mailbox field, such as `params.tau_max`.

        Bit 0 is the least significant.
        """
        address = field_address(self.box, self.board, field, index)
        self.flip_bit(address + bit // 8, bit % 8)

    def stick(self, field: str, value: object) -> None:
        """Hold an input field at a value in everything that `send` sends from now on."""
        self._stuck.hold(field, value)

    def unstick(self) -> None:
        """Let all input fields follow their sensors again."""
        self._stuck.release()

    def send(self, input: np.ndarray) -> int:
        """Send an input as `link.send` does, with what is stuck written over a copy of it."""
        given = input.copy()
        self._stuck.apply(given)
        return self.link.send(given)

    def miss_ticks(self, seconds: float) -> None:
        """Let the board's clock go on by `seconds` in which its core does nothing.

        Raises ValueError for a time that is not positive, DriverError for a board without a CLINT.
        """
        if self.board.timer.kind != "clint":
            raise DriverError(f"{self.board.name} has timer {self.board.timer.kind}, not clint")
        ticks = round(seconds * self.board.emulated_timer_hz)
        if ticks < 1:
            raise ValueError(f"seconds is {seconds:g}; it must be at least one tick of the timer")
        mtime = self.board.timer.base + 0xBFF8
        with self.machine.held():
            self._debugger = self._debugger or Debugger(self.machine)
            now = int.from_bytes(self._debugger.read(mtime, 8), "little")
            self._debugger.write(mtime, (now + ticks).to_bytes(8, "little"))

    def reset(self) -> None:
        """Reset the board in mid-run. It boots idle and obeys nobody before a hello."""
        with self.machine.held():
            self.box["header"]["magic"] = 0
            self.machine.reset()
        Link(self.controller, self.board, self.machine)

    def close(self) -> None:
        """End QEMU. Safe to call twice."""
        self.machine.close()
        if self._debugger:
            self._debugger.close()
        self._socket.close()

    def __enter__(self) -> "LinkedBoard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
