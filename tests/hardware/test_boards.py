"""Boards are data; nonsense is refused by its name."""

import re
from importlib import resources
from pathlib import Path

import pytest

from hardware import BoardError, Memory, boards, load_board, page
from hardware.isa import parse_isa, valid_abis


def test_every_board_that_comes_with_us_loads():
    assert {"virt-rv64", "virt-rv32", "virt-rv32-soft"} <= set(boards())
    for name in boards():
        board = load_board(name)
        assert board.name == name
        assert board.xlen in (32, 64)
        assert board.ram.base <= board.mailbox.base < board.mailbox.end <= board.ram.end


def test_a_board_can_be_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(_text())
    assert load_board(path) == load_board("virt-rv64")
    assert load_board(str(path)) == load_board("virt-rv64")


def test_boards_are_frozen_and_hashable():
    board = load_board("virt-rv64")
    assert hash(board) == hash(load_board("virt-rv64"))
    with pytest.raises(AttributeError):
        board.name = "other"


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(BoardError, match="'virt-rv46', did you mean 'virt-rv64'"):
        load_board("virt-rv46")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BoardError, match="nowhere.toml"):
        load_board(tmp_path / "nowhere.toml")


def _text():
    return (resources.files("hardware") / "boards" / "virt-rv64.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('isa = "rv64gc"', 'isa = "x86"', "isa 'x86' is not a RISC-V ISA string"),
        ('isa = "rv64gc"', 'isa = "rv64gq"', "unknown extension 'q'"),
        ('isa = "rv64gc"', 'isa = "rv64gcc"', "extension 'c' twice"),
        ('isa = "rv64gc"', 'isa = "rv64imadc"', "'d' .* without 'f'"),
        ('isa = "rv64gc"', 'isa = "rv64gc_zmagic"', "unknown extension 'zmagic'"),
        ('isa = "rv64gc"', 'isa = "rv64ac"', "base 'a'"),
        ('isa = "rv64gc"', 'isa = "rv64gci"', "unknown extension 'i'"),
        ('isa = "rv64gc"', 'isa = "rv32efc"', "'f' with base 'e'"),
        ('isa = "rv64gc"', 'isa = "rv64ic"', "abi 'lp64d' does not fit .*; valid: lp64$"),
        ('isa = "rv64gc"', 'isa = "rv64imac"', "abi 'lp64d' does not fit .*; valid: lp64$"),
        ('isa = "rv64gc"', 'isa = "rv32gc"', "valid: ilp32, ilp32f, ilp32d"),
        ('abi = "lp64d"', 'abi = "sysv"', "abi is 'sysv'; valid: ilp32"),
        ("rate_hz = 1000", "rate_hz = 0", "control.rate_hz is 0; it must be more than 0"),
        ("rate_hz = 1000", "rate_hz = -5", "control.rate_hz is -5"),
        ("rate_hz = 1000", 'rate_hz = "fast"', "control.rate_hz is 'fast'.*number"),
        ("rate_hz = 1000", "rate_hz = 5", "control.watchdog_s 0.1 is shorter than one tick"),
        ("hz = 10000000", "hz = 10", "control.rate_hz 1000 is faster than timer.hz 10"),
        ("hz = 10000000", "hz = 0", "timer.hz is 0"),
        ("size = 0x4000", "size = 0x1000000", "stack.size 16777216 does not fit"),
        ("size = 0x4000", "size = 1000", "stack.size is 1000"),
        ("base = 0x80ff0000", "base = 0x90000000", "mailbox 0x90000000-0x90010000 is outside ram"),
        ("base = 0x80ff0000", "base = 0x80ff0001", "mailbox 0x80ff0001-0x81000001 is outside ram"),
        ("base = 0x80ff0000", "base = 0x80fe0001", "mailbox.base 0x80fe0001 is not a multiple"),
        ("base = 0x80ff0000", "base = 0x80000000", "not above entry"),
        ("entry = 0x80000000", "entry = 0x1000", "entry 0x1000 is in no memory region"),
        ("base = 0x02000000", "base = 0x80001000", "regions 'ram' .* and 'timer' .* overlap"),
        ('kind = "clint"', 'kind = "rtc"', "timer.kind is 'rtc'; valid: clint"),
        ("riscv64", "riscv32", "'qemu-system-riscv32' does not run isa 'rv64gc'"),
        ("[emulator]", "[emulator]\nharts = 0", "emulator.harts is 0; .* at least 1"),
        ('name = "virt-rv64"', 'name = "virt-rv64"\nhart = 1', "hart 1 does not exist"),
        ('kind = "ram"', 'kind = "rom"', "memory\\[0\\].kind is 'rom'; valid: ram, flash"),
        ('kind = "ram"', 'kind = "flash"', "mailbox .* is outside ram: it has none"),
        ("size = 0x01000000", "size = 512", "memory\\[0\\].size is 512; it must be at least 1024"),
        ("size = 0x10000", "size = 64", "mailbox.size is 64; it must be at least 448"),
        ("entry = 0x80000000", "", "'entry' is a required property"),
        ("base = 0x10000000", "", "uart: 'base' is a required property"),
        ("[uart]", "[uart]\noptions = {reg_shift = 'two'}", "uart.options.reg_shift is 'two'"),
        ("[emulator]", "[flash]\ntool = 'x'\n[emulator]", "flash: 'command' is a required"),
        ("[uart]", "[uart]\nbaud = 9600", "uart: .*'baud'"),
        ("[stack]\nsize = 0x4000", "", "'stack' is a required property"),
        ("[stack]", "[stack", "not TOML"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_name(tmp_path, old, new, says):
    text = _text()
    assert old in text
    path = tmp_path / "odd.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BoardError, match=says) as caught:
        load_board(path)
    assert "odd.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_memories_must_not_overlap(tmp_path):
    path = tmp_path / "odd.toml"
    extra = '[[memory]]\nname = "more"\nkind = "ram"\nbase = 0x80800000\nsize = 0x1000\n[stack]'
    path.write_text(_text().replace("[stack]", extra))
    with pytest.raises(BoardError, match="'ram' .* and 'more' .* overlap"):
        load_board(path)


def _small(tmp_path, old, new):
    text = (resources.files("hardware") / "boards" / "hifive1.toml").read_text()
    assert old in text
    path = tmp_path / "odd.toml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_devices_must_not_overlap_memory(tmp_path):
    gpio = '[[devices]]\nrole = "gpio"\nkind = "sifive"\nbase = 0x80000100\n[control]'
    with pytest.raises(BoardError, match="regions 'dtim' .* and 'gpio' .* overlap"):
        load_board(_small(tmp_path, "[control]", gpio))


def test_a_ram_too_small_for_stack_and_mailbox_is_refused(tmp_path):
    with pytest.raises(BoardError, match="stack.size 4096 does not fit: dtim has 2048 bytes"):
        load_board(_small(tmp_path, "size = 0x4000", "size = 0x3000"))
    with pytest.raises(BoardError, match="mailbox 0x80000000-0x80002800 is outside dtim"):
        load_board(_small(tmp_path, "size = 0x4000", "size = 0x2000"))


def test_code_in_flash_leaves_ram_to_data_stack_and_mailbox(tmp_path):
    board = load_board("hifive1")
    assert (board.code.name, board.ram.name) == ("flash", "dtim")
    assert board.code_space().base == board.entry
    space = board.data_space(3840)
    assert (space.base, space.end) == (0x80000F00, 0x80004000)
    at_the_top = load_board(_small(tmp_path, "base = 0x80000000\nsize = 0x2800",
                                   "base = 0x80001800\nsize = 0x2800"))  # fmt: skip
    assert at_the_top.data_space(3840) == Memory("dtim", "ram", 0x80000000, 0x1800)


def test_devices_carry_what_their_drivers_need(tmp_path):
    gpio = """[[devices]]
role = "gpio"
kind = "sifive"
base = 0x10012000
irq = 8
clock_hz = 16000000
options = {pins = 32}
[control]"""
    board = load_board(_small(tmp_path, "[control]", gpio))
    (found,) = board.parts("gpio")
    assert (found.kind, found.irq, found.clock_hz) == ("sifive", 8, 16_000_000)
    assert (found.option("pins", 0), found.option("other", 7)) == (32, 7)
    assert board.parts("uart") == (board.uart,)


@pytest.mark.parametrize("name", boards())
def test_a_board_says_where_its_numbers_are_from_and_how_to_use_it(name):
    board = load_board(name)
    assert board.sources and board.wiring and board.proven
    assert board.runs == ("qemu" if board.emulator else "built")
    if board.emulator is None:
        assert board.flash is not None
    if board.flash is not None:
        fields = set(re.findall(r"{(\w+)}", board.flash.command))
        assert fields & {"elf", "bin", "uf2"} and fields <= {"elf", "bin", "uf2", "port"}


def test_the_boards_page_is_current(tmp_path):
    page_file = Path(__file__).parents[2] / "docs" / "boards.md"
    copy = tmp_path / "boards.md"
    copy.write_text(page_file.read_text())
    page.write(copy, [load_board(name) for name in boards()])
    assert copy.read_text() == page_file.read_text(), "run: millhand boards --write docs/boards.md"


def test_a_page_without_its_marks_is_refused(tmp_path):
    with pytest.raises(BoardError, match="other.md has no lines"):
        page.write(tmp_path / "other.md", [])


def test_isa_strings_are_taken_apart():
    assert parse_isa("rv64gc") == (64, ("i", "m", "a", "f", "d", "zicsr", "zifencei", "c"))
    assert parse_isa("rv32imac_zba_zbb") == (32, ("i", "m", "a", "c", "zba", "zbb"))
    assert parse_isa("rv32ec") == (32, ("e", "c"))
    assert parse_isa("rv64gc_xtheadba_xtheadmac")[1][-2:] == ("xtheadba", "xtheadmac")
    assert valid_abis(32, ("e", "c")) == ("ilp32e",)
    assert valid_abis(32, ("i", "m")) == ("ilp32",)
    assert valid_abis(64, ("i", "f", "d")) == ("lp64", "lp64f", "lp64d")
