"""Crash records in words: what a board's trap means, and where in the firmware it was.

Causes: RISC-V Privileged Architecture, table "Machine cause register (mcause) values after trap".
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.mailbox import Fault
from drivers.toolchain.elf import symbols

_FUNCTION, _NO_TYPE = 2, 0
_CAUSES = {
    0: "instruction address misaligned",
    1: "instruction access fault",
    2: "illegal instruction",
    3: "breakpoint",
    4: "load address misaligned",
    5: "load access fault",
    6: "store address misaligned",
    7: "store access fault",
    8: "environment call from U-mode",
    9: "environment call from S-mode",
    11: "environment call from M-mode",
    12: "instruction page fault",
    13: "load page fault",
    15: "store page fault",
}
_WITH_ADDRESS = (0, 1, 4, 5, 6, 7, 12, 13, 15)
_INTERRUPTS = {3: "machine software", 7: "machine timer", 11: "machine external"}

REGISTER_NAMES = (
    *("ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{i}" for i in range(8)),
    *(f"s{i}" for i in range(2, 12)),
    *(f"t{i}" for i in range(3, 7)),
)

FAULTS = {
    Fault.NONE: "no fault",
    Fault.TRAP: "trapped",
    Fault.KERNEL: "the kernel raised",
    Fault.STACK: "the stack overflowed",
    Fault.HOST_LOST: "the host fell silent",
    Fault.COMMAND: "it was given a command it does not know",
    Fault.LIMIT: "an output was beyond its limit, or flagged",
    Fault.OVERRUN: "a tick overran its period",
    Fault.NAN: "the output held a NaN",
}


@dataclass(frozen=True)
class Crash:
    """What a board recorded when it stopped. `registers` are x1..x31 by ABI name."""

    fault: Fault
    tick: int
    mcause: int
    mepc: int
    mtval: int
    registers: dict[str, int]

    def describe(self, elf: Path | bytes | None = None) -> str:
        """Say it in one line; with the firmware's ELF, addresses become function+offset."""
        said = f"{FAULTS[self.fault]} at tick {self.tick}"
        if self.fault not in (Fault.TRAP, Fault.OVERRUN) or not self.mepc:
            return said
        return f"{said}: {self.place(elf)}"

    def place(self, elf: Path | bytes | None = None) -> str:
        """Say what the trap was, where it was, and where that was called from."""
        names = Functions(elf) if elf is not None else None
        place = names.name(self.mepc) if names else f"{self.mepc:#x}"
        caller = names.name(self.registers["ra"]) if names else f"{self.registers['ra']:#x}"
        why = "" if self.fault is Fault.OVERRUN else f"{cause(self.mcause, self.mtval)} "
        return f"{why}at {place}, called from {caller}"


def crash_of(record: Any, tick: int, wide: bool) -> Crash:
    """Read a record with the fields of drivers/protocol.py's CRASH, or a mailbox's header.

    `wide`: the board has 64-bit registers; on others mcause's interrupt bit is bit 31.
    """
    mcause = int(record["mcause"])
    if not wide and mcause >> 31 & 1:
        mcause = mcause & 0x7FFF_FFFF | 1 << 63
    return Crash(
        Fault(int(record["fault"])),
        tick,
        mcause,
        int(record["mepc"]),
        int(record["mtval"]),
        dict(zip(REGISTER_NAMES, map(int, record["x"]), strict=True)),
    )


def cause(mcause: int, mtval: int) -> str:
    """Say what an mcause means, with the address where there is one."""
    number = mcause & 0x7FFF_FFFF
    if mcause >> 63:
        return f"{_INTERRUPTS.get(number, f'unknown ({number})')} interrupt"
    said = _CAUSES.get(number, f"unknown exception {number}")
    return f"{said} on address {mtval:#x}" if number in _WITH_ADDRESS else said


class Functions:
    """The functions of a firmware image, found by address."""

    def __init__(self, elf: Path | bytes) -> None:
        bits = elf if isinstance(elf, bytes) else elf.read_bytes()
        found = [s for s in symbols(bits) if s.section and s.kind in (_FUNCTION, _NO_TYPE)]
        named = [s for s in found if s.name and not s.name.startswith(("$", ".L", "__"))]
        # Where labels share an address, the sized function is the one to name.
        self._symbols = sorted(named, key=lambda s: (s.value, s.kind == _FUNCTION, s.size))
        self._text = next((s for s in symbols(bits) if s.name == "__text_end"), None)

    def name(self, address: int) -> str:
        """Give `function+offset` of an address, or the bare address outside the code."""
        best = None
        for symbol in self._symbols:
            if symbol.value > address:
                break
            best = symbol
        end = self._text.value if self._text else None
        inside = best is not None and (address < best.value + best.size if best.size else True)
        if best is None or not inside or (end is not None and address >= end):
            return f"{address:#x}"
        return f"{best.name}+{address - best.value:#x}"
