"""A controller's step as machine code for this CPU, kept on disk and run without Numba.

Numba takes a third of a second to import and set up, in every process, before it calls the first
kernel, even one from its cache. A process that only steps controllers needs none of that: this
keeps the object file of `int32_t step(params *, state *, input *, output *)` and hands it to
LLVM's loader. Its name is a digest of all that the code depends on, as in `robots.cache`: the
sources, the four layouts, the CPU, the versions of what compiles.
"""

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robots.errors import RobotError
from robots.kernel import Kernel
from robots.sources import stamp
from robots.whole_file import read, write

if TYPE_CHECKING:
    from robots.controllers.contract import Controller

ENTRY = "millhand_step"
STEP = ctypes.PYFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 4)
PROCESS = ("memset", "memcpy", "memmove", "sqrt")
KNOWN = ("llvm.", *PROCESS)
"""What the code may call: LLVM's own, which become instructions, and what every process has."""


@lru_cache(maxsize=64)
def step_of(controller: "Controller") -> Callable[..., int] | None:
    """Give a controller's step as a C function of four addresses, from disk or compiled now.

    It gives 0, or another number where the kernel raised. None where a step is no kernel of ours,
    or needs more than the four records: one that allocates, or calls a libm. Raises RobotError
    for one that Numba cannot compile.
    """
    kernel: Any = controller.step
    if not isinstance(kernel, Kernel):
        return None
    name = _name(controller, kernel)
    if name is None:
        return None
    places = [folder / name for folder in folders(kernel.py_func.__code__.co_filename)]
    code = next((data for place in places if (data := read(place)) is not None), None)
    if code is None:
        code = _compile(controller, kernel)
        any(write(place, code) for place in places)  # the first that takes it
    process = ctypes.CDLL(None)
    if not code or not all(hasattr(process, name) for name in PROCESS):
        return None
    return _load(code)


def address_of(controller: "Controller") -> int:
    """Give the address of what `step_of` gives, for compiled code to call; 0 for None."""
    found = step_of(controller)
    return 0 if found is None else ctypes.cast(found, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def folders(file: str) -> Iterator[Path]:
    """Give where compiled code of a source file is kept, in the order of Numba's own cache."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen) / "millhand"
        return
    yield Path(file).parent / "__pycache__"
    if sys.platform == "win32":
        user = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        user = Path.home() / "Library" / "Caches"
    else:
        user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    yield user / "millhand"


def _name(controller: "Controller", kernel: Kernel) -> str | None:
    """Give the file's name; None for a closure over more than plain numbers and texts."""
    held = [cell.cell_contents for cell in kernel.py_func.__closure__ or ()]
    if not all(isinstance(value, int | float | str) for value in held):
        return None
    layouts = (controller.params, controller.state, controller.input, controller.output)
    parts = (
        kernel.__module__,
        kernel.__qualname__,
        held,
        stamp(kernel.py_func),
        *((str(layout), layout.itemsize, layout.isalignedstruct) for layout in layouts),
        _compiler(),
    )
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return f"{controller.name}.{digest[:32]}.o"


@lru_cache
def _compiler() -> tuple[Any, ...]:
    """Give what else the code depends on: Numba, LLVM, the CPU, and Numba's settings."""
    import llvmlite
    import llvmlite.binding as llvm

    spec = find_spec("numba")
    version = Path(spec.origin or "").parent / "_version.py" if spec else Path()
    settings = {k: v for k, v in os.environ.items() if k.startswith("NUMBA_") and "CACHE" not in k}
    return (
        version.read_bytes() if version.is_file() else "",
        llvmlite.__version__,
        llvm.get_default_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        sorted(settings.items()),
    )


def _compile(controller: "Controller", kernel: Kernel) -> bytes:
    """Give the object file; empty where the step calls what is not KNOWN."""
    import llvmlite.binding as llvm
    import numpy as np
    from numba import typeof
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target

    layouts = (controller.params, controller.state, controller.input, controller.output)
    argtypes = tuple(typeof(np.zeros(1, layout)[0]) for layout in layouts)
    try:
        kernel.dispatcher.compile(argtypes)
    except Exception as error:  # Numba raises many unrelated types
        raise RobotError(
            f"kernel {controller.name} cannot be compiled: {_reason(error)}"
        ) from error
    result = kernel.dispatcher.overloads[argtypes]
    with global_compiler_lock:
        codegen = cpu_target.target_context.codegen()
        library = codegen.create_library(ENTRY)
        library.add_ir_module(_entry(cpu_target.target_context, library, result.fndesc))
        library.add_linking_library(result.library)
        library.finalize()
    # A copy: emitting works on the module itself, which Numba's engine holds too.
    module = llvm.parse_bitcode(library._final_module.as_bitcode())
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name != ENTRY:
            value.linkage = "internal"
    # With nobody else to call them, functions lose the references that Numba counts for arrays,
    # and what is left is ENTRY and what it reaches.
    for _ in range(2):
        builder = llvm.create_pass_builder(
            codegen._tm, llvm.create_pipeline_tuning_options(speed_level=3)
        )
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(module, builder)
    if not all(f.name.startswith(KNOWN) for f in module.functions if f.is_declaration):
        return b""
    return bytes(codegen._tm.emit_object(module))


def _reason(error: Exception) -> str:
    """Give what Numba found wrong, and where, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Failed in", "During:", "-"))]
    place = next((line for line in lines if line.startswith("File ")), "")
    what = lines[0] if lines else ""
    if isinstance(error, LookupError):  # a record has no such field
        what = f"{type(error).__name__}: {what}"
    return f"{what} ({place.rstrip(':')})" if place else what


def _entry(context: Any, library: Any, fndesc: Any) -> Any:
    """Give a module with ENTRY, which calls the compiled step with its four records."""
    from llvmlite import ir
    from numba.core import types

    module = library.create_ir_module(ENTRY)
    pointer = ir.IntType(8).as_pointer()
    entry = ir.Function(module, ir.FunctionType(ir.IntType(32), [pointer] * 4), ENTRY)
    builder = ir.IRBuilder(entry.append_basic_block())
    callee_type = context.call_conv.get_function_type(fndesc.restype, fndesc.argtypes)
    callee = ir.Function(module, callee_type, fndesc.llvm_func_name)
    given = [
        builder.bitcast(arg, context.get_value_type(kind))
        for arg, kind in zip(entry.args, fndesc.argtypes, strict=True)
    ]
    status, _ = context.call_conv.call_function(builder, callee, types.none, fndesc.argtypes, given)
    builder.ret(builder.select(status.is_error, status.code, ir.IntType(32)(0)))
    return module


_ENGINES: list[Any] = []


def _load(code: bytes) -> Callable[..., int]:
    """Link an object file into this process, for as long as it lives; give its ENTRY."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)
    return STEP(engine.get_function_address(ENTRY))
