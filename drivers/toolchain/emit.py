"""Optimise a lowered kernel for a board and emit its object file."""

import functools

import llvmlite.binding as llvm

from drivers.errors import ToolchainError
from drivers.toolchain import objects
from drivers.toolchain.counted import COUNTER
from drivers.toolchain.elf import undefined_symbols
from drivers.toolchain.places import refusal_of
from drivers.toolchain.refusals import Refusal, examine, place_of, reason_of
from drivers.toolchain.target import ENTRY, TRIPLES, Lines, kernel_of, lower
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


@functools.lru_cache(maxsize=32)
def compile_kernel(controller: Controller, board: Board) -> bytes:
    """Compile a controller's kernel to an object that defines `millhand_step`, or fetch it.

    Raises ToolchainError, which gives the line of the source and the reason, where the kernel
    needs what a board does not have: a heap, exceptions, Python, or a libm, whose functions would
    not give the same bits everywhere.
    """
    code = objects.kept(controller, board)
    if code is None:
        code = _object(controller, board, "forgotten")
        objects.keep(controller, board, code)
    return code


@functools.lru_cache(maxsize=32)
def compile_counted(controller: Controller, board: Board) -> bytes:
    """Compile as `compile_kernel` does, for a kernel that counts its lines (`counted`).

    It is not kept on disk: it names files and lines, which move without a change of the kernel.
    """
    return _object(controller, board, "counted")


def _object(controller: Controller, board: Board, lines: Lines) -> bytes:
    module, machine = _compile(controller, board, lines)
    code = machine.emit_object(module)
    foreign = undefined_symbols(code) - ALLOWED_SYMBOLS
    if foreign:
        reason = refusal_of(controller, board, foreign)
        raise ToolchainError(_sentence(controller, board, reason))
    return code


def assembly(controller: Controller, board: Board) -> str:
    """Give a kernel as assembly, to look at. Raises ToolchainError as `compile_kernel` does."""
    module, machine = _compile(controller, board)
    return str(machine.emit_assembly(module))


def _compile(
    controller: Controller, board: Board, lines: Lines = "forgotten"
) -> tuple[llvm.ModuleRef, llvm.TargetMachine]:
    try:
        kernel = kernel_of(controller)
        examine(kernel)
        module = lower(controller, board.xlen, lines)
    except (TypeError, Refusal) as refusal:
        raise ToolchainError(_sentence(controller, board, str(refusal))) from refusal
    except Exception as error:  # Numba raises many unrelated types
        reason = "{}:{}: {}".format(*place_of(error, kernel.py_func), reason_of(error))
        raise ToolchainError(_sentence(controller, board, reason)) from error
    _make_private(module)
    machine = _machine(board)
    module.data_layout = str(machine.target_data)
    _optimise(module, machine)
    return module, machine


def llvm_features(board: Board) -> str:
    """Give LLVM's feature string of the board's ISA, e.g. `+m,+a,+f,+d,+c`."""
    return ",".join(f"+{extension}" for extension in board.extensions if extension != "i")


def _machine(board: Board) -> llvm.TargetMachine:
    target = llvm.Target.from_triple(TRIPLES[board.xlen])
    return target.create_target_machine(
        cpu=f"generic-rv{board.xlen}",
        features=llvm_features(board),
        opt=2,
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
        if variable.name.startswith(COUNTER):
            variable.linkage = "external"  # found by its name, and kept though no code reaches it
            continue
        if not variable.is_declaration or variable.linkage.name == "common":
            variable.linkage = "internal"
        variable.name = f"data.{number}"


def _optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    """Inline and optimise for boards, whose memory is as scarce as their time.

    No unrolling and no vectorisation: neither would change a bit, but the one doubles the code
    for a tenth of the instructions, and a board has no vector unit.
    """
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_unrolling = False
    tuning.loop_interleaving = False
    tuning.loop_vectorization = False
    tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)


def _sentence(controller: Controller, board: Board, reason: str) -> str:
    return f"kernel {controller.name} cannot be compiled for {board.name}: {reason}"
