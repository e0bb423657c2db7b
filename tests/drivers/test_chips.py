"""What docs/boards.md says is proven of a board, board by board."""

import dataclasses
import os
import re
import struct

import numpy as np
import pytest
from driver_controllers import N, one, pd_params

from drivers import doctor
from drivers.emulator import Emulator
from drivers.errors import EmulatorError, ToolchainError
from drivers.exchange import _load_byte
from drivers.mailbox import Fault, Status, mailbox_dtype
from drivers.toolchain import build
from drivers.toolchain.elf import sections, undefined_symbols
from drivers.toolchain.emit import assembly
from hardware import EmulatorSpec, boards, load_board
from hardware.isa import parse_isa
from robots import catalogue
from robots.controllers import limited_impedance
from robots.kernel import kernel

CHIPS = tuple(name for name in boards() if not name.startswith(("virt", "linux")))
_ALLOC, _WRITE, _NOBITS = 2, 1, 8


@pytest.fixture(scope="module")
def law():
    return limited_impedance.controller(7)


def steps(emulator, ticks, seed=3):
    """Move the arm about, and give each tick's instruction count."""
    robot, rng, counts = catalogue.load("panda"), np.random.default_rng(seed), []
    emulator.start(limited_impedance.params(robot, 1000.0))
    for i in range(ticks):
        if i % 100 == 0:
            goal = robot.home + rng.normal(scale=0.4, size=7)
        emulator.input["q"] = robot.home + rng.normal(scale=0.05, size=7)
        emulator.input["dq"] = rng.normal(scale=0.3, size=7)
        emulator.input["q_goal"] = goal
        emulator.tick()
        counts.append(emulator.last_instructions)
    assert emulator.first_difference is None
    assert (emulator.ticks, emulator.ticks_differing) == (ticks, 0)
    return counts


@pytest.mark.parametrize("runtime", ["lockstep", "link"])
@pytest.mark.parametrize("name", CHIPS)
def test_an_arms_firmware_fits_the_board(law, name, runtime, tmp_path):
    board = load_board(name)
    firmware = build(law, board, tmp_path, runtime=runtime)
    elf = firmware.elf.read_bytes()
    assert not undefined_symbols(elf)
    wide = board.xlen // 8
    assert int.from_bytes(elf[24 : 24 + wide], "little") == board.entry
    room = mailbox_dtype(law).itemsize
    code, data = board.code_space(), board.data_space(room)
    for section in sections(elf):
        if section.flags & _ALLOC and section.size:
            homes = (data,) if section.flags & _WRITE else (code, data)
            end = section.address + section.size
            assert any(home.base <= section.address and end <= home.end for home in homes), section
    assert firmware.stack_bytes + room < firmware.ram_bytes + 1 <= board.ram.size
    if board.code.kind == "flash":
        assert firmware.text_bytes <= firmware.flash_bytes <= board.code.size
        own = {"lockstep": 1024, "link": 4096}[runtime]
        assert firmware.ram_bytes < firmware.stack_bytes + room + own
    else:
        assert firmware.flash_bytes == 0


@pytest.mark.parametrize(("name", "ticks"), [("hifive1", 150), ("hifive-unleashed", 1500)])
def test_an_emulated_chip_gives_the_hosts_bits_and_counts_alike(law, name, ticks):
    def run():
        with Emulator(law, name) as emulator:
            counts = steps(emulator, ticks)
            assert 0 < emulator.stack_used() < emulator.board.stack_size
            assert emulator._machine.uart() == f"millhand {law.name} on {name}"
            return counts

    first = run()
    assert first == run()
    assert min(first) > 1000


@pytest.mark.parametrize("name", ["hifive1", "hifive-unleashed"])
def test_an_emulated_chips_timer_sets_the_pace_until_the_watchdog_bites(scale, name):
    with Emulator(scale, name) as emulator:
        emulator.start(np.ones(1, scale.params))
        emulator.free_run(rate_hz=1000.0, watchdog_s=0.05)
        for _ in range(10_000_000):
            if emulator.health()[0] == Status.FAULT:
                break
            os.sched_yield()
        status, fault, ticks = emulator.health()
        assert (status, fault) == (Status.FAULT, Fault.HOST_LOST)
        assert 49 <= ticks <= 51


def test_the_linux_program_gives_the_hosts_bits(law):
    with Emulator(law, "linux-rv64") as emulator:
        steps(emulator, 10_000)
        assert emulator.stack_used() < emulator.board.stack_size
        assert emulator._machine.uart() == f"millhand {law.name} on linux-rv64"


def test_a_killed_linux_program_is_an_error_with_its_status(law):
    with Emulator(law, "linux-rv64") as emulator:
        steps(emulator, 2)
        emulator._machine.process.kill()
        with pytest.raises(EmulatorError, match="exited with status -9"):
            emulator.tick()


def test_a_crashed_linux_program_leaves_its_record():
    @kernel
    def wild(params, state, input, output):
        # Nothing is at address 8: a segmentation fault, signal 11.
        output.y = _load_byte(np.int64(8))

    controller = one("wild", wild)
    with Emulator(controller, "linux-rv64", compare=False) as emulator:
        emulator.start(np.zeros(1, controller.params))
        with pytest.raises(
            EmulatorError, match=r"wild crashed .*: mcause 0xb, mepc .*, mtval 0x8$"
        ):
            emulator.tick()


# The ISAs of boards that QEMU does not have, and rv32ec, on its virt machine.
ISAS = {
    "rv32imc": ("ilp32", "rv32,a=false,f=false,d=false"),
    "rv32imafc": ("ilp32f", "rv32,d=false"),
    "rv32imac_zicsr_zifencei_zba_zbb_zbs": ("ilp32", "rv32,f=false,d=false"),
    "rv64gc_zba_zbb": ("lp64d", "rv64"),
    "rv32ec": (
        "ilp32e",
        "rv32,i=false,e=true,m=false,a=false,f=false,d=false,s=false,u=false,h=false",
    ),
}


def virt(isa):
    """QEMU's virt machine with just that ISA."""
    xlen, extensions = parse_isa(isa)
    base, (abi, cpu) = load_board(f"virt-rv{xlen}"), ISAS[isa]
    spec = EmulatorSpec(base.emulator.program, "virt", cpu)
    return dataclasses.replace(
        base, name="virt-isa", isa=isa, extensions=extensions, abi=abi, emulator=spec
    )


@pytest.mark.parametrize("isa", ISAS)
def test_an_isa_gives_the_hosts_bits(pd_aligned, isa):
    rng = np.random.default_rng(2)
    with Emulator(pd_aligned, virt(isa)) as emulator:
        emulator.start(pd_params(pd_aligned))
        for _ in range(300):
            for field in ("q", "dq", "goal"):
                emulator.input[field] = rng.normal(scale=2.0, size=N)
            emulator.tick()
        assert (emulator.first_difference, emulator.ticks_differing) == (None, 0)


def test_the_isas_tried_are_those_of_the_boards_that_qemu_does_not_have():
    unrun = {load_board(name).isa for name in CHIPS if load_board(name).runs == "built"}
    assert {isa for isa in unrun if "xthead" not in isa} == set(ISAS) - {"rv32ec"}


@pytest.mark.parametrize("name", CHIPS)
def test_nothing_is_fused_and_no_register_is_used_that_is_not_there(pd_aligned, name):
    board = load_board(name)
    text = assembly(pd_aligned, board)
    assert not re.search(r"\bfn?m(add|sub)\.", text)
    if "d" not in board.extensions:
        assert not re.search(r"^\s+f\w+\.d\b|^\s+f[ls]d\b", text, re.M)


def test_xuanties_own_instructions_are_used_where_the_board_has_them(law):
    assert re.search(r"^\s+th\.", assembly(law, load_board("licheerv-d1")), re.M)
    assert not re.search(r"^\s+th\.", assembly(law, load_board("virt-rv64")), re.M)


def test_rp2350s_block_is_where_its_rom_looks(scale):
    elf = build(scale, load_board("rp2350")).elf.read_bytes()
    text = next(section for section in sections(elf) if section.name == ".text")
    block = struct.pack("<5I", 0xFFFFDED3, 0x11010142, 0x1FF, 0, 0xAB123579)
    assert 0 <= text.data.index(block) < 4096 and text.address == 0x10000000


def tiny(**change):
    """hifive1 with regions that are smaller."""
    board = load_board("hifive1")
    memory = tuple(
        dataclasses.replace(region, size=change.get(region.name, region.size))
        for region in board.memory
    )
    return dataclasses.replace(board, memory=memory)


def test_a_kernel_that_cannot_fit_is_refused_by_region_and_bytes_before_linking(law):
    with pytest.raises(ToolchainError, match=r"need \d+ bytes of region 'flash', which has 4096"):
        build(law, tiny(flash=4096))
    with pytest.raises(ToolchainError, match=r"need 4096 bytes of region 'dtim', which has \d+"):
        build(law, tiny(dtim=6144))


def test_what_the_runtime_adds_is_refused_by_region_and_bytes(law):
    taken = build(law, load_board("hifive1")).flash_bytes
    with pytest.raises(ToolchainError, match=r"hifive1: region 'flash' is \d+ bytes too small"):
        build(law, tiny(flash=taken - 64))


def test_doctor_knows_every_board():
    names = {part.name for part in doctor._boards()}
    assert names - {"cross-compiler"} == {f"board {name}" for name in boards()}
