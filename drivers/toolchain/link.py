"""Compile the firmware runtime and link it with a kernel, with ziglang's compiler and linker."""

import os
import subprocess
import sys
from pathlib import Path

from drivers.errors import ToolchainError
from drivers.toolchain.emit import llvm_features
from drivers.toolchain.header import motor_gpio
from hardware import Board

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
_SOURCES = ("start.S", "core.c", "console.c", "uart_{uart}.c", "timer_{timer}.c")
_RUNTIMES = {
    "lockstep": ("main.c",),
    "link": (
        *("main_link.c", "hostlink.c", "frame.c", "state.c", "guard.c", "motors.c"),
        *("words.c", "sha256.c", "gpio_{gpio}.c"),
    ),
}
_FLAGS = (
    "-std=c11 -O2 -g0 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-sanitize=all "
    "-fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables "
    "-fno-strict-aliasing -ffunction-sections -fdata-sections -ffp-contract=off -mcmodel=medany "
    "-Wl,--gc-sections -Wl,--build-id=none -Wl,--strip-debug -static"
)


def sources(board: Board, runtime: str = "lockstep") -> list[Path]:
    """The runtime's files that a board needs: in `lockstep` with a host's mailbox, or free-running
    on its own timer under a host `link`.
    """
    if runtime not in _RUNTIMES:
        raise ToolchainError(f"unknown runtime {runtime!r}; valid: {', '.join(_RUNTIMES)}")
    gpio = motor_gpio(board)
    kinds = {"uart": board.uart.kind, "timer": board.timer.kind, "gpio": gpio and gpio.kind}
    names = (name for name in (*_SOURCES, *_RUNTIMES[runtime]) if gpio or "{gpio}" not in name)
    found = [FIRMWARE / name.format(**kinds) for name in names]
    if "d" not in board.extensions:
        found.append(FIRMWARE / "soft_divide.c")
    return found


def link_script(board: Board) -> str:
    """Fill in the linker script: from the entry up to the mailbox."""
    values = {
        "ENTRY": f"{board.entry:#x}",
        "LENGTH": f"{board.mailbox.base - board.entry:#x}",
        "STACK": f"{board.stack_size:#x}",
    }
    text = (FIRMWARE / "link.ld.in").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def command(board: Board) -> list[str]:
    """The compiler driver's command line, without files. Also says how bits come about."""
    return [
        "cc",
        "-target",
        f"riscv{board.xlen}-freestanding-none",
        f"-mcpu=generic_rv{board.xlen}+{llvm_features(board).replace('+', '').replace(',', '+')}",
        f"-mabi={board.abi}",
        *_FLAGS.split(),
    ]


def link(
    board: Board,
    kernel: Path,
    folder: Path,
    elf: Path,
    zig_cache: Path,
    runtime: str = "lockstep",
) -> None:
    """Compile and link `elf` in `folder`, which holds the generated headers.

    Raises ToolchainError with the compiler's first error line.
    """
    (folder / "link.ld").write_text(link_script(board), encoding="utf-8")
    zig_cache.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "ZIG_GLOBAL_CACHE_DIR": str(zig_cache),
        "ZIG_LOCAL_CACHE_DIR": str(zig_cache),
    }
    line = [
        sys.executable,
        "-m",
        "ziglang",
        *command(board),
        f"-I{FIRMWARE}",
        "-I.",
        "-Wl,-T,link.ld",
        *map(str, sources(board, runtime)),
        str(kernel),
        "-o",
        str(elf),
    ]
    try:
        done = subprocess.run(
            line, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"the compiler did not run: {error}") from error
    if done.returncode:
        lines = (
            [text for text in done.stderr.splitlines() if "error" in text]
            or done.stderr.splitlines()
            or [f"exit status {done.returncode}"]
        )
        hint = " (pip install ziglang)" if "No module named ziglang" in done.stderr else ""
        raise ToolchainError(f"the firmware for {board.name} does not link: {lines[0]}{hint}")
