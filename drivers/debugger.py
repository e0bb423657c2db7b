"""A held machine's physical memory, device registers included, through QEMU's gdb stub.

Packets: GDB manual, "Remote Protocol"; `Qqemu.PhyMemMode`: QEMU's manual, "GDB usage".
"""

import socket
from typing import Any

from drivers.errors import DriverError
from drivers.qemu import Machine


class Debugger:
    """Writes and reads physical addresses of a machine while it is held (`Machine.held`)."""

    def __init__(self, machine: Machine) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(20.0)
        with theirs:
            machine.give("gdb-socket", theirs.fileno())
            address: dict[str, Any] = {"type": "fd", "data": {"str": "gdb-socket"}}
            backend = {"type": "socket", "data": {"addr": address, "server": False}}
            machine.ask("chardev-add", id="gdb", backend=backend)
        machine.ask("human-monitor-command", **{"command-line": "gdbserver chardev:gdb"})
        self._expect("Qqemu.PhyMemMode:1", "OK")

    def read(self, address: int, size: int) -> bytes:
        """Read memory."""
        return bytes.fromhex(self._send(f"m{address:x},{size:x}"))

    def write(self, address: int, data: bytes) -> None:
        """Write memory."""
        self._expect(f"M{address:x},{len(data):x}:{data.hex()}", "OK")

    def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        self._socket.close()

    def _expect(self, packet: str, wanted: str) -> None:
        said = self._send(packet)
        if said != wanted:
            raise DriverError(f"QEMU's gdb stub answered {said!r} to {packet!r}")

    def _send(self, packet: str) -> str:
        check = sum(packet.encode()) & 0xFF
        self._socket.sendall(f"${packet}#{check:02x}".encode())
        came = b""
        while b"#" not in came or len(came) - came.index(b"#") < 3:
            more = self._socket.recv(4096)
            if not more:
                raise DriverError("QEMU closed its gdb stub")
            came += more
        self._socket.sendall(b"+")
        body = came[came.index(b"$") + 1 : came.index(b"#")].decode()
        return body
