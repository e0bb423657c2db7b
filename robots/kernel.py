"""How every kernel of the bit-exact path is compiled."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba


def _digest(folder: Path) -> str:
    """Give one digest of every Python source under a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


SOURCES = _digest(Path(__file__).parent)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` for the bit-exact path.

    No fastmath and no fused multiply-add, so that every operation is one IEEE 754
    rounding; NumPy's error model, so that a division by zero gives inf and raises nothing;
    cached on disk, so that the second process does not pay for LLVM.
    """
    compiled = numba.njit(error_model="numpy", fastmath=False, cache=True)(function)
    # Numba takes a cached kernel for fresh as long as its own file has not changed, although the
    # kernels it calls are compiled into it: after an edit to the limiter the host would go on
    # with the old one while firmware is built from the new. Let any source of the room count.
    file = compiled._cache._cache_file
    file._source_stamp = (file._source_stamp, SOURCES)
    return compiled
