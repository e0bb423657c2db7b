"""Compile the firmware runtime and link it with a kernel, with ziglang's compiler and linker."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from drivers.errors import ToolchainError
from drivers.toolchain.emit import llvm_features
from hardware import Board

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
_START = {"bare": ("start.S",), "linux": ("start_linux.c", "start_linux_stack.S")}
_TARGETS = {"bare": "freestanding-none", "linux": "linux-musl"}
_SOURCES = ("core.c", "console.c", "uart_{uart}.c", "timer_{timer}.c")
_RUNTIMES = {
    "lockstep": ("main.c",),
    "link": (
        *("main_link.c", "hostlink.c", "hostlink_send.c", "hostlink_answers.c"),
        *("hostlink_acts.c", "frame.c", "state.c", "guard.c", "motors.c", "words.c"),
        *("sha256.c", "gpio_{gpio}.c"),
    ),
}
_FLAGS = (
    "-std=c11 -O2 -Wall -Wextra -Werror -fno-pic -fno-sanitize=all "
    "-fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables "
    "-fno-strict-aliasing -ffunction-sections -fdata-sections -ffp-contract=off -mcmodel=medany "
    "-Wl,--gc-sections -Wl,--build-id=none -static"
)
_FULL = re.compile(r"will not fit in region '(\w+)': overflowed by (\d+) bytes")


def sources(board: Board, runtime: str = "lockstep") -> list[Path]:
    """The runtime's files that a board needs: in `lockstep` with a host's mailbox, or free-running
    on its own timer under a host `link`.
    """
    if runtime not in _RUNTIMES:
        raise ToolchainError(f"unknown runtime {runtime!r}; valid: {', '.join(_RUNTIMES)}")
    if runtime == "link" and board.system != "bare":
        raise ToolchainError(f"{board.name} runs under {board.system}; runtime link needs bare")
    # A pin that enables the power stage: `motor_enable` among the options of the role "gpio".
    pins = (d for d in board.devices if d.role == "gpio" and d.option("motor_enable", -1) >= 0)
    gpio = next((device.kind for device in pins), None)
    kinds = {"uart": board.uart.kind, "timer": board.timer.kind, "gpio": gpio}
    patterns = (*_START[board.system], *_SOURCES, *_RUNTIMES[runtime])
    names = (name for name in patterns if gpio or "{gpio}" not in name)
    found = [FIRMWARE / name.format(**kinds) for name in names]
    if board.boot:
        found.append(FIRMWARE / f"boot_{board.boot}.c")
    if "d" not in board.extensions:
        found += [FIRMWARE / "soft_divide.c", FIRMWARE / "soft_compare.c"]
    return found


def link_script(board: Board, mailbox: int) -> str:
    """Fill in the linker script for a board with a mailbox of so many bytes.

    An operating system's own is not for us to write: it is empty.
    """
    if board.system != "bare":
        return ""
    code, data = board.code_space(), board.data_space(mailbox)
    in_flash = code.kind == "flash"
    spaces = {code.name: code, data.name: data}
    values = {
        "MEMORY": "\n".join(
            f"    {space.name} (rwx) : ORIGIN = {space.base:#x}, LENGTH = {space.size:#x}"
            for space in spaces.values()
        ),
        "CODE": code.name,
        "CONST": code.name if in_flash else data.name,
        "DATA": data.name,
        "LOAD": code.name if in_flash else data.name,
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
        f"riscv{board.xlen}-{_TARGETS[board.system]}",
        f"-mcpu=generic_rv{board.xlen}+{llvm_features(board).replace('+', '').replace(',', '+')}",
        f"-mabi={board.abi}",
        *_FLAGS.split(),
        *(("-ffreestanding", "-Wl,-T,link.ld") if board.system == "bare" else ()),
    ]


def headers_key(folder: Path) -> str:
    """Give a flag that differs when a generated header does.

    The compiler's cache knows a header by the path it had when a file was compiled first: with
    two folders at once, one build could take the other's object.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.h")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"-DHEADERS_{digest.hexdigest()[:16]}"


def link(
    board: Board,
    kernel: Path,
    folder: Path,
    elf: Path,
    zig_cache: Path,
    mailbox: int,
    runtime: str = "lockstep",
    debug: bool = False,
) -> None:
    """Compile and link `elf` in `folder`, which holds the generated headers.

    Raises ToolchainError with the compiler's first error line, or with the memory region that
    is too small and the bytes that are missing.
    """
    script = link_script(board, mailbox)
    if debug:
        script = script.replace(" *(.debug_*)", "")
    (folder / "link.ld").write_text(script, encoding="utf-8")
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
        headers_key(folder),
        *(("-gdwarf-4",) if debug else ()),
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
        full = _FULL.findall(done.stderr)
        if full:
            region, missing = max(full, key=lambda found: int(found[1]))
            raise ToolchainError(
                f"the firmware does not fit {board.name}: region {region!r} is {missing} bytes "
                "too small"
            )
        lines = (
            [text for text in done.stderr.splitlines() if "error" in text]
            or done.stderr.splitlines()
            or [f"exit status {done.returncode}"]
        )
        hint = " (pip install ziglang)" if "No module named ziglang" in done.stderr else ""
        raise ToolchainError(f"the firmware for {board.name} does not link: {lines[0]}{hint}")
