"""What the firmware has to look at in a controller's output before it may reach a motor."""

from collections.abc import Iterator

import numpy as np

from drivers.errors import LinkError
from robots.controllers.contract import Controller
from robots.controllers.flags import FLAG_SENSOR

COMMAND = "tau"
"""The output field that drives motors: its numbers have limits of their own."""

FAULT_FLAGS = FLAG_SENSOR
"""Output flags that stop the motors unless the host says otherwise: the controller is blind.

The other flags say that a goal was clamped, which is the controller doing its work.
"""


def commands(controller: Controller) -> int:
    """Give how many motor commands a controller's output has; 0 without the field COMMAND."""
    kind, _ = _field(controller.output, COMMAND)
    return int(np.prod(kind.shape, dtype=int)) if kind.base == np.dtype("<f8") else 0


def limits(controller: Controller, params: np.ndarray) -> np.ndarray:
    """Give the limit of each motor command, shape (commands,): `params`' `tau_max`, or infinity."""
    count = commands(controller)
    names = controller.params.names or ()
    if "tau_max" not in names or controller.params["tau_max"].base != np.dtype("<f8"):
        return np.full(count, np.inf)
    return np.broadcast_to(params["tau_max"][0], (count,)).astype("<f8")


def check_limits(controller: Controller, given: np.ndarray) -> np.ndarray:
    """Give limits as the board takes them, shape (commands,).

    Raises LinkError where they are too many or too few, negative or NaN.
    """
    found = np.asarray(given, "<f8").reshape(-1)
    count = commands(controller)
    if len(found) != count:
        raise LinkError(f"{len(found)} limits for {controller.name}, which has {count} commands")
    if not (found >= 0).all():
        raise LinkError(f"limits are {found.tolist()}; each must be a number from 0 to infinity")
    return np.abs(found)  # -0 is 0


def output_header(controller: Controller) -> str:
    """Write `output.h`: where the output's floats, flags and motor commands are."""
    runs = list(_floats(controller.output, 0))
    flag, flags = _field(controller.output, "flags")
    count = commands(controller)
    _, command = _field(controller.output, COMMAND)
    rows = [f"    {{{offset}u, {n}u, {size}u}},\n" for offset, n, size in runs]
    return (
        "/* Generated from the controller's output dtype. */\n"
        "#include <stdint.h>\n\n"
        f"#define OUTPUT_FLOATS {len(runs)}u\n"
        "static const struct { uint32_t offset, count, bytes; } output_floats[] = {\n"
        + ("".join(rows) or "    {0u, 0u, 0u},\n")
        + "};\n"
        f"#define OUTPUT_FLAGS_OFFSET {flags}u\n"
        f"#define OUTPUT_FLAGS_BYTES {flag.itemsize if flag.kind in 'ui' else 0}u\n"
        f"#define OUTPUT_COMMANDS {count}u\n"
        f"#define OUTPUT_COMMAND_OFFSET {command}u\n"
    )


def _field(dtype: np.dtype, name: str) -> tuple[np.dtype, int]:
    """Kind and offset of a field; no bytes at 0 where there is none."""
    if dtype.fields is None or name not in dtype.fields:
        return np.dtype("V0"), 0
    return dtype.fields[name][0], dtype.fields[name][1]


def _floats(dtype: np.dtype, offset: int) -> Iterator[tuple[int, int, int]]:
    """Runs of floats in a dtype: offset, count, bytes of one."""
    base, shape = dtype.subdtype or (dtype, ())
    count = int(np.prod(shape, dtype=int))
    if base.fields is None:
        if base.kind == "f":
            yield offset, count, base.itemsize
        return
    for i in range(count):
        for name in base.names or ():
            kind, inner = base.fields[name][:2]
            yield from _floats(kind, offset + i * base.itemsize + inner)
