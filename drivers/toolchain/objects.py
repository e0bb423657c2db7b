"""Kernels' object files kept on disk: an unchanged kernel is not compiled again by a new process.

A file's name is a digest of all that the object depends on, as in `robots.cache`: the sources of
the kernel and of its room, what it closes over, the four layouts, the board's ISA and ABI, this
toolchain, and the versions of what compiles.
"""

import hashlib
import os
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hardware import Board
from robots.controllers.contract import Controller
from robots.kernel import Kernel
from robots.sources import digest, stamp
from robots.whole_file import read, write


def cache_folder() -> Path:
    """Where built firmware is kept: `$MILLHAND_CACHE`, or `~/.cache/millhand`."""
    return Path(os.environ.get("MILLHAND_CACHE") or Path.home() / ".cache" / "millhand")


def kept(controller: Controller, board: Board) -> bytes | None:
    """Give the object file that was kept for a controller on boards like this one, or None."""
    path = _path(controller, board)
    return read(path) if path else None


def keep(controller: Controller, board: Board, code: bytes) -> None:
    """Keep an object file, where the kernel is one that can be told from its sources."""
    path = _path(controller, board)
    if path:
        write(path, code)


def _path(controller: Controller, board: Board) -> Path | None:
    made_of = _made_of(controller.step)
    if made_of is None:
        return None
    layouts = (controller.params, controller.state, controller.input, controller.output)
    parts = (
        made_of,
        *((str(layout), layout.itemsize, layout.isalignedstruct) for layout in layouts),
        (board.xlen, board.extensions, board.abi),
        _compiler(),
    )
    name = hashlib.sha256(repr(parts).encode()).hexdigest()
    return cache_folder() / "kernels" / f"{controller.name}.{name[:32]}.o"


def _made_of(kernel: Any) -> Any:
    """Say what a kernel is made of; None where sources and plain numbers do not tell."""
    if not isinstance(kernel, Kernel) or not Path(kernel.py_func.__code__.co_filename).is_file():
        return None
    held = []
    for cell in kernel.py_func.__closure__ or ():
        value = cell.cell_contents
        plain = isinstance(value, int | float | str)
        found = repr(value) if plain else _made_of(value)
        if found is None:
            return None
        held.append(found)
    return kernel.__module__, kernel.__qualname__, stamp(kernel.py_func), held


@lru_cache
def _compiler() -> tuple[Any, ...]:
    settings = {k: v for k, v in os.environ.items() if k.startswith("NUMBA_") and "CACHE" not in k}
    return (
        digest(Path(__file__).parent),
        version("numba"),
        version("llvmlite"),
        sorted(settings.items()),
    )
