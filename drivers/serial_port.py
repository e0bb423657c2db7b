"""A serial port as the host link's stream, through pyserial; or what its URLs lead to."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import serial
from serial.tools import list_ports

from drivers.errors import DriverError, LinkError

_TIMEOUT_S = 0.1


class SerialStream:
    """An open port as a Stream: `read` gives what has come, and waits a short while for more.

    Raises LinkError where the port goes away.
    """

    def __init__(self, port: Any) -> None:
        self.port = port

    def read(self, size: int) -> bytes:
        try:
            return bytes(self.port.read(max(1, min(size, self.port.in_waiting))))
        except OSError as error:  # pyserial's own is one
            raise LinkError(f"the port {self.port.name} is gone: {error}") from error

    def write(self, data: bytes) -> None:
        try:
            self.port.write(data)
        except OSError as error:
            raise LinkError(f"the port {self.port.name} is gone: {error}") from error


@contextmanager
def opened(name: str, baud: int) -> Iterator[SerialStream]:
    """Open a port by its name, such as /dev/ttyUSB0, COM3 or socket://HOST:PORT.

    The lines that reset some boards (DTR, RTS) are left at rest. Raises DriverError, with the
    remedy, for a port that is not there, may not be used, or is in use.
    """
    try:
        port = serial.serial_for_url(name, baud, timeout=_TIMEOUT_S, do_not_open=True)
        if "://" not in name:
            port.exclusive = True
            port.dtr = port.rts = False
        port.open()
    except (OSError, ValueError) as error:
        raise DriverError(_why(name, error)) from error
    try:
        yield SerialStream(port)
    finally:
        port.close()


def _why(name: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EACCES:
        return (
            f"port {name} may not be opened by this user; on Linux: "
            "sudo usermod -aG dialout $USER, then log in again"
        )
    if number == errno.ENOENT:
        there = ", ".join(sorted(port.device for port in list_ports.comports()))
        return f"there is no port {name}; there are: {there or 'none, is the board plugged in?'}"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return f"port {name} is in use by another program; close it there first"
    return f"port {name} cannot be opened: {error}"
