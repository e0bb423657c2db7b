"""The host's end of the host link: commands a free-running board over any byte stream.

A serial port (`serial.Serial(port, baud, timeout=0.1)`) is such a stream, and so is QEMU's UART
behind a socket (drivers/streams.py). Both sides begin with a hello; a board that runs another
controller, other dtypes or is another board is refused by name.
"""

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivers import protocol
from drivers.crash import Crash, crash_of
from drivers.errors import LinkError, SilentError
from drivers.frames import DATA_MAX, Decoder, Frame, encode
from drivers.guard import FAULT_FLAGS, check_limits
from drivers.guard import limits as limits_of
from drivers.identity import Identity, identity_of
from drivers.mailbox import Fault, layout_hash
from drivers.protocol import Message, Result, State
from drivers.streams import Stream
from hardware import Board
from robots.controllers.contract import Controller

_PIECE = DATA_MAX - 4
_TRIES = 3


@dataclass(frozen=True)
class Output:
    """An output that the board reported, shape (1,), and the input (its sequence) it came from."""

    tick: int
    instructions: int
    input_sequence: int
    output: np.ndarray


@dataclass(frozen=True)
class LinkStatus:
    """A board's counts; see drivers/protocol.py. `stack_used` is None while it is running."""

    state: State
    fault: Fault
    ticks: int
    instructions: int
    stack_used: int | None
    lost: int
    bad: int
    stale: int
    dropped: int


class HostLink:
    """Talks to the firmware of one controller on one board.

    `outputs` fills with what the board reports, `crash` is its last fault. Every request is
    repeated when no reply comes within `timeout_s`, three times in all. Raises LinkError.
    """

    def __init__(
        self, controller: Controller, board: Board, stream: Stream, timeout_s: float = 2.0
    ) -> None:
        self.controller, self.board, self.timeout_s = controller, board, timeout_s
        self.outputs: deque[Output] = deque(maxlen=100_000)
        self.crash: Crash | None = None
        self.state, self.fault = State.BOOT, Fault.NONE
        self.timer_hz = board.timer_hz
        self.sequence = 0
        self._stream, self._decoder = stream, Decoder()
        self._replies: deque[Frame] = deque()
        self._params: np.ndarray | None = None

    @property
    def console(self) -> str:
        """What came between the frames: the board's words to a person."""
        return bytes(self._decoder.noise).decode(errors="replace")

    @property
    def bad_frames(self) -> int:
        """How often something between two zeros was no frame; console text counts."""
        return self._decoder.bad

    def hello(self) -> None:
        """Say who is wanted. Raises LinkError by name where the board is somebody else."""
        result, theirs, data = self._greet()
        if result is not Result.OK:
            raise LinkError(self._refusal(result, theirs))
        sizes = np.frombuffer(data, protocol.SIZES, 1, protocol.HELLO.itemsize)[0]
        self.timer_hz = int(sizes["timer_hz"])

    def who(self) -> tuple[str, str]:
        """Ask who is at the port, whoever it is: the names of its controller and its board."""
        _, theirs, _ = self._greet()
        return protocol.unpack_name(theirs["controller"]), protocol.unpack_name(theirs["board"])

    def _greet(self) -> tuple[Result, np.void, bytes]:
        own = np.zeros(1, protocol.HELLO)
        own["version"], own["layout"] = protocol.VERSION, layout_hash(self.controller)
        own["controller"] = protocol.pack_name(self.controller.name)
        own["board"] = protocol.pack_name(self.board.name)
        result, data = self._ask(Message.HELLO, own.tobytes())
        return result, np.frombuffer(data, protocol.HELLO, 1)[0], data

    def _refusal(self, result: Result, theirs: np.void) -> str:
        name = protocol.unpack_name(theirs["controller"])
        board = protocol.unpack_name(theirs["board"])
        wanted = f"{self.controller.name} on {self.board.name}"
        if result is Result.VERSION:
            return (
                f"the board at the port speaks version {theirs['version']} of the host link; "
                f"this host speaks {protocol.VERSION}: build and flash it again"
            )
        if result is Result.LAYOUT:
            return (
                f"{name} on {board} has layout {int(theirs['layout']):#018x}; this host's "
                f"{self.controller.name} has {layout_hash(self.controller):#018x}: build it from "
                "the same dtypes"
            )
        return f"the board at the port is {name} on {board}, not {wanted}"

    def identity(self) -> Identity:
        """Have the board hash the code in its memory (refused while armed or running)."""
        own = np.frombuffer(self._do(Message.IDENTITY), protocol.IDENTITY, 1)[0]
        return Identity(int(own["size"]), bytes(own["sha256"]).hex())

    def verify(self, elf: Path | bytes) -> Identity:
        """Have the board read its code back. Raises LinkError where it is not this image's."""
        wanted, found = identity_of(elf), self.identity()
        if found != wanted:
            raise LinkError(
                f"{self.board.name} holds {found.size} bytes of code with SHA-256 "
                f"{found.sha256[:16]}..., the image has {wanted.size} bytes with "
                f"{wanted.sha256[:16]}...: flash it again"
            )
        return found

    def load(self, params: np.ndarray) -> None:
        """Send the parameters, shape (1,) of the controller's dtype."""
        if params.dtype != self.controller.params or params.shape != (1,):
            raise LinkError(
                f"params has dtype {params.dtype} and shape {params.shape}; "
                f"{self.controller.name} takes shape (1,) of {self.controller.params}"
            )
        for piece in _pieces(params.tobytes()):
            self._do(Message.LOAD, piece)
        self._params = params.copy()

    def arm(
        self,
        rate_hz: float | None = None,
        watchdog_s: float | None = None,
        limits: np.ndarray | None = None,
        fault_flags: int = FAULT_FLAGS,
        every: int = 1,
    ) -> None:
        """Make ready to run. `rate_hz` and `watchdog_s` default to the board's.

        `limits` of the motor commands default to the params' `tau_max`; an output flag in
        `fault_flags` is a violation as well. Each `every`-th output is reported; 0: none.
        """
        rate = self.board.rate_hz if rate_hz is None else rate_hz
        watchdog = self.board.watchdog_s if watchdog_s is None else watchdog_s
        if limits is None:
            params = self._params
            if params is None:
                raise LinkError("no parameters have been loaded: call load first")
            limits = limits_of(self.controller, params)
        asked = np.zeros(1, protocol.ARM)
        period, patience = self.timer_hz / rate, watchdog * rate
        if not (1 <= period < 2**32 and 1 <= patience < 2**32):
            raise LinkError(
                f"rate_hz {rate:g} with watchdog_s {watchdog:g} does not fit a timer of "
                f"{self.timer_hz} Hz: both have to be from 1 to 2**32 - 1 of its ticks and ours"
            )
        asked["period"], asked["watchdog"] = round(period), round(patience)
        asked["flags"], asked["every"] = fault_flags, every
        checked = check_limits(self.controller, limits)
        self._do(Message.ARM, asked.tobytes() + checked.tobytes())
        self.outputs.clear()

    def start(self) -> None:
        """Let the controller run; an input must have been sent since `arm`."""
        self._do(Message.START)

    def send(self, input: np.ndarray) -> int:
        """Send an input, shape (1,), for the next tick; give the last frame's sequence."""
        if input.dtype != self.controller.input or input.shape != (1,):
            raise LinkError(
                f"input has dtype {input.dtype} and shape {input.shape}; "
                f"{self.controller.name} takes shape (1,) of {self.controller.input}"
            )
        for piece in _pieces(input.tobytes()):
            self._write(Message.INPUT, piece)
        return self.sequence

    def stop(self) -> None:
        """Stop the motors. A fault stays until `clear`."""
        self._do(Message.STOP)

    def clear(self) -> None:
        """Clear a fault; parameters have to be loaded again. Refused after a stack overflow."""
        self._do(Message.CLEAR)

    def status(self) -> LinkStatus:
        """Ask how the board is; a word to it, so its watchdog is fed."""
        own = np.frombuffer(self._do(Message.STATUS), protocol.STATUS, 1)[0]
        counts = {name: int(own[name]) for name in protocol.STATUS.names or ()}
        used = counts.pop("stack_used")
        stack = None if used == 0xFFFF_FFFF else used
        return LinkStatus(self.state, self.fault, stack_used=stack, **counts)

    def report(self) -> Crash:
        """Ask for the record of the last fault."""
        return self._crash(self._do(Message.REPORT))

    def poll(self) -> None:
        """Take what has come, waiting no longer than the stream's `read` does."""
        for frame in self._decoder.feed(self._stream.read(65536)):
            if frame.type == Message.OUTPUT:
                self._take_output(frame)
            elif frame.type == Message.FAULT:
                self.crash = self._crash(frame.data)
                self.state, self.fault = State.FAULT, self.crash.fault
            else:
                self._replies.append(frame)

    def _take_output(self, frame: Frame) -> None:
        size = protocol.OUTPUT_HEAD.itemsize
        if len(frame.data) != size + self.controller.output.itemsize:
            raise LinkError(f"an output of {len(frame.data)} bytes: {self.controller.name} differs")
        head = np.frombuffer(frame.data, protocol.OUTPUT_HEAD, 1)[0]
        output = np.frombuffer(frame.data, self.controller.output, 1, size)
        self.state = State(int(head["state"]))
        self.outputs.append(
            Output(int(head["tick"]), int(head["instructions"]), int(head["input"]), output)
        )

    def _crash(self, data: bytes) -> Crash:
        record = np.frombuffer(data, protocol.CRASH, 1)[0]
        return crash_of(record, int(record["tick"]), self.board.xlen == 64)

    def _write(self, message: Message, data: bytes) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self._stream.write(encode(Frame(message, self.sequence, data)))

    def _do(self, message: Message, data: bytes = b"") -> bytes:
        result, answer = self._ask(message, data)
        if result is not Result.OK:
            raise LinkError(self._why_not(message, result))
        return answer

    def _why_not(self, message: Message, result: Result) -> str:
        who = f"{self.controller.name} on {self.board.name} refuses {message.name.lower()}"
        reasons = {
            Result.NO_HELLO: "it has not been greeted since it booted: say hello first",
            Result.STATE: f"it is {self.state.name.lower()} (fault: {self.fault.name.lower()})",
            Result.SIZE: "the message is too long, too short or out of order",
            Result.VALUE: "a value is out of range",
            Result.NO_INPUT: "no input has come since it was armed",
        }
        return f"{who}: {reasons.get(result, result.name.lower())}"

    def _ask(self, message: Message, data: bytes = b"") -> tuple[Result, bytes]:
        """Send a request and give its reply's result and data."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        wire = encode(Frame(message, self.sequence, data))
        wanted = message | protocol.REPLY
        for _ in range(_TRIES):
            self._stream.write(wire)
            until = time.monotonic() + self.timeout_s
            while time.monotonic() < until:
                self.poll()
                while self._replies:
                    frame = self._replies.popleft()
                    if (frame.type, frame.sequence) == (wanted, self.sequence):
                        return self._open(frame)
        raise SilentError(
            f"no answer to {message.name.lower()} from {self.board.name} in {_TRIES} times "
            f"{self.timeout_s:g} s; the port said: {self.console[-80:]!r}"
        )

    def _open(self, frame: Frame) -> tuple[Result, bytes]:
        size = protocol.REPLY_HEAD.itemsize
        head = np.frombuffer(frame.data[:size], protocol.REPLY_HEAD, 1)[0]
        self.state, self.fault = State(int(head["state"])), Fault(int(head["fault"]))
        return Result(int(head["result"])), frame.data[size:]


def _pieces(data: bytes) -> list[bytes]:
    """Cut an area into what INPUT and LOAD carry: `offset u32`, then bytes."""
    return [
        offset.to_bytes(4, "little") + data[offset : offset + _PIECE]
        for offset in range(0, len(data), _PIECE)
    ]
