"""A Numba target per RISC-V register width, so that Numba itself lowers a kernel for a board.

Numba's stock target optimises every function for the host as soon as it is lowered, and
caches the result. Firmware must start before that. So a kernel, and every kernel that it
calls, is typed and lowered again here, by the same front end, with the board's data layout
and without any optimisation; `emit` optimises the whole for the board afterwards.
"""

import functools
from typing import Any, ClassVar, Literal

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import typeof
from numba.core import codegen, cpu, dispatcher, imputils, registry, types, typing
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.descriptors import TargetDescriptor
from numba.core.dispatcher import Dispatcher
from numba.core.target_extension import (
    CPU,
    dispatcher_registry,
    jit_registry,
    target_override,
    target_registry,
)

from drivers.toolchain.calling import DirectCallConv
from drivers.toolchain.counted import CountedCompiler
from robots.controllers.contract import Controller
from robots.kernel import Kernel

ENTRY = "millhand_step"
Lines = Literal["forgotten", "located", "counted"]
"""What becomes of source lines: nothing, LLVM's debug metadata, or counters (`counted`)."""
TRIPLES = {32: "riscv32-unknown-none-elf", 64: "riscv64-unknown-none-elf"}
_LAYOUT_OF = {32: ("ilp32", "+m"), 64: ("lp64", "+m")}


_CASTS = imputils.Registry("millhand")


@_CASTS.lower_cast(types.NestedArray, types.Array)  # type: ignore[untyped-decorator]
def _forget_shape(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return value


class _Library(codegen.CPUCodeLibrary):
    """A module that is linked but never optimised."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_specific(self) -> None:
        pass


class _Codegen(codegen.CPUCodegen):
    _library_class = _Library

    def __init__(self, module_name: str, xlen: int) -> None:
        self._xlen = xlen
        super().__init__(module_name)

    def _init(self, llvm_module: Any) -> None:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        abi, features = _LAYOUT_OF[self._xlen]
        target = llvm.Target.from_triple(TRIPLES[self._xlen])
        self._tm = target.create_target_machine(abiname=abi, features=features)
        self._tm_features = features
        self._target_data = self._tm.target_data
        self._data_layout = str(self._target_data)

    def _add_module(self, module: Any) -> None:
        pass

    def _create_empty_module(self, name: str) -> ir.Module:
        module = super()._create_empty_module(name)
        module.triple = TRIPLES[self._xlen]
        return module


class _Context(cpu.CPUContext):
    def __init__(self, typingctx: Any, target: str, xlen: int) -> None:
        self._xlen = xlen
        super().__init__(typingctx, target)

    def init(self) -> None:
        # fix_divmod would replace 64-bit division by a loop that calls back into the host's
        # target; the compiler runtime linked into the firmware has the division itself.
        self.is32bit = False
        self._internal_codegen = _Codegen("millhand", self._xlen)
        # A board has no heap: an allocation is an error where it stands, and there is nothing
        # whose references would have to be counted.
        self.enable_nrt = False

    @functools.cached_property
    def call_conv(self) -> DirectCallConv:
        return DirectCallConv(self)

    def load_additional_registries(self) -> None:
        # The process-wide Numba runtime must be set up by, and for, the host.
        registry.cpu_target.target_context.refresh()
        super().load_additional_registries()
        self.install_registry(_CASTS)

    def post_lowering(self, mod: Any, library: Any) -> None:
        pass

    def get_executable(self, library: Any, fndesc: Any, env: Any) -> object:
        # Nothing here can run on the host; Numba only wants a key for its tables.
        return functools.partial(_not_callable, fndesc.qualname)


def _not_callable(name: str, *_: Any) -> None:
    raise TypeError(f"{name} was compiled for a board and cannot be called on the host")


class _NarrowRange(typing.templates.ConcreteTemplate):
    """Numba's range counts in 64 bits, which takes a 32-bit machine two registers.

    No loop of a tick has 2**31 turns, so that counting in 32 bits gives the same numbers.
    """

    key = range
    cases: ClassVar = [
        typing.signature(types.range_state32_type, *[types.int32] * n) for n in (1, 2, 3)
    ]


class _TypingContext(typing.Context):
    """Types a reference to a host kernel as that kernel's twin on this target."""

    def __init__(self, twin: Any, xlen: int) -> None:
        self._twin = twin
        self._xlen = xlen
        super().__init__()

    def resolve_value_type(self, val: Any) -> Any:
        if val is range and self._xlen == 32:
            return types.Function(_NarrowRange)
        if isinstance(val, Kernel):
            val = val.dispatcher
        if isinstance(val, registry.CPUDispatcher):
            val = self._twin(val)
        return super().resolve_value_type(val)


class BoardTarget(TargetDescriptor):
    """One register width: its contexts, and the twins of the host's kernels."""

    options = cpu.CPUTargetOptions

    def __init__(self, xlen: int, lines: Lines) -> None:
        super().__init__(f"millhand_riscv{xlen}_{lines}")
        self._debug = lines == "located"
        self.compiler = CountedCompiler if lines == "counted" else Compiler
        self._twins: dict[int, tuple[Any, Any]] = {}
        self._typing = _TypingContext(self.twin, xlen)
        name = self._target_name
        token = type(name, (CPU,), {})
        target_registry[name] = token
        self.dispatcher = type(f"Dispatcher{xlen}", (_BoardDispatcher,), {"targetdescr": self})
        dispatcher_registry[token] = self.dispatcher
        jit_registry[token] = self._jit
        self._context = _Context(self._typing, name, xlen)

    @property
    def typing_context(self) -> Any:
        return self._typing

    @property
    def target_context(self) -> Any:
        return self._context

    def twin(self, kernel: Any) -> Any:
        """Give this target's dispatcher of a host kernel, made once."""
        if id(kernel) not in self._twins:
            options = {**kernel.targetoptions, "debug": self._debug}
            made = self.dispatcher(kernel.py_func, kernel.locals, options)
            self._twins[id(kernel)] = (kernel, made)  # keeps `kernel`, and so its id, alive
        return self._twins[id(kernel)][1]

    def _jit(self, *args: Any, **options: Any) -> Any:
        def decorate(function: Any) -> Any:
            options.update(nopython=True, debug=self._debug)
            return self.dispatcher(function, targetoptions=options)

        return decorate(args[0]) if args else decorate


class _BoardDispatcher(dispatcher.Dispatcher):
    targetdescr: ClassVar[BoardTarget]

    def __init__(
        self, py_func: Any, locals: Any = None, targetoptions: Any = None, **kwargs: Any
    ) -> None:
        options = {k: v for k, v in (targetoptions or {}).items() if k != "cache"}
        options.update(nopython=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
        kwargs.setdefault("pipeline_class", self.targetdescr.compiler)
        super().__init__(py_func, locals or {}, options, **kwargs)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        # An array that is a record's field has a type of its own, with its shape in it. One
        # function for both kinds halves the code of what is called with either.
        return super().get_call_template(
            tuple(map(_without_shape, args)), {k: _without_shape(v) for k, v in kws.items()}
        )

    def add_overload(self, cres: Any) -> None:
        self.overloads[tuple(cres.signature.args)] = cres


def _without_shape(kind: Any) -> Any:
    if isinstance(kind, types.NestedArray):
        return types.Array(kind.dtype, kind.ndim, "C")
    return kind


@functools.cache
def board_target(xlen: int, lines: Lines) -> BoardTarget:
    """Give the Numba target of a register width, 32 or 64."""
    return BoardTarget(xlen, lines)


def kernel_of(controller: Controller) -> Dispatcher:
    """Give Numba's dispatcher of a controller's step. Raises TypeError where it has none."""
    host: Any = controller.step
    if isinstance(host, Kernel):
        host = host.dispatcher
    if not isinstance(host, Dispatcher):
        raise TypeError(f"{controller.name}'s step is {type(host).__name__}, not a Numba kernel")
    return host


def lower(controller: Controller, xlen: int, lines: Lines = "forgotten") -> llvm.ModuleRef:
    """Lower the controller's kernel and all it calls to one unoptimised LLVM module.

    The module exports `int32_t millhand_step(params *, state *, input *, output *)` of four
    areas that do not overlap. It returns 0: a kernel that can raise is refused.
    """
    target = board_target(xlen, lines)
    context = target.target_context
    host = kernel_of(controller)
    records = (controller.params, controller.state, controller.input, controller.output)
    argtypes = tuple(typeof(np.zeros(1, dtype)[0]) for dtype in records)
    with global_compiler_lock, target_override(target._target_name):
        twin = target.twin(host)
        twin.compile(argtypes)
        result = twin.overloads[argtypes]
        library = context.codegen().create_library("entry")
        library.add_ir_module(_entry(context, library, result.fndesc))
        library.add_linking_library(result.library)
        library.finalize()
    return library._final_module


def _entry(context: Any, library: Any, fndesc: Any) -> ir.Module:
    module = library.create_ir_module("entry")
    pointer = ir.IntType(8).as_pointer()
    entry = ir.Function(module, ir.FunctionType(ir.IntType(32), [pointer] * 4), ENTRY)
    for arg in entry.args:
        arg.add_attribute("noalias")
    builder = ir.IRBuilder(entry.append_basic_block())
    callee = ir.Function(
        module,
        context.call_conv.get_function_type(fndesc.restype, fndesc.argtypes),
        fndesc.llvm_func_name,
    )
    arguments = [
        builder.bitcast(arg, context.get_value_type(ty))
        for arg, ty in zip(entry.args, fndesc.argtypes, strict=True)
    ]
    context.call_conv.call_function(builder, callee, types.none, fndesc.argtypes, arguments)
    builder.ret(ir.IntType(32)(0))
    return module
