"""The most stack that a firmware can use, read off its machine code.

Every function takes its frame by moving the stack pointer down, and calls others by address, so
the linked image itself says how deep a stack can grow: no compiler has to be asked, and
assembly and the compiler's own runtime count like everything else. What a function takes in
several places is added up, which can only be too much. A trap starts from the stack's top again.

Instruction formats: The RISC-V Instruction Set Manual, volume I, "RV32/64G Instruction Set
Listings" and "RVC Instruction Set Listings".
"""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.errors import ToolchainError
from drivers.toolchain.elf import sections, symbols

_RA, _SP = 1, 2
_FUNCTION, _UNTYPED, _EXECUTABLE = 2, 0, 4


@dataclass
class Function:
    """What one function takes itself, in bytes, and whom it calls by address."""

    name: str
    frame: int = 0
    calls: set[int] = field(default_factory=set)
    indirect: bool = False


def worst_case(elf: bytes, entry: str = "_start") -> int | None:
    """Give the most bytes of stack below a function of a linked image.

    None where a function is called through a pointer, so that nobody can tell. Raises
    ToolchainError where functions call each other in a circle, or `entry` is none.
    """
    found = functions(elf)
    start = next((symbol.value for symbol in symbols(elf) if symbol.name == entry), None)
    if start not in found:
        raise ToolchainError(f"the image has no function {entry}")
    return _depth(found, start, ())


def functions(elf: bytes) -> dict[int, Function]:
    """Give every function of a linked image by its address."""
    found: dict[int, Function] = {}
    wide = elf[4] == 2
    for number, section in enumerate(sections(elf)):
        if not section.flags & _EXECUTABLE or not section.data:
            continue
        names = {
            symbol.value: symbol.name
            for symbol in symbols(elf)
            if symbol.section == number
            and symbol.kind in (_FUNCTION, _UNTYPED)
            and symbol.name
            and not symbol.name.startswith(("$", ".L"))
        }
        starts = sorted(names)
        for start, end in zip(
            starts, [*starts[1:], section.address + len(section.data)], strict=True
        ):
            code = section.data[start - section.address : end - section.address]
            found[start] = _read(Function(names[start]), start, code, wide)
    return found


def _depth(found: dict[int, Function], place: int, callers: tuple[int, ...]) -> int | None:
    places = sorted(found)
    at = places[bisect.bisect_right(places, place) - 1]
    function = found[at]
    if at in callers:
        raise ToolchainError(f"function {function.name} calls itself: its stack has no bound")
    if function.indirect:
        return None
    deepest = 0
    for called in sorted(function.calls):
        depth = _depth(found, called, (*callers, at))
        if depth is None:
            return None
        deepest = max(deepest, depth)
    return function.frame + deepest


def _read(function: Function, start: int, code: bytes, wide: bool) -> Function:
    """Follow the constants that registers hold, as far as frames and calls need it."""
    known: dict[int, int] = {}
    for kind, rd, rs, value in _steps(start, code, wide):
        if kind == "move" and rd == _SP and known.pop(_SP, None) is not None:
            continue  # a new stack begins, as at the start and in a trap
        if kind == "move" and rd == _SP and rs == _SP:
            function.frame += max(0, -value)
        elif kind == "move":
            _keep(known, rd, known[rs] + value if rs in known else value if rs == 0 else None)
        elif kind == "set":
            _keep(known, rd, value)
        elif kind in ("add", "subtract") and rd == _SP:
            amount = known.get(value)
            if amount is None:
                function.indirect = True  # a frame of a size that is known only at run time
            else:
                function.frame += max(0, amount if kind == "subtract" else -amount)
        elif kind == "jump":
            if rd == _RA or not start <= value < start + len(code):
                function.calls.add(value)
        elif kind == "leap":
            if rs in known:
                function.calls.add(known[rs] + value)
            elif rd == _RA:
                function.indirect = True
        else:
            known.pop(rd, None)
    return function


def _keep(known: dict[int, int], register: int, value: int | None) -> None:
    if value is None:
        known.pop(register, None)
    else:
        known[register] = value


_Step = tuple[str, int, int, int]


def _steps(start: int, code: bytes, wide: bool) -> Iterator[_Step]:
    """Give kind, target register, source register and value of each instruction."""
    at = 0
    while at + 2 <= len(code):
        half = int.from_bytes(code[at : at + 2], "little")
        if half & 3 == 3:
            word = int.from_bytes(code[at : at + 4], "little")
            yield _long(start + at, word)
            at += 4
        else:
            yield _short(start + at, half, wide)
            at += 2


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def _long(place: int, word: int) -> _Step:
    code, rd, rs = word & 0x7F, word >> 7 & 31, word >> 15 & 31
    immediate = _signed(word >> 20, 12)
    upper = _signed(word & 0xFFFFF000, 32)
    if code == 0x6F:
        offset = (word >> 31 & 1) << 20 | (word >> 12 & 0xFF) << 12
        offset |= (word >> 20 & 1) << 11 | (word >> 21 & 0x3FF) << 1
        return "jump", rd, 0, place + _signed(offset, 21)
    if code == 0x67:
        return "leap", rd, rs, immediate
    if code == 0x17:
        return "set", rd, 0, place + upper
    if code == 0x37:
        return "set", rd, 0, upper
    if code in (0x13, 0x1B) and word >> 12 & 7 == 0:
        return "move", rd, rs, immediate
    if code == 0x33 and word >> 12 & 7 == 0 and word >> 25 in (0, 0x20):
        return "subtract" if word >> 25 else "add", rd, rs, word >> 20 & 31
    # Stores and branches have no target register.
    return "other", 0 if code in (0x23, 0x27, 0x63) else rd, 0, 0


def _short(place: int, half: int, wide: bool) -> _Step:
    quadrant, kind = half & 3, half >> 13
    rd, low, top = half >> 7 & 31, half >> 2 & 31, half >> 12 & 1
    immediate = _signed(top << 5 | low, 6)
    if quadrant == 1 and (kind == 5 or (kind == 1 and not wide)):
        offset = top << 11 | (half >> 11 & 1) << 4 | (half >> 9 & 3) << 8 | (half >> 8 & 1) << 10
        offset |= (half >> 7 & 1) << 6 | (half >> 6 & 1) << 7 | (half >> 3 & 7) << 1
        offset |= (half >> 2 & 1) << 5
        return "jump", 0 if kind == 5 else _RA, 0, place + _signed(offset, 12)
    if quadrant == 1 and kind in (0, 1):
        return "move", rd, rd, immediate
    if quadrant == 1 and kind == 2:
        return "set", rd, 0, immediate
    if quadrant == 1 and kind == 3 and rd == _SP:
        amount = top << 9 | (half >> 6 & 1) << 4 | (half >> 5 & 1) << 6
        amount |= (half >> 3 & 3) << 7 | (half >> 2 & 1) << 5
        return "move", _SP, _SP, _signed(amount, 10)
    if quadrant == 1 and kind == 3:
        return "set", rd, 0, immediate << 12
    if quadrant == 2 and kind == 4 and low == 0:
        return "leap", _RA if top else 0, rd, 0
    if quadrant == 2 and kind == 4:
        return ("add", rd, rd, low) if top else ("move", rd, low, 0)
    if quadrant == 0 or (quadrant == 1 and kind == 4):
        return "other", 8 + (half >> (2 if quadrant == 0 else 7) & 7), 0, 0
    return "other", 0 if kind > 3 else rd, 0, 0
