"""How every kernel of the bit-exact path is compiled."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from robots.sources import SOURCES

__all__ = ["SOURCES", "Kernel", "kernel", "unlocked"]


class Kernel:
    """A function that is compiled when it is first called, from Python or by another kernel.

    Until then neither Numba nor LLVM is loaded: importing a room full of kernels costs nothing.
    Everything that Numba's own dispatcher of a function has is there by the same name, such as
    `signatures` and `inspect_llvm`; `py_func` is the Python function.
    """

    def __init__(self, function: Callable[..., Any], unlocked: bool = False) -> None:
        functools.update_wrapper(self, function)
        self.py_func, self.unlocked = function, unlocked

    @functools.cached_property
    def dispatcher(self) -> Any:
        """Give Numba's dispatcher of the function, made when it is first asked for."""
        from robots.cache import compile_cached

        return compile_cached(self.py_func, self.unlocked)

    def __call__(self, *args: Any) -> Any:
        return self.dispatcher(*args)

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks a value that it meets in a function for: here, the dispatcher's type."""
        return self.dispatcher._numba_type_

    def __getattr__(self, name: str) -> Any:
        # Python and its tools try all sorts of special names on an object; none is Numba's.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.dispatcher, name)

    def __reduce__(self) -> Any:
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        return self.__qualname__ if found is self else (Kernel, (self.py_func, self.unlocked))


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` for the bit-exact path, when it is first needed.

    No fastmath and no fused multiply-add, so that every operation is one IEEE 754
    rounding; NumPy's error model, so that a division by zero gives inf and raises nothing;
    cached on disk, so that the second process does not pay for LLVM.
    """
    return Kernel(function)


def unlocked(function: Callable[..., Any]) -> Any:
    """Compile `function` as `kernel` does; called from Python it lets other threads run."""
    return Kernel(function, unlocked=True)
