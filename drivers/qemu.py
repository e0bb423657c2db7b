"""One QEMU process whose guest RAM this process shares, and which leaves nothing behind.

The RAM is an anonymous memory file where the system has them, the monitor is a socket pair and
the logs are unlinked files: nothing has a name that could outlive a crash.
"""

import contextlib
import ctypes
import json
import mmap
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from drivers.errors import DriverError
from hardware import Board

_PR_SET_PDEATHSIG = 1


def find_qemu(board: Board) -> str:
    """Give the path of the QEMU that has this board. Raises DriverError with the remedy."""
    if board.emulator is None:
        raise DriverError(f"board {board.name} has no emulator; pick one with an [emulator] part")
    program = shutil.which(board.emulator.program)
    if program is None:
        package = "qemu-user" if board.system == "linux" else "qemu-system-misc"
        remedy = "brew install qemu" if sys.platform == "darwin" else f"apt-get install {package}"
        raise DriverError(f"{board.emulator.program} is not installed: {remedy}")
    return program


class Machine:
    """A running QEMU. `ram` is the guest's memory, mapped into this process.

    `serial` is a socket that becomes the guest's first UART; without it `uart()` has what the
    guest wrote. With `sleep` a guest that waits waits in real time, else its clock jumps. `extra`
    are further arguments, for devices.
    """

    def __init__(
        self,
        board: Board,
        elf: Path,
        serial: socket.socket | None = None,
        sleep: bool = False,
        extra: Sequence[str] = (),
    ) -> None:
        program = find_qemu(board)
        assert board.emulator is not None
        self.ram: mmap.mmap
        self.elf = elf
        with contextlib.ExitStack() as stack:
            memory, path, passed = _shared_memory(board.ram.size, stack)
            chosen = [*_serial(serial), "-icount", f"shift=0,sleep={'on' if sleep else 'off'}"]
            passed += (serial.fileno(),) if serial else ()
            self.ram = mmap.mmap(memory, board.ram.size)
            self._monitor, theirs = socket.socketpair()
            self._monitor.settimeout(20.0)
            self._replies = self._monitor.makefile("rb")
            self._errors, self._uart = _log(), _log()
            self.process = subprocess.Popen(
                [program, *_arguments(board, elf, path, theirs.fileno()), *chosen, *extra],
                stdin=subprocess.DEVNULL,
                stdout=self._uart,
                stderr=self._errors,
                pass_fds=(theirs.fileno(), *passed),
                preexec_fn=_die_with_parent(),
            )
            self._finalizer = weakref.finalize(
                self, _end, self.process, self._monitor, self._replies, self._errors, self._uart
            )
            theirs.close()  # so that QEMU's end is the end of the stream
            # Once it answers it has opened the memory, whose name may go now.
            self._greet()

    def _greet(self) -> None:
        try:
            self.ask("qmp_capabilities")
        except OSError as error:
            # Its death may reach us a moment before its exit status does.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
            status, said = self.exit_status, self.stderr()
            self.close()
            raise DriverError(
                f"QEMU did not start (exit status {status}): {said or error}"
            ) from error
        except BaseException:
            self.close()
            raise

    @property
    def exit_status(self) -> int | None:
        """None while QEMU runs; else its exit status, negative for a signal."""
        return self.process.poll()

    def stderr(self, lines: int = 5) -> str:
        """The last lines QEMU wrote to stderr."""
        return _tail(self._errors, lines)

    def uart(self, lines: int = 20) -> str:
        """The last lines the guest wrote to its UART."""
        return _tail(self._uart, lines)

    def ask(self, command: str, **arguments: Any) -> Any:
        """Run one monitor command (QMP). For diagnosis: the lockstep itself never needs it.

        Raises OSError where QEMU does not answer within 20 s.
        """
        request = {"execute": command, "arguments": arguments}
        self._monitor.sendall(json.dumps(request).encode() + b"\n")
        return self._answer(command)

    def _answer(self, command: str) -> Any:
        for line in self._replies:
            reply = json.loads(line)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise DriverError(f"QEMU refused {command}: {reply['error'].get('desc')}")
        raise ConnectionError("QEMU closed its monitor")

    def give(self, name: str, descriptor: int) -> None:
        """Pass an open file to QEMU, which knows it by `name` from then on."""
        line = json.dumps({"execute": "getfd", "arguments": {"fdname": name}}).encode() + b"\n"
        socket.send_fds(self._monitor, [line], [descriptor])
        self._answer("getfd")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the guest and its clock meanwhile."""
        self.ask("stop")
        try:
            yield
        finally:
            self.ask("cont")

    def reset(self) -> None:
        """Reset the board, as its button does; code and initialised data are loaded again."""
        self.ask("system_reset")

    def close(self) -> None:
        """End QEMU, wait for it and let its memory go. Safe to call twice."""
        self._finalizer()
        with contextlib.suppress(BufferError):  # somebody still looks at it: it goes with them
            self.ram.close()


def _arguments(board: Board, elf: Path, ram: str, monitor: int) -> list[str]:
    spec = board.emulator
    assert spec is not None
    size = board.ram.size
    return [
        "-M", f"{spec.machine},memory-backend=ram",
        *(("-cpu", spec.cpu) if spec.cpu else ()),
        "-object", f"memory-backend-file,id=ram,size={size},mem-path={ram},share=on",
        "-m", f"{size}B", "-smp", str(spec.harts), "-bios", "none",
        "-device", f"loader,file={elf}", "-nodefaults", "-no-user-config", "-display", "none",
        "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control",
    ]  # fmt: skip


def _serial(serial: socket.socket | None) -> list[str]:
    if serial is None:
        return ["-serial", "stdio"]
    return ["-chardev", f"socket,id=uart,fd={serial.fileno()}", "-serial", "chardev:uart"]


def _shared_memory(size: int, stack: contextlib.ExitStack) -> tuple[int, str, tuple[int, ...]]:
    """Make a file for the RAM: its descriptor, QEMU's path to it, descriptors to pass on.

    The descriptor and any name go when `stack` unwinds; mappings keep the memory alive.
    """
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("millhand-ram")
        path = f"/proc/self/fd/{memory}"
        passed: tuple[int, ...] = (memory,)
    else:
        memory, path = tempfile.mkstemp(prefix="millhand-ram-")
        passed = ()
        stack.callback(lambda: Path(path).unlink(missing_ok=True))
    stack.callback(os.close, memory)
    os.ftruncate(memory, size)
    return memory, path, passed


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux, have the kernel kill QEMU when we die, however hard.

    The kernel ties this to the calling thread, so only the main thread asks for it.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _end(process: "subprocess.Popen[bytes]", *files: Any) -> None:
    if process.poll() is None:
        process.kill()  # nothing to save, and nothing that QEMU would have to tidy up
    process.wait()
    for file in files:
        file.close()


def _log() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="millhand-")  # without a name from the start


def _tail(file: IO[bytes], lines: int) -> str:
    # By position: the descriptor's offset is QEMU's too.
    text = os.pread(file.fileno(), 65536, 0).decode(errors="replace")
    return "\n".join(text.strip().splitlines()[-lines:])
