"""Compiled kernels kept on disk: found by every later process, and by none that they do not fit.

One file a kernel and signature, in the folder that Numba takes: `NUMBA_CACHE_DIR` where it is
set, else `__pycache__` beside the source, else the user's cache folder where that cannot be
written. A kernel that can be kept nowhere is compiled in every process.

The file's name is a digest of all that the code depends on, so there is no index to keep in
step with the data: processes that start together can at worst compile the same thing twice.
Numba's own cache has such an index and numbers its files; two processes that fill it at once
can leave one signature's code under the other's name.
"""

import contextlib
import hashlib
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.serialize import dumps

from robots.sources import stamp
from robots.whole_file import read, write

VERSIONS = (numba.__version__, llvmlite.__version__)


class KernelFiles:
    """The files of one kernel; stands in for Numba's index and data files."""

    def __init__(self, folder: Path, base: str, stamp: str) -> None:
        self.folder, self.base, self.stamp = folder, base, stamp

    def path(self, key: Any) -> Path:
        """Give the file for a signature on a machine, as told by Numba's `key`."""
        code = hashlib.sha256(repr((key, VERSIONS, self.stamp)).encode()).hexdigest()
        return self.folder / f"{self.base}.{self.stamp[:16]}.{code[:32]}.nbc"

    def load(self, key: Any) -> Any:
        """Give what was saved under `key`, or None."""
        data = read(self.path(key))
        if data is None:
            return None
        saved, result = pickle.loads(data)
        return result if saved == key else None

    def save(self, key: Any, result: Any) -> None:
        """Keep a result, and take away those of older sources."""
        write(self.path(key), dumps((key, result)))
        for path in self._files():
            if not path.name.startswith(f"{self.base}.{self.stamp[:16]}."):
                with contextlib.suppress(OSError):
                    path.unlink()

    def flush(self) -> None:
        """Take away every file of the kernel."""
        for path in self._files():
            with contextlib.suppress(OSError):
                path.unlink()

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for path in list(self.folder.iterdir()):
                if path.name.startswith(f"{self.base}.") and path.suffix in (".nbc", ".nbi"):
                    yield path


def compile_cached(function: Callable[..., Any], unlocked: bool = False) -> Any:
    """Give Numba's dispatcher of a function, as `robots.kernel` says."""
    compiled = numba.njit(error_model="numpy", fastmath=False, nogil=unlocked)(function)
    try:
        compiled.enable_caching()
    except RuntimeError:  # no source file, or no folder to keep it in
        return compiled
    cache = compiled._cache
    cache._cache_file = KernelFiles(
        Path(cache.cache_path), cache._impl.filename_base, stamp(function)
    )
    return compiled
