"""Optimise a lowered kernel for a board and emit its object file."""

import functools
from dataclasses import dataclass

import llvmlite.binding as llvm

from drivers.errors import ToolchainError
from drivers.toolchain.elf import undefined_symbols
from drivers.toolchain.target import ENTRY, TRIPLES, lower
from hardware import Board
from robots.controllers.contract import Controller

# The compiler runtime's arithmetic: exact by its definition, so the same on every machine.
_ARITHMETIC = (
    "adddf3 subdf3 muldf3 divdf3 negdf2 addsf3 subsf3 mulsf3 divsf3 negsf2 "
    "eqdf2 nedf2 ltdf2 ledf2 gtdf2 gedf2 unorddf2 eqsf2 nesf2 ltsf2 lesf2 gtsf2 gesf2 "
    "unordsf2 fixdfsi fixdfdi fixunsdfsi fixunsdfdi fixsfsi fixsfdi fixunssfsi fixunssfdi "
    "floatsidf floatdidf floatunsidf floatundidf floatsisf floatdisf floatunsisf "
    "floatundisf extendsfdf2 truncdfsf2 mulsi3 muldi3 multi3 divdi3 udivdi3 moddi3 umoddi3 divsi3 "
    "udivsi3 modsi3 umodsi3 ashldi3 ashrdi3 lshrdi3 ashlti3 ashrti3 lshrti3 clzsi2 clzdi2 "
    "ctzsi2 ctzdi2 popcountsi2 popcountdi2 bswapsi2 bswapdi2"
)
# Rounded exactly by IEEE 754's own definition, or plain copying.
_EXACT = (
    "sqrt sqrtf floor floorf ceil ceilf trunc truncf rint rintf fabs fabsf memcpy memmove memset"
)
ALLOWED_SYMBOLS = frozenset(_EXACT.split()) | {f"__{name}" for name in _ARITHMETIC.split()}


@dataclass(frozen=True)
class KernelObject:
    """A relocatable object that defines `millhand_step`, and the assembly it came from."""

    code: bytes
    assembly: str


@functools.lru_cache(maxsize=32)
def compile_kernel(controller: Controller, board: Board) -> KernelObject:
    """Compile a controller's kernel for a board.

    Raises ToolchainError, which names the kernel and the symbol, where the kernel needs
    something a board does not have: Numba's or Python's runtime, or a libm function, which
    would not give the same bits everywhere.
    """
    try:
        module = lower(controller, board.xlen)
    except Exception as error:  # Numba raises many unrelated types
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = lines[0] if lines else type(error).__name__
        raise ToolchainError(
            f"kernel {controller.name} cannot be compiled for {board.name}: {reason}"
        ) from error
    _make_private(module)
    machine = _machine(board)
    module.data_layout = str(machine.target_data)
    _optimise(module, machine)
    code = machine.emit_object(module)
    _refuse_foreign_symbols(controller, code)
    return KernelObject(code, machine.emit_assembly(module))


def llvm_features(board: Board) -> str:
    """Give LLVM's feature string of the board's ISA, e.g. `+m,+a,+f,+d,+c`."""
    return ",".join(f"+{extension}" for extension in board.extensions if extension != "i")


def _machine(board: Board) -> llvm.TargetMachine:
    target = llvm.Target.from_triple(TRIPLES[board.xlen])
    return target.create_target_machine(
        cpu=f"generic-rv{board.xlen}",
        features=llvm_features(board),
        opt=3,
        reloc="static",
        codemodel="medium",
        abiname=board.abi,
    )


def _make_private(module: llvm.ModuleRef) -> None:
    """Keep only the entry visible, and give names that do not depend on the process.

    Numba numbers types and functions in the order in which a process meets them.
    """
    number = 0
    for function in module.functions:
        if not function.is_declaration and function.name != ENTRY:
            function.linkage = "internal"
            function.name = f"kernel.{number}"
            number += 1
    for number, variable in enumerate(module.global_variables):
        if not variable.is_declaration or variable.linkage.name == "common":
            variable.linkage = "internal"
        variable.name = f"data.{number}"


def _optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    """Inline and optimise, twice, as Numba does: reference counting goes away in between.

    No vectorisation: it would not change a bit, but a board has no vector unit.
    """
    for _ in range(2):
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = False
        tuning.slp_vectorization = False
        builder = llvm.create_pass_builder(machine, tuning)
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(module, builder)


def _refuse_foreign_symbols(controller: Controller, code: bytes) -> None:
    foreign = sorted(undefined_symbols(code) - ALLOWED_SYMBOLS)
    if not foreign:
        return
    reasons = {
        "NRT_": "it allocates memory, or keeps a reference to an array",
        "Py": "it calls back into Python",
        "numba_": "it calls into Numba's runtime",
    }
    name = foreign[0]
    reason = next(
        (text for prefix, text in reasons.items() if name.startswith(prefix)),
        "a board has no such function that gives the host's bits; use robots.maths",
    )
    raise ToolchainError(
        f"kernel {controller.name} needs the symbol {', '.join(foreign)}: {reason}"
    )
