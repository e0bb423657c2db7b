"""Boards are data; nonsense is refused by its name."""

from importlib import resources

import pytest

from hardware import BoardError, boards, load_board
from hardware.isa import parse_isa, valid_abis


def test_every_board_that_comes_with_us_loads():
    assert {"virt-rv64", "virt-rv32", "virt-rv32-soft"} <= set(boards())
    for name in boards():
        board = load_board(name)
        assert board.name == name
        assert board.xlen in (32, 64)
        assert board.ram.base <= board.mailbox.base < board.ram.end


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


def test_isa_strings_are_taken_apart():
    assert parse_isa("rv64gc") == (64, ("i", "m", "a", "f", "d", "zicsr", "zifencei", "c"))
    assert parse_isa("rv32imac_zba_zbb") == (32, ("i", "m", "a", "c", "zba", "zbb"))
    assert valid_abis(32, ("i", "m")) == ("ilp32",)
    assert valid_abis(64, ("i", "f", "d")) == ("lp64", "lp64f", "lp64d")
