"""Which lines a board has run: of the kernel and of all kernels it calls, and of the C runtime.

A kernel's lines count themselves (drivers/toolchain/counted.py), the runtime's are told from the
addresses that QEMU logs (drivers/profiler.py) and the image's line table. Both come of one run.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from drivers.emulator import Emulator
from drivers.errors import DriverError
from drivers.line_table import stretches
from drivers.profiler import record
from drivers.toolchain import build
from drivers.toolchain.counted import COUNTER
from drivers.toolchain.elf import symbols
from drivers.toolchain.emit import compile_counted
from drivers.toolchain.link import FIRMWARE
from hardware import Board
from robots.controllers.contract import Controller

Lines = dict[str, dict[int, int]]
"""How often each line with code was run, by file and number; 0 for one that never was."""


def cover(
    controller: Controller,
    board: Board,
    params: np.ndarray,
    ticks: int,
    give: Callable[[np.ndarray], None],
) -> Lines:
    """Run `ticks` on inputs that `give` writes, and give the lines of kernels and runtime.

    Raises DriverError for a board whose memory cannot be seen or whose program is not logged.
    """
    kernel: Lines = {}

    def look(emulator: Emulator) -> None:
        kernel.update(kernel_lines(emulator))

    firmware = build(controller, board, step=compile_counted(controller, board), debug=True)
    counts = record(firmware, params, ticks, give, look)
    return dict(sorted(kernel.items())) | runtime_lines(counts, firmware.elf)


def kernel_lines(emulator: Emulator) -> Lines:
    """Read a running board's counters: how often each line of its kernels ran since power-on.

    Raises DriverError for firmware without counters (`compile_counted`).
    """
    elf, board = emulator.firmware.elf.read_bytes(), emulator.board
    found: Lines = defaultdict(dict)
    for symbol in symbols(elf):
        if symbol.name.startswith(COUNTER):
            place, _, name = symbol.name.removeprefix(COUNTER).partition(" ")
            number = int(place.partition(".")[0])
            at = symbol.value - board.ram.base
            count = int.from_bytes(emulator._machine.ram[at : at + 4], "little")
            path = Path(name).resolve()
            if path.is_file():  # code made at run time has no lines that could be shown
                lines = found[str(path)]
                lines[number] = max(lines.get(number, 0), count)
    if not found:
        raise DriverError(f"the firmware of {emulator.controller.name} does not count its lines")
    return {name: dict(sorted(lines.items())) for name, lines in found.items()}


def runtime_lines(counts: Counter[int], elf: Path) -> Lines:
    """Give the lines of the C runtime from `counts` by address, of the same debug image."""
    bits = elf.read_bytes()
    places = {s.name: s.value for s in symbols(bits)}
    text = range(places["__text_start"], places["__text_end"])
    found: Lines = defaultdict(dict)
    for code in stretches(bits):
        if code.line and code.start in text and Path(code.file).parent == FIRMWARE:
            lines = found[code.file]
            most = max(counts[address] for address in range(code.start, code.end, 2))
            lines[code.line] = max(lines.get(code.line, 0), most)
    return {name: dict(sorted(lines.items())) for name, lines in sorted(found.items())}


def lcov(lines: Lines) -> str:
    """Write a tracefile: lcov's geninfo(1), "TRACE FILE FORMAT"."""
    records = []
    for name, counts in lines.items():
        hit = sum(1 for count in counts.values() if count)
        rows = [f"DA:{number},{counts[number]}" for number in sorted(counts)]
        records += ["TN:", f"SF:{name}", *rows, f"LF:{len(counts)}", f"LH:{hit}", "end_of_record"]
    return "\n".join(records) + "\n"


def report(lines: Lines) -> dict[str, dict[str, Any]]:
    """Give, by file, how many lines have code, and the numbers of those hit and those missed."""
    return {
        name: {
            "lines": len(counts),
            "hit": [number for number, count in counts.items() if count],
            "missed": [number for number, count in counts.items() if not count],
        }
        for name, counts in lines.items()
    }


def ranges(numbers: list[int], lines: dict[int, int]) -> str:
    """Write line numbers as `3, 7-9`: a range is of neighbours among a file's lines with code."""
    order = {number: at for at, number in enumerate(sorted(lines))}
    runs: list[list[int]] = []
    for number in numbers:
        if runs and order[number] == order[runs[-1][-1]] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
