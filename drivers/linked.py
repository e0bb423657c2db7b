"""A free-running board in QEMU, commanded over its emulated UART."""

import socket
from types import TracebackType

import numpy as np

from drivers.hostlink import HostLink, SocketStream
from drivers.link import Link
from drivers.mailbox import mailbox_dtype
from drivers.qemu import Machine, find_qemu
from drivers.toolchain import Firmware, build
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

    With `sleep` the board keeps to real time, else a board that waits jumps to when it is due.
    """

    def __init__(self, controller: Controller, board: Board | str, sleep: bool = False) -> None:
        self.controller = controller
        self.board = load_board(board) if isinstance(board, str) else board
        find_qemu(self.board)
        self.firmware: Firmware = build(controller, self.board, runtime="link")
        ours, theirs = _stream_pair()
        self._socket = ours
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
            self.link = HostLink(controller, self.board, SocketStream(ours), timeout_s=10.0)
            self.link.hello()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End QEMU. Safe to call twice."""
        self.machine.close()
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
