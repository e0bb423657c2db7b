"""Boards as data: one TOML file each, checked against a schema and against sense."""

import difflib
import functools
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from hardware.board import Board, Device, EmulatorSpec, Memory
from hardware.errors import BoardError
from hardware.isa import parse_isa, valid_abis

__all__ = ["Board", "BoardError", "Device", "EmulatorSpec", "Memory", "boards", "load_board"]

_DEVICE_SPAN = {"ns16550a": 0x100, "clint": 0x10000}


def boards() -> list[str]:
    """Names of the boards that come with Millhand."""
    folder = resources.files(__name__) / "boards"
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def load_board(name_or_path: str | Path) -> Board:
    """Load a board by name, or from a TOML file of your own.

    Raises BoardError for an unknown name (with the nearest known one), an unreadable file,
    and every value that makes no sense, by the value's name.
    """
    if str(name_or_path).endswith(".toml"):
        path = Path(name_or_path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BoardError(f"board file {str(path)!r} cannot be read: {error}") from error
        return _parse(text, str(path))
    name, known = str(name_or_path), boards()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f", did you mean {near[0]!r}?" if near else "."
        raise BoardError(
            f"unknown board {name!r}{hint} Known: {', '.join(known)}, or a path to a .toml file"
        )
    text = (resources.files(__name__) / "boards" / f"{name}.toml").read_text(encoding="utf-8")
    board = _parse(text, f"{name}.toml")
    if board.name != name:
        raise BoardError(f"{name}.toml: name is {board.name!r}; it must be the file's, {name!r}")
    return board


@functools.cache
def _validator() -> Any:
    text = (resources.files(__name__) / "board.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


def _parse(text: str, source: str) -> Board:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{source}: not TOML: {error}") from error
    problem = next(iter(sorted(_validator().iter_errors(data), key=lambda e: e.json_path)), None)
    if problem is not None:
        raise BoardError(f"{source}: {_describe(problem)}")
    try:
        board = _build(data)
        _check(board)
    except BoardError as error:
        raise BoardError(f"{source}: {error}") from None
    return board


def _describe(problem: Any) -> str:
    """Say what is wrong with a value, its name first."""
    name = problem.json_path.removeprefix("$").removeprefix(".") or "the file"
    limits = {
        "minimum": "at least {}",
        "exclusiveMinimum": "more than {}",
        "maximum": "at most {}",
        "multipleOf": "a multiple of {}",
        "pattern": "text like {}",
        "type": "of type {}",
        "const": "{}",
    }
    limit = problem.validator_value
    if problem.validator == "enum":
        return f"{name} is {problem.instance!r}; valid: {', '.join(map(str, limit))}"
    if problem.validator in limits:
        return f"{name} is {problem.instance!r}; it must be {limits[problem.validator]}".format(
            limit
        )
    return f"{name}: {problem.message}"


def _build(data: dict[str, Any]) -> Board:
    xlen, extensions = parse_isa(data["isa"])
    emulator = data.get("emulator")
    return Board(
        name=data["name"],
        description=data["description"],
        isa=data["isa"],
        xlen=xlen,
        extensions=extensions,
        abi=data["abi"],
        entry=data["entry"],
        memory=tuple(Memory(**region) for region in data["memory"]),
        stack_size=data["stack"]["size"],
        mailbox=Memory("mailbox", "ram", data["mailbox"]["base"], data["mailbox"]["size"]),
        uart=Device(data["uart"]["kind"], data["uart"]["base"]),
        timer=Device(data["timer"]["kind"], data["timer"]["base"]),
        timer_hz=data["timer"]["hz"],
        rate_hz=float(data["control"]["rate_hz"]),
        watchdog_s=float(data["control"]["watchdog_s"]),
        emulator=emulator
        and EmulatorSpec(emulator["program"], emulator["machine"], emulator.get("cpu")),
    )


def _check(board: Board) -> None:
    """Refuse what the schema cannot see: values that do not fit each other."""
    for needed in ("m", "a"):
        if needed not in board.extensions:
            raise BoardError(f"isa {board.isa!r} lacks {needed!r}, which the firmware needs")
    abis = valid_abis(board.xlen, board.extensions)
    if board.abi not in abis:
        raise BoardError(
            f"abi {board.abi!r} does not fit isa {board.isa!r}; valid: {', '.join(abis)}"
        )
    _check_memory(board)
    _check_mailbox(board)
    if not board.rate_hz <= board.timer_hz:
        raise BoardError(
            f"control.rate_hz {board.rate_hz:g} is faster than timer.hz {board.timer_hz}"
        )
    if board.watchdog_s * board.rate_hz < 1:
        raise BoardError(
            f"control.watchdog_s {board.watchdog_s:g} is shorter than one tick "
            f"of {1 / board.rate_hz:g} s"
        )


def _check_memory(board: Board) -> None:
    areas = [
        *board.memory,
        Memory("uart", "device", board.uart.base, _DEVICE_SPAN[board.uart.kind]),
        Memory("timer", "device", board.timer.base, _DEVICE_SPAN[board.timer.kind]),
    ]
    areas.sort(key=lambda area: area.base)
    for area in areas:
        if area.end > 1 << board.xlen:
            raise BoardError(
                f"region {area.name!r} ends at {area.end:#x}, beyond {board.xlen}-bit addresses"
            )
    for low, high in zip(areas, areas[1:], strict=False):
        if low.end > high.base:
            raise BoardError(
                f"regions {low.name!r} ({low.base:#x}-{low.end:#x}) and "
                f"{high.name!r} ({high.base:#x}-{high.end:#x}) overlap"
            )
    if not any(region.base <= board.entry < region.end for region in board.memory):
        raise BoardError(f"entry {board.entry:#x} is in no memory region")


def _check_mailbox(board: Board) -> None:
    ram, box = board.ram, board.mailbox
    if not (ram.base <= box.base and box.end <= ram.end):
        raise BoardError(
            f"mailbox {box.base:#x}-{box.end:#x} is outside {ram.name} {ram.base:#x}-{ram.end:#x}"
        )
    if box.base % 64:
        raise BoardError(f"mailbox.base {box.base:#x} is not a multiple of 64")
    room = box.base - board.entry
    if room <= 0:
        raise BoardError(
            f"mailbox.base {box.base:#x} is not above entry {board.entry:#x}, where code begins"
        )
    if board.stack_size >= room:
        raise BoardError(
            f"stack.size {board.stack_size} does not fit: {ram.name} has {room} bytes "
            "below the mailbox"
        )
