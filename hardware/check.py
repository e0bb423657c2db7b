"""Refuses what the schema cannot see: values of a board that do not fit each other."""

from hardware.board import Board, Device, Memory
from hardware.errors import BoardError
from hardware.isa import valid_abis

# Bytes of registers that belong to a device, as far as drivers touch them.
_SPAN = {"ns16550a": 0x100, "clint": 0x10000}
_SPAN_OF_OTHERS = 0x40


def check(board: Board) -> None:
    """Raise BoardError, with the value's name, where a board makes no sense."""
    abis = valid_abis(board.xlen, board.extensions)
    if board.abi not in abis:
        raise BoardError(
            f"abi {board.abi!r} does not fit isa {board.isa!r}; valid: {', '.join(abis)}"
        )
    _check_emulator(board)
    _check_regions(board)
    _check_mailbox(board)
    if board.system == "bare":
        _check_entry(board)
        _check_room(board)
    if not board.rate_hz <= board.timer_hz:
        raise BoardError(
            f"control.rate_hz {board.rate_hz:g} is faster than timer.hz {board.timer_hz}"
        )
    if board.watchdog_s * board.rate_hz < 1:
        raise BoardError(
            f"control.watchdog_s {board.watchdog_s:g} is shorter than one tick "
            f"of {1 / board.rate_hz:g} s"
        )


def _check_emulator(board: Board) -> None:
    emulator = board.emulator
    if emulator is None:
        return
    for width in (32, 64):
        if emulator.program.endswith(f"riscv{width}") and width < board.xlen:
            raise BoardError(
                f"emulator.program {emulator.program!r} does not run isa {board.isa!r}; "
                f"valid: one for riscv{board.xlen}"
            )
    if board.hart >= emulator.harts:
        raise BoardError(
            f"hart {board.hart} does not exist: emulator.harts is {emulator.harts}; "
            f"valid: 0 to {emulator.harts - 1}"
        )


def _span(device: Device) -> Memory:
    size = _SPAN.get(device.kind, _SPAN_OF_OTHERS)
    return Memory(device.role, "device", device.base, size)


def _check_regions(board: Board) -> None:
    areas = [*board.memory, *(_span(device) for device in board.devices if device.base)]
    areas.sort(key=lambda area: area.base)
    for area in areas:
        if area.end > 1 << board.xlen:
            raise BoardError(
                f"region {area.name!r} ends at {area.end:#x}, beyond {board.xlen}-bit addresses"
            )
    for low, high in zip(areas, areas[1:], strict=False):
        if low.end > high.base:
            raise BoardError(
                f"regions {low.name!r} ({low.base:#x}-{low.end:#x}) and "
                f"{high.name!r} ({high.base:#x}-{high.end:#x}) overlap"
            )


def _check_mailbox(board: Board) -> None:
    box = board.mailbox
    rams = [region for region in board.memory if region.kind == "ram"]
    if not any(ram.base <= box.base and box.end <= ram.end for ram in rams):
        known = ", ".join(f"{ram.name} {ram.base:#x}-{ram.end:#x}" for ram in rams)
        raise BoardError(
            f"mailbox {box.base:#x}-{box.end:#x} is outside {known or 'ram: it has none'}"
        )
    if box.base % 64:
        raise BoardError(f"mailbox.base {box.base:#x} is not a multiple of 64")


def _check_entry(board: Board) -> None:
    if not any(region.base <= board.entry < region.end for region in board.memory):
        raise BoardError(f"entry {board.entry:#x} is in no memory region")
    if board.code == board.ram and board.mailbox.base <= board.entry:
        raise BoardError(
            f"mailbox.base {board.mailbox.base:#x} is not above entry {board.entry:#x}, "
            "where code begins"
        )


def _check_room(board: Board) -> None:
    space = board.data_space(board.mailbox.size)
    if board.stack_size >= space.size:
        beside = "below" if space.end == board.mailbox.base else "beside"
        raise BoardError(
            f"stack.size {board.stack_size} does not fit: {space.name} has {space.size} bytes "
            f"{beside} the mailbox"
        )
