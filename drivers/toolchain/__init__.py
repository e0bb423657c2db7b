"""The cross-compiler: a controller's Numba kernel becomes firmware for a RISC-V board."""

from drivers.toolchain.emit import compile_kernel
from drivers.toolchain.firmware import Firmware, build
from drivers.toolchain.objects import cache_folder

__all__ = ["Firmware", "build", "cache_folder", "compile_kernel"]
