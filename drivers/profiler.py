"""Where a board spends its instructions: counts by function, from QEMU's log of what it runs.

`-d in_asm` writes the instructions of each translated block, `-d exec,nochain` a line for each
run of one, whose last number's low 9 bits limit the block's instructions (0: all of it).
QEMU's manual, "Logging"; include/exec/exec-all.h, CF_COUNT_MASK.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from drivers.crash import Functions
from drivers.emulator import Emulator
from drivers.errors import DriverError
from drivers.toolchain import Firmware, build
from hardware import Board
from robots.controllers.contract import Controller

_INSTRUCTION = re.compile(r"^0x([0-9a-f]+):  ")
_RUN = re.compile(r"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/[0-9a-f]+/([0-9a-f]+)\]")
_COUNT = 0x1FF


def profile(
    controller: Controller,
    board: Board,
    params: np.ndarray,
    ticks: int,
    give: Callable[[np.ndarray], None],
) -> dict[str, int]:
    """Run `ticks` on inputs that `give` writes; instructions by function, most first.

    Counted from power-on, the runtime's waiting for the host included.
    """
    firmware = build(controller, board)
    return by_function(record(firmware, params, ticks, give), firmware.elf)


def record(
    firmware: Firmware,
    params: np.ndarray,
    ticks: int,
    give: Callable[[np.ndarray], None],
    look: Callable[[Emulator], None] | None = None,
) -> Counter[int]:
    """Run a firmware for `ticks`, and count how often each address was run.

    `look` is shown the board after its last tick. Raises EmulatorError where the board stops
    working, DriverError for one that runs under an operating system.
    """
    if firmware.board.system != "bare":
        raise DriverError(
            f"{firmware.board.name} runs under {firmware.board.system}, where QEMU logs no "
            "addresses; take a board that it emulates whole"
        )
    with tempfile.TemporaryDirectory(prefix="millhand-profile-") as folder:
        log = Path(folder) / "log"
        flags = ("-d", "in_asm,exec,nochain", "-D", str(log))
        with Emulator(firmware.controller, firmware.board, False, firmware, flags) as emulator:
            emulator.doze_at_once()
            emulator.start(params)
            for _ in range(ticks):
                give(emulator.input)
                emulator.tick()
            if look is not None:
                look(emulator)
        return instructions(log)


def instructions(log: Path) -> Counter[int]:
    """Count, for each address, how often its instruction ran according to a log."""
    blocks: dict[int, list[int]] = {}
    runs: Counter[tuple[int, int]] = Counter()
    current: list[int] | None = None
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("Trace"):
                found = _RUN.match(line)
                if found:
                    runs[int(found[1], 16), int(found[2], 16) & _COUNT] += 1
            elif line.startswith("IN:"):
                current = []
            elif current is not None and (found := _INSTRUCTION.match(line)):
                current.append(int(found[1], 16))
                # A block that is translated again may be cut shorter: the longest tells all.
                if len(current) > len(blocks.get(current[0], ())):
                    blocks[current[0]] = current
    counts: Counter[int] = Counter()
    for (start, limit), times in runs.items():
        block = blocks.get(start, [])
        for address in block[: limit or None]:
            counts[address] += times
    return counts


def by_function(counts: Counter[int], elf: Path) -> dict[str, int]:
    """Add counts by address up by the functions of an image, most first."""
    names, found = Functions(elf), Counter[str]()
    for address, times in counts.items():
        found[names.name(address).split("+")[0]] += times
    return dict(found.most_common())
