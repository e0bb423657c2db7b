"""The firmware's pure C files compiled for the host, for ctypes and for fuzzing."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from drivers.toolchain import cache_folder
from drivers.toolchain.link import FIRMWARE

HERE = Path(__file__).resolve().parent / "firmware"
_WARN = ("-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{FIRMWARE}", f"-I{HERE}")


def _run(line, **changes):
    cache = str(cache_folder() / "zig")
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    return subprocess.run(
        [str(part) for part in line], capture_output=True, text=True, env=environment, **changes
    )


def _compiler():
    """The system's C compiler for the host where there is one, else ziglang's."""
    found = next((path for path in map(shutil.which, ("gcc", "cc", "clang")) if path), None)
    return [found] if found else [sys.executable, "-m", "ziglang", "cc"]


@functools.cache
def folder():
    kept = tempfile.TemporaryDirectory(prefix="millhand-host-c-")
    folder.kept = kept  # goes with the process
    return Path(kept.name)


def shared_library(name, *sources, generated=None, flags=()):
    """Compile sources to a shared library and give its path."""
    for file, text in (generated or {}).items():
        (folder() / file).write_text(text, encoding="utf-8")
    target = folder() / f"{name}.so"
    done = _run([*_compiler(), *_WARN, f"-I{folder()}", "-O1", "-shared", "-fPIC", *flags,
                 *sources, "-o", target])  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


@functools.cache
def sanitizers():
    """Flags that make memory and arithmetic errors end the program, as far as they work here.

    ziglang has no AddressSanitizer runtime; its clang still traps undefined behaviour, which
    includes every index beyond an array's end.
    """
    probe = folder() / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    for compiler in (["gcc"], ["clang"]):
        flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        if shutil.which(compiler[0]):
            done = _run([*compiler, *flags, probe, "-o", folder() / "probe"])
            if done.returncode == 0:
                return compiler, flags
    return [sys.executable, "-m", "ziglang", "cc"], ["-fsanitize=undefined",
                                                     "-fsanitize-trap=undefined"]  # fmt: skip


def program(name, *sources, generated=None):
    """Compile a program with the sanitizers and give its path."""
    for file, text in (generated or {}).items():
        (folder() / file).write_text(text, encoding="utf-8")
    compiler, flags = sanitizers()
    target = folder() / name
    done = _run([*compiler, *_WARN, f"-I{folder()}", "-O1", "-g", *flags, *sources, "-o", target])
    assert done.returncode == 0, done.stderr
    return target
