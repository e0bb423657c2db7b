"""What a build leaves for people: images for flash tools, the C header, the Python proxy."""

import dataclasses
import shutil
import subprocess
import sys

import numpy as np
import pytest
from driver_controllers import pd_params

from drivers.emulator import Emulator
from drivers.errors import ToolchainError
from drivers.mailbox import mailbox_dtype
from drivers.toolchain import build
from drivers.toolchain.elf import sections
from drivers.toolchain.images import from_uf2, raw, uf2, write
from drivers.toolchain.proxy import proxy_module
from drivers.toolchain.stack import worst_case
from hardware import boards, load_board

UF2_BOARDS = [name for name in boards() if (load_board(name).flash or None) and
              load_board(name).flash.uf2_family]  # fmt: skip


@pytest.mark.parametrize("board", ["virt-rv64", "virt-rv32", *UF2_BOARDS])
def test_a_raw_image_holds_what_the_elf_loads_where_it_loads_it(pd_aligned, board, tmp_path):
    board = load_board(board)
    firmware = build(pd_aligned, board, tmp_path)
    base, image = raw(firmware.elf.read_bytes())
    assert base == board.entry
    for section in sections(firmware.elf.read_bytes()):
        if section.flags & 2 and not section.flags & 1 and section.data:
            at = section.address - base
            assert image[at : at + section.size] == section.data
    assert write(firmware.elf, board, "bin").read_bytes() == image


@pytest.mark.parametrize("name", UF2_BOARDS)
def test_a_uf2_image_gives_the_raw_one_back(pd_aligned, name, tmp_path):
    board = load_board(name)
    firmware = build(pd_aligned, board, tmp_path)
    base, image = raw(firmware.elf.read_bytes())
    packed = write(firmware.elf, board, "uf2").read_bytes()
    assert len(packed) % 512 == 0
    found, family, padded = from_uf2(packed)
    assert (found, family) == (base, board.flash.uf2_family)
    assert padded[: len(image)] == image
    assert not any(padded[len(image) :])


def test_a_damaged_uf2_image_is_refused():
    packed = bytearray(uf2(0x1000, bytes(range(256)) * 3, 0x12345678))
    assert from_uf2(bytes(packed)) == (0x1000, 0x12345678, bytes(range(256)) * 3)
    packed[512] ^= 1
    with pytest.raises(ToolchainError, match="block 1 is damaged"):
        from_uf2(bytes(packed))
    with pytest.raises(ToolchainError, match="not whole UF2 blocks"):
        from_uf2(bytes(packed[:700]))


def test_a_format_that_a_board_does_not_take_is_refused(pd_aligned, tmp_path):
    board = load_board("virt-rv64")
    elf = build(pd_aligned, board, tmp_path).elf
    with pytest.raises(ToolchainError, match=r"virt-rv64 names no flash\.uf2_family"):
        write(elf, board, "uf2")
    with pytest.raises(ToolchainError, match="'hex' is none; valid: elf, bin, uf2"):
        write(elf, board, "hex")


def test_the_proxy_reads_a_live_board_without_millhand(pd, tmp_path):
    with Emulator(pd, "virt-rv64") as board:
        board.start(pd_params(pd))
        for k in range(20):
            board.input["q"] = [0.1 * k, -0.2, 0.3]
            board.input["goal"] = [1.0, 2.0, 3.0]
            board.tick()
        offset = board.board.mailbox.base - board.board.ram.base
        size = mailbox_dtype(pd).itemsize
        (tmp_path / "memory").write_bytes(board._machine.ram[offset : offset + size])
        want = [*board.output["tau"][0], *board.output["total"], 20]
    (tmp_path / "proxy.py").write_text(proxy_module(pd))
    script = (
        "import sys, proxy; r = proxy.read(open('memory', 'rb').read());"
        "assert not {'millhand', 'drivers', 'robots', 'numba'} & set(sys.modules);"
        "print(*map(repr, map(float, r['output']['tau'])), int(r['output']['total']),"
        " int(r['state']['ticks']), proxy.STATUS[int(r['header']['status'])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    *numbers, status = done.stdout.split()
    assert [float(number) for number in numbers] == want
    assert status == "ready"


def test_the_proxys_dtype_is_the_mailboxs_and_another_board_is_refused(pd, scale):
    spaces = {}
    exec(proxy_module(pd), spaces)
    assert spaces["MAILBOX"] == mailbox_dtype(pd)
    memory = np.zeros(1, mailbox_dtype(pd)).tobytes()
    with pytest.raises(ValueError, match="magic is 0x0; pd has"):
        spaces["read"](memory)
    with pytest.raises(ValueError, match="3 bytes; the mailbox of pd has"):
        spaces["read"](memory[:3])


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_header_compiles_on_its_own(pd, tmp_path):
    from drivers.toolchain.header import mailbox_header

    (tmp_path / "mailbox.h").write_text(mailbox_header(pd))
    (tmp_path / "main.c").write_text('#include "mailbox.h"\nint main(void) { return 0; }\n')
    subprocess.run(["cc", "-std=c11", "-Wall", "-Werror", "main.c"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("board", ["virt-rv64", "virt-rv32", "virt-rv32-soft"])
def test_no_run_uses_more_stack_than_was_reckoned(pd_aligned, board):
    with Emulator(pd_aligned, board) as emulator:
        emulator.start(pd_params(pd_aligned))
        for k in range(50):
            emulator.input["q"] = np.sin([k, 2 * k, 3 * k])
            emulator.tick()
        used = emulator.stack_used()
        reckoned = emulator.firmware.stack_used_bytes
    assert 0 < used <= reckoned < used + 200


def test_too_little_stack_is_refused_with_both_numbers(pd_aligned):
    board = dataclasses.replace(load_board("virt-rv64"), stack_size=32)
    with pytest.raises(ToolchainError, match=r"pd can use \d+ bytes of stack; .* stack.size 32"):
        build(pd_aligned, board)


def test_a_kernels_own_part_of_the_stack_is_less_than_the_whole(pd_aligned, tmp_path):
    elf = build(pd_aligned, load_board("virt-rv64"), tmp_path).elf.read_bytes()
    assert worst_case(elf, "millhand_step") < worst_case(elf)
    with pytest.raises(ToolchainError, match="no function nothing"):
        worst_case(elf, "nothing")
