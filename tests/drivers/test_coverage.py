"""Which lines ran: a kernel's as Python runs them, the runtime's of a fault once one comes."""

import contextlib
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import covered_kernels
import numpy as np
import pytest
import trouble
from driver_controllers import BOARDS

from drivers.coverage import cover, runtime_lines
from drivers.emulator import Emulator
from drivers.errors import DriverError
from drivers.line_table import stretches
from drivers.lines import add, kernel_lines, lcov, ranges, report
from drivers.profiler import instructions, record
from drivers.toolchain import build, compile_kernel
from drivers.toolchain.counted import COUNTER
from drivers.toolchain.elf import symbols
from drivers.toolchain.emit import compile_counted
from drivers.toolchain.link import FIRMWARE
from hardware import load_board
from robots import catalogue
from robots.controllers import limited_impedance

KERNELS = covered_kernels.__file__
ADDR2LINE = shutil.which("riscv64-unknown-elf-addr2line")


def line_of(path, text):
    """The number of the one line of a file that holds a text."""
    rows = Path(path).read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, row in enumerate(rows, 1) if text in row]
    return number


def hit(lines):
    return {number for number, count in lines.items() if count}


@pytest.fixture
def params():
    made = np.zeros(1, covered_kernels.controller.params)
    made["k"] = 1.0
    return made


@pytest.mark.parametrize("board", [*BOARDS, "hifive1"])
def test_a_kernels_lines_are_those_that_python_runs(board, params):
    law, board = covered_kernels.controller, load_board(board)
    inputs = covered_kernels.random_inputs(np.random.default_rng(2), 60)
    firmware = build(law, board, step=compile_counted(law, board))
    with Emulator(law, board, firmware=firmware) as emulator:
        emulator.start(params)
        for tick in range(len(inputs)):
            emulator.input[:] = inputs[tick : tick + 1]
            emulator.tick()
            (found,) = kernel_lines(firmware, emulator._machine.ram).values()
            python = covered_kernels.lines_in_python(params, inputs[: tick + 1])
            assert hit(found) == python.keys(), tick
        assert emulator.ticks_differing == 0  # counting changes no bit of what is computed
    assert hit(found) == found.keys()
    # A `while` is two blocks, and Python comes back to the first line of an expression.
    odd = {line_of(KERNELS, "while turns < 5:"), line_of(KERNELS, "* params.k") - 1}
    assert {n: c for n, c in found.items() if n not in odd} == {
        n: c for n, c in python.items() if n not in odd
    }


@pytest.mark.parametrize("board", ["virt-rv64", "hifive1"])
def test_a_branch_is_missed_until_it_is_taken(board, params):
    above, below = (line_of(KERNELS, text) for text in ("output.y = 1.0", "return -1.0"))

    def run(x):
        def give(input):
            input["x"] = x

        return cover(covered_kernels.controller, load_board(board), params, 3, give)[KERNELS]

    high, low = run(2.0), run(-2.0)
    assert (high[above], high[below]) == (3, 0)
    assert (low[above], low[below]) == (0, 3)  # `sign` is inlined into `step`
    assert high.keys() == low.keys()


def test_every_file_that_a_controllers_kernels_come_from_is_covered():
    panda, board = catalogue.load("panda"), load_board("virt-rv64")
    law = limited_impedance.controller(7)
    rng = np.random.default_rng(3)

    def give(input):
        input["q"] = rng.normal(0, 1, (1, 7))

    lines = cover(law, board, limited_impedance.params(panda, 500), 20, give)
    names = [Path(name).name for name in lines]
    assert names[:4] == [
        "joint_impedance.py",
        "limited_impedance.py",
        "limiter.py",
        "kinematics.py",
    ]
    assert {"maths.py", "core.c", "main.c"} < set(names)
    impedance = next(
        counts for name, counts in lines.items() if name.endswith("joint_impedance.py")
    )
    assert 0 in impedance.values() and max(impedance.values()) >= 20 * 7


def test_the_firmware_that_is_flashed_counts_nothing(params):
    law, board = covered_kernels.controller, load_board("virt-rv64")
    plain = compile_kernel(law, board)
    compile_counted.cache_clear()
    counted = compile_counted(law, board)
    compile_kernel.cache_clear()
    assert compile_kernel(law, board) == plain
    assert COUNTER.encode() in counted and COUNTER.encode() not in plain
    assert not any(s.name.startswith(COUNTER) for s in symbols(build(law, board).elf.read_bytes()))
    with (
        Emulator(law, board) as emulator,
        pytest.raises(DriverError, match="covered does not count"),
    ):
        kernel_lines(emulator.firmware, emulator._machine.ram)


def test_a_program_under_an_operating_system_is_refused_by_name(params):
    with pytest.raises(DriverError, match="linux-rv64 runs under linux"):
        cover(covered_kernels.controller, load_board("linux-rv64"), params, 1, lambda given: None)


@pytest.mark.parametrize("board", ["virt-rv64", "hifive1"])
def test_lines_of_the_runtime_that_ran_are_told_from_those_that_did_not(board, tmp_path):
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
        return runtime_lines(instructions(log), firmware.elf)

    fine, wild = run(trouble.FINE), run(trouble.WILD)
    main, core = str(FIRMWARE / "main.c"), str(FIRMWARE / "core.c")
    trapped = line_of(core, "box->header.mepc = pc")
    assert (fine[core][trapped], wild[core][trapped]) == (0, 1)
    assert fine[core][line_of(core, "int32_t raised = millhand_step")] >= 1
    assert main in fine
    assert fine[core].keys() == wild[core].keys()


def test_a_record_counts_every_tick():
    firmware = build(trouble.controller, load_board("virt-rv64"), debug=True)
    counts = record(firmware, trouble.params(), 9, lambda given: None)
    core = str(FIRMWARE / "core.c")
    lines = runtime_lines(counts, firmware.elf)[core]
    assert lines[line_of(core, "box->header.ticks++")] == 9


@pytest.mark.skipif(ADDR2LINE is None, reason="compares with binutils' reader")
@pytest.mark.parametrize("board", ["virt-rv64", "virt-rv32", "hifive1"])
def test_the_line_table_reads_as_binutils_reads_it(board):
    elf = build(trouble.controller, load_board(board), debug=True).elf
    ours = {
        address: (code.file, code.line)
        for code in stretches(elf.read_bytes())
        for address in range(code.start, code.end, 2)
        if Path(code.file).parent == FIRMWARE and code.line
    }
    places = {s.name: s.value for s in symbols(elf.read_bytes())}
    addresses = range(places["__text_start"], places["__text_end"], 2)
    asked = "\n".join(map(hex, addresses))
    done = subprocess.run(
        [ADDR2LINE, "-e", str(elf)], input=asked, capture_output=True, text=True, check=True
    )
    theirs = {}
    for address, said in zip(addresses, done.stdout.splitlines(), strict=True):
        name, _, number = said.split(" (")[0].rpartition(":")
        if number.isdecimal() and int(number) and Path(name).parent == FIRMWARE:
            theirs[address] = (name, int(number))
    assert len(theirs) > 100
    assert {address: ours.get(address) for address in addresses} == {
        address: theirs.get(address) for address in addresses
    }


def test_an_image_without_lines_is_refused():
    firmware = build(trouble.controller, load_board("virt-rv64"))
    with pytest.raises(DriverError, match="no line table: build it with debug=True"):
        runtime_lines(Counter(), firmware.elf)


def test_lcov_counts_lines_found_and_hit():
    assert lcov({"a.c": {2: 0, 1: 7}}) == (
        "TN:\nSF:a.c\nDA:1,7\nDA:2,0\nLF:2\nLH:1\nend_of_record\n"
    )


def test_a_report_names_lines_and_joins_neighbours():
    lines = {"a.py": {3: 1, 5: 0, 6: 0, 9: 0, 12: 2, 13: 0}}
    found = report(lines)
    assert found == {"a.py": {"lines": 6, "hit": [3, 12], "missed": [5, 6, 9, 13]}}
    assert ranges(found["a.py"]["missed"], lines["a.py"]) == "5-9, 13"
    assert ranges([], lines["a.py"]) == ""


def test_counts_of_runs_add_up():
    lines = {"a.py": {1: 2, 2: 0}}
    add(lines, {"a.py": {2: 3, 4: 0}, "b.py": {1: 1}})
    assert lines == {"a.py": {1: 2, 2: 3, 4: 0}, "b.py": {1: 1}}
