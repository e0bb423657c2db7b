"""Looks at what this machine has, part by part, and says how to mend what is missing."""

import importlib.metadata as metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hardware
from drivers.errors import DriverError
from drivers.qemu import find_qemu

PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "pybullet",
    "gymnasium",
    "torch",
    "transformers",
    "onnxruntime",
    "pyarrow",
)
INSTALL = "make setup"
MESA = "apt-get install libegl1 libgl1-mesa-dri"
# In a process of its own: a broken OpenGL driver ends the process that loads it.
DRAW = """
from sim.world import World
world = World(500, {renderer!r})
world.add_box((1, 1, 1), (0, 0, -1), (1, 0, 0, 1))
view = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, -1, 1]
lens = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, -1, 0, 0, -0.02, 0]
picture = world.picture(view, lens, 160, 160, False)
world.close()
assert picture.shape == (160, 160, 3) and picture.any()
"""
VIDEO = "import av; av.codec.Codec('libx264', 'w')"
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Part:
    """One thing that Millhand needs. `remedy` is empty when it is there."""

    name: str
    ok: bool
    version: str = ""
    remedy: str = ""
    optional: bool = False

    def row(self) -> dict[str, Any]:
        """Give it as one row of `doctor --json`."""
        return {
            "name": self.name,
            "ok": self.ok,
            "version": self.version,
            "remedy": self.remedy,
            "optional": self.optional,
        }


def part(name: str, ok: bool, version: str, remedy: str, optional: bool = False) -> Part:
    """Describe one finding; a remedy is only for what is not well."""
    return Part(name, ok, version, "" if ok else remedy, optional)


def examine() -> Iterator[Part]:
    """Look at one part after the other. Nothing here raises for what is missing."""
    yield from _python()
    yield from _pictures()
    yield from _boards()
    yield from _policies()


def _python() -> Iterator[Part]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield part("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    for name in PACKAGES:
        yield package(name)


def package(name: str) -> Part:
    """Say whether a package is installed, and in which version."""
    version = _version(name)
    return part(name, bool(version), version, INSTALL)


def _pictures() -> Iterator[Part]:
    yield part("renderer fast", _runs(DRAW.format(renderer="fast")), "software", INSTALL)
    yield part("renderer tiny", _runs(DRAW.format(renderer="tiny")), "software", INSTALL)
    remedy = f"{MESA} (optional: the fast renderer needs none)"
    yield part("renderer egl", _runs(DRAW.format(renderer="egl")), "OpenGL", remedy, True)
    yield part("video", _runs(VIDEO), f"av {_version('av')} with H.264", INSTALL)


def _runs(code: str) -> bool:
    """Run Python code in a process of its own; True when it ends well."""
    command = [sys.executable, "-c", code]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, cwd=root)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _boards() -> Iterator[Part]:
    compiler = find_spec("ziglang") is not None
    yield part("cross-compiler", compiler, f"ziglang {_version('ziglang')}", INSTALL)
    for name in hardware.boards():
        board = hardware.load_board(name)
        if board.emulator is None:
            yield part(f"board {name}", compiler, "firmware only, no emulator", INSTALL)
            continue
        try:
            program = find_qemu(board)
        except DriverError as error:
            # QEMU's user mode is there for Linux hosts alone.
            optional = board.system == "linux" and sys.platform != "linux"
            yield part(f"board {name}", False, "", str(error), optional)
        else:
            yield part(f"board {name}", True, qemu_version(program), "")


def qemu_version(program: str) -> str:
    """Give `QEMU 7.2.0` for a QEMU program, or its name when it does not say."""
    path = shutil.which(program) or program
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return program
    found = re.search(r"version (\S+)", done.stdout)
    return f"QEMU {found[1]}" if found else program


def _policies() -> Iterator[Part]:
    root = Path(__file__).parent.parent / "policies"
    weights = sorted(root.rglob("*.safetensors"))
    names = ", ".join(
        f"{path.parent.name} ({path.stat().st_size / 1e6:.1f} MB)" for path in weights
    )
    yield part("policy weights", bool(weights), names, "millhand record, then millhand train")
