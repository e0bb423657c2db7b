"""Digests of sources: what compiled code must not outlive."""

import hashlib
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent


@lru_cache
def digest(folder: Path) -> str:
    """Give one digest of every Python source under a folder."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()


SOURCES = digest(ROOM)


def stamp(function: Callable[..., Any]) -> str:
    """Give a digest of the sources that a kernel is made of.

    Numba looks at a kernel's own file alone, although the kernels it calls are compiled into it:
    after an edit to the limiter the host would go on with the old one while firmware is built
    from the new. So every source of this room counts, and every one of the kernel's own room, or
    its own file where it is in none: as it was when its module was made, where that is known.
    """
    file = Path(function.__code__.co_filename)
    room = getattr(sys.modules.get(function.__module__.partition(".")[0]), "__path__", None)
    if room:
        own = digest(Path(room[0]))
    elif "__digest__" in function.__globals__:
        own = str(function.__globals__["__digest__"])
    else:
        own = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
    return hashlib.sha256(f"{SOURCES} {own}".encode()).hexdigest()
