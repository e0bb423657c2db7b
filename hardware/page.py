"""The boards' page of the documentation, made from their TOML files."""

from pathlib import Path

from hardware.board import Board
from hardware.errors import BoardError

BEGIN, END = "<!-- boards: begin -->", "<!-- boards: end -->"


def write(page: Path, boards: list[Board]) -> None:
    """Renew what stands between BEGIN and END. Raises BoardError where a page has neither."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise BoardError(f"{page} has no lines {BEGIN} and {END} to write between")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(before + BEGIN + "\n\n" + body(boards) + "\n" + END + after, encoding="utf-8")


def body(boards: list[Board]) -> str:
    """The table of all boards, then a section for each."""
    lines = ["| board | ISA, ABI | code | data | runs | proven |", "|---|---|---|---|---|---|"]
    lines += [_row(board) for board in boards]
    for board in boards:
        lines += _section(board)
    return "\n".join(lines) + "\n"


def where(board: Board) -> str:
    """What runs its firmware in tests, in words."""
    if board.emulator is None:
        return "built only"
    return "QEMU, user mode" if board.system == "linux" else "QEMU"


def size(count: int) -> str:
    """Bytes in the largest unit that divides them."""
    for unit, scale in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count % scale == 0:
            return f"{count // scale} {unit}"
    return f"{count} bytes"


def code_and_data(board: Board) -> tuple[str, str]:
    """Where code and data lie, and how much room there is for each."""
    if board.system == "linux":
        return "a process", f"a process; {size(board.mailbox.size)} shared"
    if board.code == board.ram:
        return board.ram.name, f"{board.ram.name}, {size(board.ram.size)} in all"
    return (
        f"{board.code.name}, {size(board.code.size)}",
        f"{board.ram.name}, {size(board.ram.size)}",
    )


def _row(board: Board) -> str:
    code, data = code_and_data(board)
    cells = (f"[`{board.name}`](#{board.name})", f"{_short(board)}, {board.abi}", code, data)
    return "| " + " | ".join((*cells, where(board), board.proven)) + " |"


def _short(board: Board) -> str:
    head, *named = board.isa.split("_")
    if sum(name.startswith("xthead") for name in named) > 1:
        return f"{head} and XuanTie's"
    return board.isa


def _section(board: Board) -> list[str]:
    lines = ["", f"### {board.name}", "", f"{board.description}.", ""]
    lines += ["| | |", "|---|---|", f"| ISA | `{board.isa}`, ABI `{board.abi}` |"]
    for region in board.memory:
        span = f"{region.base:#x} to {region.end - 1:#x}, {size(region.size)} of {region.kind}"
        lines.append(f"| memory `{region.name}` | {span} |")
    box = f"at {board.mailbox.base:#x}, at most {size(board.mailbox.size)}"
    lines.append(f"| mailbox, stack | {box}; {size(board.stack_size)} |")
    for device in board.devices:
        place = f" at {device.base:#x}" if device.base else ""
        clock = f", {board.timer_hz} Hz" if device.role == "timer" else ""
        lines.append(f"| {device.role} | {device.kind}{place}{clock} |")
    lines.append(f"| wiring | {board.wiring} |")
    if board.flash is not None:
        steps = " && ".join(f"`{step}`" for step in board.flash.command.split(" && "))
        lines.append(f"| flash with {board.flash.tool} | {steps} {board.flash.note} |")
    lines.append(f"| sources | {'; '.join(board.sources)} |")
    return lines
