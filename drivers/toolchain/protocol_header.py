"""`protocol.h`: the host link's words and records in C, from drivers/protocol.py."""

from enum import IntEnum

from drivers import protocol
from drivers.mailbox import Fault
from drivers.toolchain.header import c_struct


def protocol_header() -> str:
    """Write `protocol.h`: enumerations as constants, records as structs with proven offsets."""
    lines = [
        "/* Generated from drivers/protocol.py. */",
        "#ifndef MILLHAND_PROTOCOL_H",
        "#define MILLHAND_PROTOCOL_H",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
        f"#define PROTOCOL_VERSION {protocol.VERSION}u",
        f"#define PROTOCOL_NAME_SIZE {protocol.NAME_SIZE}u",
        f"#define PROTOCOL_REPLY {protocol.REPLY:#x}u",
        "#define STATE_NONE 0xffu",
    ]
    kinds: tuple[type[IntEnum], ...] = (
        protocol.Message,
        protocol.Result,
        protocol.State,
        protocol.Event,
        Fault,
    )
    for kind in kinds:
        lines += [f"#define {kind.__name__.upper()}_{m.name} {m.value}u" for m in kind]
    for name, dtype in protocol.RECORDS.items():
        c_struct(f"link_{name}", dtype, lines)
    lines.append("#endif")
    return "\n".join(lines) + "\n"
