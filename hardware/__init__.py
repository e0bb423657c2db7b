"""Boards as data: one TOML file each, checked against a schema and against sense."""

import difflib
import functools
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from hardware.board import Board, Device, EmulatorSpec, FlashTool, Memory
from hardware.check import check
from hardware.errors import BoardError
from hardware.isa import parse_isa

__all__ = [
    "Board",
    "BoardError",
    "Device",
    "EmulatorSpec",
    "FlashTool",
    "Memory",
    "boards",
    "load_board",
]


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
        check(board)
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
    emulator, flash = data.get("emulator"), data.get("flash")
    uart, timer = _device(data["uart"], "uart"), _device(data["timer"], "timer")
    others = tuple(_device(entry, entry["role"]) for entry in data.get("devices", ()))
    return Board(
        name=data["name"],
        description=data["description"],
        isa=data["isa"],
        xlen=xlen,
        extensions=extensions,
        abi=data["abi"],
        entry=data.get("entry", 0),
        memory=tuple(Memory(**region) for region in data["memory"]),
        stack_size=data["stack"]["size"],
        mailbox=Memory("mailbox", "ram", data["mailbox"]["base"], data["mailbox"]["size"]),
        uart=uart,
        timer=timer,
        timer_hz=data["timer"]["hz"],
        rate_hz=float(data["control"]["rate_hz"]),
        watchdog_s=float(data["control"]["watchdog_s"]),
        emulator=emulator and EmulatorSpec(**emulator),
        hart=data.get("hart", 0),
        csrs=data.get("csrs", "all"),
        boot=data.get("boot", ""),
        system=data.get("system", "bare"),
        devices=(uart, timer, *others),
        flash=flash and FlashTool(**flash),
        proven=data.get("proven", ""),
        wiring=data.get("wiring", ""),
        sources=tuple(data.get("sources", ())),
    )


def _device(entry: dict[str, Any], role: str) -> Device:
    return Device(
        kind=entry["kind"],
        base=entry.get("base", 0),
        role=role,
        irq=entry.get("irq"),
        clock_hz=entry.get("clock_hz"),
        options=tuple(sorted(entry.get("options", {}).items())),
    )
