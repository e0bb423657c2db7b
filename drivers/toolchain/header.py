"""C structs generated from NumPy dtypes, with the compiler made to prove the layout."""

from enum import IntEnum

import numpy as np

from drivers import protocol
from drivers.errors import ToolchainError
from drivers.mailbox import MAGIC, VERSION, Command, Fault, Status, layout_hash, mailbox_dtype
from hardware import Board
from robots.controllers.contract import Controller

_SCALARS = {
    "b1": "uint8_t",
    "i1": "int8_t",
    "i2": "int16_t",
    "i4": "int32_t",
    "i8": "int64_t",
    "u1": "uint8_t",
    "u2": "uint16_t",
    "u4": "uint32_t",
    "u8": "uint64_t",
    "f4": "float",
    "f8": "double",
}


def mailbox_header(controller: Controller) -> str:
    """Write `mailbox.h`: the structs of the header and the four areas, and their constants."""
    lines = [
        "/* Generated from the controller's dtypes. */",
        "#pragma once",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
    ]
    c_struct("mailbox", mailbox_dtype(controller), lines)
    lines += [
        f"#define MAILBOX_MAGIC {MAGIC:#x}u",
        f"#define MAILBOX_VERSION {VERSION}u",
        f"#define MAILBOX_LAYOUT {layout_hash(controller):#x}ull",
    ]
    kinds: tuple[type[IntEnum], ...] = (Command, Status, Fault)
    for kind in kinds:
        lines += [f"#define {kind.__name__.upper()}_{m.name} {m.value}u" for m in kind]
    return "\n".join(lines) + "\n"


def config_header(controller: Controller, board: Board) -> str:
    """Write `config.h`: where things are on this board. Macros alone: assembly reads it too."""
    lines = [
        f"#define MAILBOX_BASE {board.mailbox.base:#x}u",
        f"#define MAILBOX_ROOM {board.mailbox.size:#x}u",
        f"#define STACK_SIZE {board.stack_size}",
        "#define STACK_PAINT 0x5ac4ba1d",
        f"#define BOARD_HART {board.hart}",
        f"#define BOARD_HAS_ALL_CSRS {int(board.csrs == 'all' and board.system == 'bare')}",
        f"#define BOARD_HAS_BOOT {int(bool(board.boot))}",
        f"#define TIMER_HZ {board.timer_hz}u",
    ]
    for device in board.devices:
        name = device.role.upper()
        lines.append(f"#define {name}_BASE {device.base:#x}u")
        if device.clock_hz is not None:
            lines.append(f"#define {name}_CLOCK_HZ {device.clock_hz}u")
        if device.irq is not None:
            lines.append(f"#define {name}_IRQ {device.irq}u")
        lines += [f"#define {name}_{key.upper()} {value}u" for key, value in device.options]
    lines += [
        f'#define CONTROLLER_NAME "{controller.name[: protocol.NAME_SIZE]}"',
        f'#define BOARD_NAME "{board.name[: protocol.NAME_SIZE]}"',
    ]
    lines.append(f'#define BANNER "millhand {controller.name} on {board.name}\\r\\n"')
    return "\n".join(lines) + "\n"


def c_struct(name: str, dtype: np.dtype, lines: list[str]) -> None:
    """Append the definition of `struct name`, after those it contains."""
    assert dtype.fields is not None
    members, end = [], 0
    for field in dtype.names or ():
        kind, offset = dtype.fields[field][:2]
        if offset < end:
            raise ToolchainError(f"field {name}.{field} overlaps the field before it")
        if offset > end:
            members.append(f"    uint8_t pad_{end}[{offset - end}];")
        members.append(f"    {_declare(f'{name}_{field}', field, kind, lines)};")
        end = offset + kind.itemsize
    if dtype.itemsize > end:
        members.append(f"    uint8_t pad_{end}[{dtype.itemsize - end}];")
    lines.append(f"struct {name} {{")
    lines += members
    # Padding is spelt out, so packing moves nothing; it keeps a dtype without alignment true.
    packed = " __attribute__((packed))" if _alignment(dtype) == 1 else ""
    lines.append(f"}}{packed};")
    lines.append(f'_Static_assert(sizeof(struct {name}) == {dtype.itemsize}, "{name}");')
    for field in dtype.names or ():
        offset = dtype.fields[field][1]
        lines.append(
            f'_Static_assert(offsetof(struct {name}, {field}) == {offset}, "{name}.{field}");'
        )
    lines.append("")


def _alignment(dtype: np.dtype) -> int:
    """C's alignment of a dtype; 1 for a struct whose fields are not where C would put them."""
    base = dtype.subdtype[0] if dtype.subdtype else dtype
    if base.fields is None:
        return base.itemsize
    placed = [
        (_alignment(kind), offset)
        for kind, offset in (
            (base.fields[name][0], base.fields[name][1]) for name in base.names or ()
        )
    ]
    largest = max((alignment for alignment, _ in placed), default=1)
    natural = all(offset % alignment == 0 for alignment, offset in placed)
    return largest if natural and base.itemsize % largest == 0 else 1


def _declare(struct: str, field: str, kind: np.dtype, lines: list[str]) -> str:
    base, shape = kind.subdtype or (kind, ())
    if base.fields is not None:
        c_struct(struct, base, lines)
        written = f"struct {struct}"
    elif base.byteorder == ">" or base.str[1:] not in _SCALARS:
        raise ToolchainError(
            f"field {field!r} has dtype {base}; valid: little-endian "
            f"{', '.join(_SCALARS)}, their arrays, and structs of them"
        )
    else:
        written = _SCALARS[base.str[1:]]
    return f"{written} {field}{''.join(f'[{size}]' for size in shape)}"
