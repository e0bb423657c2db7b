"""Which lines a board has run: of the kernel and of all kernels it calls, and of the C runtime.

A kernel's lines count themselves (drivers/toolchain/counted.py), the runtime's are told from the
addresses that QEMU logs (drivers/profiler.py) and the image's line table. Both come of one run.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from drivers.emulator import Emulator
from drivers.line_table import stretches
from drivers.lines import Lines, kernel_lines
from drivers.profiler import record
from drivers.toolchain import build
from drivers.toolchain.elf import symbols
from drivers.toolchain.emit import compile_counted
from drivers.toolchain.link import FIRMWARE
from hardware import Board
from robots.controllers.contract import Controller


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
        kernel.update(kernel_lines(firmware, emulator._machine.ram))

    firmware = build(controller, board, step=compile_counted(controller, board), debug=True)
    counts = record(firmware, params, ticks, give, look)
    return dict(sorted(kernel.items())) | runtime_lines(counts, firmware.elf)


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
