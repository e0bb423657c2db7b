"""From a controller and a board to a linked firmware image, built once per content."""

import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import ToolchainError
from drivers.guard import output_header
from drivers.mailbox import mailbox_dtype
from drivers.toolchain import header, link
from drivers.toolchain.elf import sizes
from drivers.toolchain.emit import compile_kernel
from drivers.toolchain.objects import cache_folder
from drivers.toolchain.protocol_header import protocol_header
from drivers.toolchain.stack import worst_case
from hardware import Board
from robots.controllers.contract import Controller


@dataclass(frozen=True)
class Firmware:
    """A linked image. `text_bytes` is code and constants; `ram_bytes` and `flash_bytes` are all
    that it takes of each, the stack and the mailbox included.

    `stack_bytes` is the size of the stack that is reserved within `ram_bytes`, and
    `stack_used_bytes` the most that kernel and runtime can use of it; None where code calls
    through a pointer, so that nobody can tell, and where the operating system gives the stack.
    """

    board: Board
    controller: Controller
    elf: Path
    text_bytes: int
    ram_bytes: int
    stack_bytes: int | None
    sha256: str
    cached: bool
    flash_bytes: int = 0
    stack_used_bytes: int | None = None


def build(
    controller: Controller,
    board: Board,
    out_dir: str | Path | None = None,
    step: bytes | None = None,
    runtime: str = "lockstep",
    debug: bool = False,
) -> Firmware:
    """Build the firmware that runs a controller on a board.

    `runtime` is `lockstep`, one step a request in the mailbox, or `link`, free-running on the
    board's own timer and commanded over its UART (drivers/hostlink.py).

    The same kernel, board and tools give the same bits, and are built once: the image is kept
    in `cache_folder()`. With `out_dir` a copy is put there as `CONTROLLER-BOARD.elf`. `step` is
    an object file that defines `millhand_step` in the kernel's stead. With `debug` the image also
    says which source lines its code comes from. Raises ToolchainError.
    """
    room = mailbox_dtype(controller).itemsize
    if room > board.mailbox.size:
        raise ToolchainError(
            f"{controller.name} needs a mailbox of {room} bytes; "
            f"{board.name} has mailbox.size {board.mailbox.size}"
        )
    code = compile_kernel(controller, board) if step is None else step
    _refuse_too_large(controller, board, code, room)
    generated = {
        "mailbox.h": header.mailbox_header(controller),
        "config.h": header.config_header(controller, board),
    }
    if runtime != "lockstep":
        generated |= {"protocol.h": protocol_header(), "output.h": output_header(controller)}
    store = cache_folder()
    # A debug image names its source files: it is this folder's.
    lines = f"-{hashlib.sha256(str(link.FIRMWARE).encode()).hexdigest()[:8]}-g" if debug else ""
    image = store / "firmware" / f"{_key(board, code, generated, room, runtime)}{lines}.elf"
    cached = image.exists()
    if not cached:
        _make(board, code, generated, image, store / "zig", room, runtime, debug)
    elf = image
    if out_dir is not None:
        elf = Path(out_dir) / f"{controller.name}-{board.name}.elf"
        elf.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, elf)
    bits = elf.read_bytes()
    text, data, zero = sizes(bits)
    in_flash = board.system == "bare" and board.code.kind == "flash"
    stack = _stack(controller, board, bits)
    return Firmware(
        board,
        controller,
        elf,
        text,
        data + zero + room + (0 if in_flash else text),
        board.stack_size,
        hashlib.sha256(bits).hexdigest(),
        cached,
        text + data if in_flash else 0,
        stack,
    )


def _refuse_too_large(controller: Controller, board: Board, kernel: bytes, mailbox: int) -> None:
    """Refuse what cannot fit, whatever the runtime adds to it; the linker checks the rest."""
    if board.system != "bare":
        return
    text, data, zero = sizes(kernel)
    code, ram = board.code_space(), board.data_space(mailbox)
    needs = {ram: board.stack_size + data + zero}
    needs[code] = needs.get(code, 0) + text
    for space, need in needs.items():
        if need > space.size:
            raise ToolchainError(
                f"{controller.name} does not fit {board.name}: its kernel and the stack need "
                f"{need} bytes of region {space.name!r}, which has {space.size} for them"
            )


def _stack(controller: Controller, board: Board, elf: bytes) -> int | None:
    """Give the most stack that an image can use, and refuse it where there is less."""
    if board.system != "bare":
        return None
    used = worst_case(elf)
    if used is not None and used > board.stack_size:
        raise ToolchainError(
            f"{controller.name} can use {used} bytes of stack; {board.name} has stack.size "
            f"{board.stack_size}"
        )
    return used


def _key(board: Board, kernel: bytes, generated: dict[str, str], mailbox: int, runtime: str) -> str:
    """Hash everything that decides the image's bits."""
    parts = [
        kernel,
        link.link_script(board, mailbox).encode(),
        " ".join(link.command(board)).encode(),
    ]
    parts += [text.encode() for text in generated.values()]
    files = [*link.sources(board, runtime), *sorted(link.FIRMWARE.glob("*.h"))]
    parts += [path.name.encode() + path.read_bytes() for path in files]
    parts.append(importlib.metadata.version("ziglang").encode())
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _make(
    board: Board,
    kernel: bytes,
    generated: dict[str, str],
    image: Path,
    zig_cache: Path,
    mailbox: int,
    runtime: str,
    debug: bool = False,
) -> None:
    image.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="millhand-build-") as name:
        folder = Path(name)
        (folder / "kernel.o").write_bytes(kernel)
        for file, text in generated.items():
            (folder / file).write_text(text, encoding="utf-8")
        made = folder / "firmware.elf"
        link.link(board, Path("kernel.o"), folder, made, zig_cache, mailbox, runtime, debug)
        # Put in place in one move: another process may build the same image now.
        with tempfile.NamedTemporaryFile(dir=image.parent, delete=False) as part:
            part.write(made.read_bytes())
        os.chmod(part.name, 0o755 if board.system == "linux" else 0o644)
        os.replace(part.name, image)
