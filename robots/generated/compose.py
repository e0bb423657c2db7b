"""Kernels of one's own on top of a robot's generated ones, kept on disk alike."""

from types import ModuleType

from robots.generated.cache import PACKAGE, key, store, stored
from robots.generated.kernel import Kernel
from robots.kernel import SOURCES


def compose(name: str, text: str, **kernels: Kernel) -> ModuleType:
    """Give the module of a source in which each keyword names a kernel's single form.

    Numba keeps compiled code by the file it comes from. A kernel that calls a robot's must
    therefore lie in a file of that robot's: elsewhere two robots would take turns in one place,
    and a robot that changed would go on as it was. This file's name holds the digests of `text`,
    of the kernels, and of all sources of this room.
    """
    imports = [
        f"from {kernel.module.__name__} import single as {alias}"
        for alias, kernel in kernels.items()
    ]
    whole = "\n".join([f'"""{name}, composed."""', "", *imports, "", text])
    file = f"{name}_{key(PACKAGE, whole, SOURCES)}"
    return stored(file) or store(file, whole)
