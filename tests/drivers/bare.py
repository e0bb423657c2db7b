"""Small firmware of the tests' own, run in QEMU until it has reported its numbers."""

import subprocess
import time

import numpy as np
import trouble

from drivers.qemu import Machine
from drivers.toolchain import cache_folder, header, link
from hardware import load_board

FIRMWARE = link.FIRMWARE
DONE, CRASH = 0x600D, 0xDEAD
_GUARD_S = 60.0


def run(folder, board, check, *drivers, extra=(), count):
    """Build `check` with drivers for a board, run it and give `count` numbers that it reported."""
    board = load_board(board)
    here = FIRMWARE.parents[1] / "tests" / "drivers" / "firmware"
    (folder / "config.h").write_text(header.config_header(trouble.controller, board))
    (folder / "link.ld").write_text(link.link_script(board, 4096))
    sources = [FIRMWARE / "start.S", here / f"{check}.c", *(FIRMWARE / name for name in drivers)]
    cache = str(cache_folder() / "zig")
    done = subprocess.run(
        [link.sys.executable, "-m", "ziglang", *link.command(board), f"-I{FIRMWARE}", f"-I{here}",
         "-I.", link.headers_key(folder),
         "-Wl,-T,link.ld", *map(str, sources), "-o", "check.elf"],
        cwd=folder, capture_output=True, text=True,
        env={**link.os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    machine = Machine(board, folder / "check.elf", extra=extra)
    try:
        offset = board.mailbox.base - board.ram.base
        report = np.frombuffer(machine.ram, np.uint32, count + 1, offset)
        until = time.monotonic() + _GUARD_S
        while report[0] not in (DONE, CRASH):
            assert machine.exit_status is None, machine.stderr()
            assert time.monotonic() < until, "the firmware hangs"
            time.sleep(0.002)
        assert report[0] == DONE, [hex(number) for number in report]
        return report[1:].tolist()
    finally:
        del report
        machine.close()
