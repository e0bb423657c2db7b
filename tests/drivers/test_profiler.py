"""Instructions by function, against the count that the firmware itself takes around its kernel."""

from collections import Counter

import pytest
import trouble

from drivers.emulator import Emulator
from drivers.profiler import instructions, profile
from hardware import load_board

TICKS = 20


@pytest.mark.parametrize("name", ["virt-rv64", "hifive1"])
def test_the_kernels_share_is_what_the_firmware_counts(name):
    def give(input):
        input[:] = trouble.given(trouble.SLOW, 5)

    board, params = load_board(name), trouble.params(turns=50)
    with Emulator(trouble.controller, board) as emulator:
        emulator.start(params)
        for _ in range(TICKS):
            give(emulator.input)
            emulator.tick()
        counted = emulator.instructions
    found = profile(trouble.controller, board, params, TICKS, give)
    runtime = ("core_", "firmware_", "timer_", "uart_", "_start", "boot_", "0x", "trap", "__")
    kernel = sum(count for name, count in found.items() if not name.startswith(runtime))
    around = counted - kernel  # the call, and reading the counter
    assert 0 <= around <= 20 * TICKS, (around, found)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_block_that_is_cut_short_counts_what_ran(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "IN: f\n0x00000010:  01    nop\n0x00000012:  01    nop\n0x00000014:  01    ret\n\n"
        "Trace 0: 0x7f00 [00/10/00/ff020200] f\n"
        "Trace 0: 0x7f00 [00/10/00/ff020201] f\n",
        encoding="utf-8",
    )
    assert instructions(log) == Counter({0x10: 2, 0x12: 1, 0x14: 1})
