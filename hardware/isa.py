"""RISC-V ISA strings and the calling conventions that fit them."""

import re

from hardware.errors import BoardError

_GENERAL = ("i", "m", "a", "f", "d", "zicsr", "zifencei")
_LETTERS = "imafdcb"
_NAMED = "zicsr zifencei zihintpause zba zbb zbc zbs zfa zfh zcb zcmp zicbom zicbop zicboz"


def parse_isa(isa: str) -> tuple[int, tuple[str, ...]]:
    """Split an ISA string into its register width and its extensions.

    `rv64gc` gives (64, ("i", "m", "a", "f", "d", "zicsr", "zifencei", "c")). Raises
    BoardError for a string that is not one, or that lacks what it implies.
    """
    match = re.fullmatch(r"rv(32|64)([a-y]+)((?:_?z[a-z0-9]+)?(?:_z[a-z0-9]+)*)", isa)
    if match is None:
        raise BoardError(f"isa {isa!r} is not a RISC-V ISA string such as rv64gc or rv32imac")
    letters, named = match[2], [name for name in match[3].split("_") if name]
    if letters[0] not in "ig":
        raise BoardError(f"isa {isa!r} starts with base {letters[0]!r}; valid bases: i, g (imafd)")
    found: list[str] = []
    for letter in letters:
        if letter != "g" and letter not in _LETTERS:
            raise BoardError(
                f"isa {isa!r} has an unknown extension {letter!r}; valid: g, {', '.join(_LETTERS)}"
            )
        found.extend(_GENERAL if letter == "g" else (letter,))
    for name in named:
        if name not in _NAMED.split():
            raise BoardError(
                f"isa {isa!r} has an unknown extension {name!r}; valid: {', '.join(_NAMED.split())}"
            )
        found.append(name)
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated:
        raise BoardError(f"isa {isa!r} names extension {repeated[0]!r} twice")
    if "d" in found and "f" not in found:
        raise BoardError(f"isa {isa!r} has 'd' (double) without 'f' (single)")
    return int(match[1]), tuple(found)


def valid_abis(xlen: int, extensions: tuple[str, ...]) -> tuple[str, ...]:
    """Calling conventions that a machine with these extensions can use."""
    base = "ilp32" if xlen == 32 else "lp64"
    return (
        base,
        *((base + "f",) if "f" in extensions else ()),
        *((base + "d",) if "d" in extensions else ()),
    )
