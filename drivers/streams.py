"""What carries the host link: bytes both ways, of a serial port or a socket."""

import socket
from typing import Protocol

from drivers.errors import LinkError


class Stream(Protocol):
    """Bytes both ways. `read` gives what has come, at most `size`, b"" after a short while."""

    def read(self, size: int) -> bytes: ...

    def write(self, data: bytes, /) -> object: ...


class SocketStream:
    """A connected socket as a Stream. Raises LinkError where the other end has gone."""

    def __init__(self, connected: socket.socket, timeout_s: float = 0.1) -> None:
        self.socket = connected
        self.socket.settimeout(timeout_s)

    def read(self, size: int) -> bytes:
        try:
            data = self.socket.recv(size)
        except TimeoutError:
            return b""
        except OSError as error:
            raise LinkError(f"the board's port is gone: {error}") from error
        if not data:
            raise LinkError("the board's port is closed")
        return data

    def write(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise LinkError(f"the board's port is gone: {error}") from error
