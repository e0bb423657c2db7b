"""Puts firmware on a board with its vendor's tool, and has the board read it back."""

import shlex
import shutil
import subprocess
from pathlib import Path

import hardware
from drivers.errors import DriverError, LinkError, SilentError
from drivers.hostlink import HostLink
from drivers.identity import Identity
from drivers.protocol import State
from drivers.streams import Stream
from drivers.toolchain import Firmware, images
from hardware import Board

_IMAGES = ("elf", "bin", "uf2")
_PROBE_S = 1.0


def commands(firmware: Firmware, port: str | None) -> list[list[str]]:
    """Give what has to be run to flash an image, as argument lists, in order.

    Makes the image in the format that the tool takes, beside the ELF. Raises DriverError for a
    board without a tool, and where the tool needs a port and none is given.
    """
    board = firmware.board
    if board.flash is None:
        known = [name for name in hardware.boards() if hardware.load_board(name).flash]
        raise DriverError(
            f"board {board.name} has no [flash] part, so no tool is known for it; "
            f"boards that have one: {', '.join(known)}"
        )
    values = {}
    for kind in _IMAGES:
        if f"{{{kind}}}" in board.flash.command:
            values[kind] = str(images.write(firmware.elf, board, kind).resolve())
    if "{port}" in board.flash.command:
        if not port:
            raise DriverError(f"{board.flash.tool} needs --port. {board.flash.note}".strip())
        values["port"] = port
    steps: list[list[str]] = [[]]
    for word in shlex.split(board.flash.command):
        if word == "&&":
            steps.append([])
        else:
            steps[-1].append(_filled(word, values))
    return steps


def _filled(word: str, values: dict[str, str]) -> str:
    """Put values into a word of a command. One of several words is a tool's own language."""
    for name, value in values.items():
        if f"{{{name}}}" in word:
            if " " in word and any(char in value for char in " \"'{}[]$;\\"):
                raise DriverError(
                    f"{name} is {value!r}, which the tool would misread; "
                    "give --out a folder without blanks and special characters"
                )
            word = word.replace(f"{{{name}}}", value)
    return word


def as_text(steps: list[list[str]]) -> str:
    """Give commands as one would type them."""
    return " && ".join(shlex.join(step) for step in steps)


def find_tools(board: Board, steps: list[list[str]]) -> None:
    """Raise DriverError, with the remedy, where a program of a command is not installed."""
    for step in steps:
        if shutil.which(step[0]) is None:
            note = f" ({board.flash.note})" if board.flash and board.flash.note else ""
            raise DriverError(
                f"{step[0]} is not installed: install it and put it on PATH; "
                f"docs/boards.md#{board.name} says more{note}"
            )


def run(steps: list[list[str]]) -> None:
    """Run the commands one after the other; what they print goes to stderr.

    Raises DriverError where one fails: those after it are not run.
    """
    for step in steps:
        try:
            status = subprocess.run(step, stdout=2, check=False).returncode
        except OSError as error:
            raise DriverError(f"{step[0]} cannot be run: {error}") from error
        if status:
            raise DriverError(f"{step[0]} ended with status {status}: {shlex.join(step)}")


def serial_of(port: str | None, serial: str | None) -> str | None:
    """Give the serial port to ask the board over: `serial`, or `port` where that can be one.

    What a tool calls its port may be a folder, a card's device, or a machine's name.
    """
    if serial or not port:
        return serial
    path = Path(port)
    if path.is_dir() or path.is_block_device() or (":" in port and "://" not in port):
        return None
    return port


def check_before(firmware: Firmware, stream: Stream, port: str) -> str:
    """Ask who is at the port, and say it in words; a silent one has no firmware of ours yet.

    Raises LinkError, by name, where it is another board, or one whose motors may move.
    """
    link = HostLink(firmware.controller, firmware.board, stream, timeout_s=_PROBE_S)
    try:
        controller, board = link.who()
    except SilentError:
        return "nothing answers yet"
    if board != firmware.board.name:
        raise LinkError(
            f"the board at {port} is {board} (it runs {controller}), not {firmware.board.name}: "
            f"nothing was flashed; give --board {board}, or the port of {firmware.board.name}"
        )
    if link.state in (State.ARMED, State.RUNNING):
        raise LinkError(
            f"{controller} on {board} at {port} is {link.state.name.lower()}: "
            "stop it first; nothing was flashed"
        )
    return f"{controller} on {board}"


def verify(firmware: Firmware, stream: Stream, timeout_s: float = 2.0) -> Identity:
    """Have the board hash what it holds. Raises LinkError where it is not this image."""
    link = HostLink(firmware.controller, firmware.board, stream, timeout_s)
    link.hello()
    return link.verify(firmware.elf)
