"""How often lines ran: read from a board whose kernels count them, added up, and reported."""

import mmap
from collections import defaultdict
from pathlib import Path
from typing import Any

from drivers.errors import DriverError
from drivers.toolchain import Firmware
from drivers.toolchain.counted import COUNTER
from drivers.toolchain.elf import symbols

Lines = dict[str, dict[int, int]]
"""How often each line with code was run, by file and number; 0 for one that never was."""


def kernel_lines(firmware: Firmware, ram: mmap.mmap) -> Lines:
    """Read the counters in a board's RAM: how often each line of its kernels ran since it booted.

    Raises DriverError for firmware without counters (`compile_counted`).
    """
    found: Lines = defaultdict(dict)
    for symbol in symbols(firmware.elf.read_bytes()):
        if symbol.name.startswith(COUNTER):
            place, _, name = symbol.name.removeprefix(COUNTER).partition(" ")
            number = int(place.partition(".")[0])
            at = symbol.value - firmware.board.ram.base
            count = int.from_bytes(ram[at : at + 4], "little")
            path = Path(name).resolve()
            if path.is_file():  # code made at run time has no lines that could be shown
                lines = found[str(path)]
                lines[number] = max(lines.get(number, 0), count)
    if not found:
        raise DriverError(f"the firmware of {firmware.controller.name} does not count its lines")
    return {name: dict(sorted(lines.items())) for name, lines in found.items()}


def add(lines: Lines, more: Lines) -> None:
    """Add the counts of another run to `lines`."""
    for name, counts in more.items():
        into = lines.setdefault(name, {})
        for number, count in counts.items():
            into[number] = into.get(number, 0) + count


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
