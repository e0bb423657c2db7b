"""Which lines of the runtime ran: those of a fault do not, until one comes."""

import contextlib
import shutil

import pytest
import trouble

from drivers.coverage import lcov, lines_run
from drivers.emulator import Emulator
from drivers.profiler import instructions, record
from drivers.toolchain import build
from drivers.toolchain.link import FIRMWARE
from hardware import load_board

pytestmark = pytest.mark.skipif(
    shutil.which("riscv64-unknown-elf-addr2line") is None, reason="needs binutils for RISC-V"
)


def line_of(name, text):
    """The number of the line of a runtime file that holds a text."""
    rows = (FIRMWARE / name).read_text(encoding="utf-8").splitlines()
    return next(number for number, row in enumerate(rows, 1) if text in row)


@pytest.mark.parametrize("board", ["virt-rv64", "hifive1"])
def test_lines_that_ran_are_told_from_those_that_did_not(board, tmp_path):
    plain = build(trouble.controller, load_board(board))
    firmware = build(trouble.controller, load_board(board), debug=True)
    assert firmware.text_bytes == plain.text_bytes

    def run(mode):
        log = tmp_path / str(mode)
        flags = ("-d", "in_asm,exec,nochain", "-D", str(log))
        with Emulator(trouble.controller, board, False, firmware, flags) as emulator:
            emulator.start(trouble.params())
            emulator.input[:] = trouble.given(mode, 1)
            with contextlib.suppress(RuntimeError):
                emulator.tick()
        return lines_run(instructions(log), firmware.elf)

    fine, wild = run(trouble.FINE), run(trouble.WILD)
    main, core = str(FIRMWARE / "main.c"), str(FIRMWARE / "core.c")
    trapped = line_of("core.c", "box->header.mepc = pc")
    assert (fine[core][trapped], wild[core][trapped]) == (0, 1)
    assert fine[core][line_of("core.c", "int32_t raised = millhand_step")] >= 1
    assert main in fine
    assert fine[core].keys() == wild[core].keys()


def test_lcov_counts_lines_found_and_hit():
    assert lcov({"a.c": {2: 0, 1: 7}}) == (
        "TN:\nSF:a.c\nDA:1,7\nDA:2,0\nLF:2\nLH:1\nend_of_record\n"
    )


def test_a_record_counts_every_tick():
    firmware = build(trouble.controller, load_board("virt-rv64"), debug=True)
    counts = record(firmware, trouble.params(), 9, lambda given: None)
    lines = lines_run(counts, firmware.elf)[str(FIRMWARE / "core.c")]
    assert lines[line_of("core.c", "box->header.ticks++")] == 9
