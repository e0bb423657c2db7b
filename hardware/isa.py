"""RISC-V ISA strings and the calling conventions that fit them."""

import re

from hardware.errors import BoardError

_GENERAL = ("i", "m", "a", "f", "d", "zicsr", "zifencei")
_LETTERS = "iemafdcb"
# As LLVM names them. XuanTie's are those of the C906 and C910 that do not touch vectors.
_NAMED = "zicsr zifencei zihintpause zmmul zba zbb zbc zbs zbkb zfa zfh zca zcb zcmp zicbom \
zicbop zicboz xtheadba xtheadbb xtheadbs xtheadcmo xtheadcondmov xtheadfmemidx xtheadmac \
xtheadmemidx xtheadmempair xtheadsync"


def parse_isa(isa: str) -> tuple[int, tuple[str, ...]]:
    """Split an ISA string into its register width and its extensions.

    `rv64gc` gives (64, ("i", "m", "a", "f", "d", "zicsr", "zifencei", "c")). Raises
    BoardError for a string that is not one, or that lacks what it implies.
    """
    match = re.fullmatch(r"rv(32|64)([a-w]+)((?:_?[zx][a-z0-9]+)?(?:_[zx][a-z0-9]+)*)", isa)
    if match is None:
        raise BoardError(f"isa {isa!r} is not a RISC-V ISA string such as rv64gc or rv32imac")
    letters, named = match[2], [name for name in match[3].split("_") if name]
    if letters[0] not in "ieg":
        raise BoardError(
            f"isa {isa!r} starts with base {letters[0]!r}; valid bases: i, e (16 registers), "
            "g (imafd)"
        )
    found: list[str] = []
    for place, letter in enumerate(letters):
        if letter not in (_LETTERS if place == 0 else _LETTERS[2:]) and letter != "g":
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
    if "e" in found and "f" in found:
        raise BoardError(f"isa {isa!r} has 'f' with base 'e', for which there is no such ABI")
    return int(match[1]), tuple(found)


def valid_abis(xlen: int, extensions: tuple[str, ...]) -> tuple[str, ...]:
    """Calling conventions that a machine with these extensions can use."""
    base = "ilp32" if xlen == 32 else "lp64"
    if "e" in extensions:
        return (base + "e",)
    return (
        base,
        *((base + "f",) if "f" in extensions else ()),
        *((base + "d",) if "d" in extensions else ()),
    )
