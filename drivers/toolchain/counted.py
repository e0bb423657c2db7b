"""A kernel that counts how often each of its lines runs, in the board's own memory.

Where a line begins in a block of Numba's IR, a counter of its own goes up by one. So the counts
are of the source and not of what the optimiser left of it: a branch that became a select, or a
kernel inlined into another, counts what Python would have run. The arithmetic is the plain
kernel's, and so are its bits.

A counter is a 32-bit variable whose symbol is its place: no table is needed beside the image. A
line that is in several blocks, such as a loop's head, has a counter for each: it has run as often
as the block of it that ran most.
"""

from collections import Counter
from typing import Any

from llvmlite import ir as llvm
from llvmlite.ir.instructions import StoreInstr
from numba.core import ir
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

from drivers.toolchain.refusals import NUMBA

COUNTER = "millhand.line "
"""What a counter's symbol begins with; `LINE.BLOCK FILE` follows, blocks numbered for each line."""
_WORD = llvm.IntType(32)


class _VolatileStore(StoreInstr):
    """A store that stays where it is, however often a loop comes by."""

    def descr(self, buf: list[str]) -> None:
        super().descr(buf)
        buf[-1] = buf[-1].replace("store ", "store volatile ", 1)


class _Lower(Lower):
    """Numba's lowering, with a counter where a line begins."""

    def init(self) -> None:
        super().init()
        self._line: tuple[str, int] | None = None
        self._blocks: Counter[tuple[str, int]] = Counter()

    def lower_block(self, block: ir.Block) -> None:
        self._line = None
        super().lower_block(block)

    def lower_inst(self, inst: ir.Stmt) -> None:
        line = self.loc.filename, self.loc.line
        if _is_source(inst) and line != self._line and not line[0].startswith(NUMBA):
            self._line = line
            self._count(f"{COUNTER}{line[1]}.{self._blocks[line]} {line[0]}")
            self._blocks[line] += 1
        super().lower_inst(inst)

    def _count(self, name: str) -> None:
        counter = llvm.GlobalVariable(self.module, _WORD, name)
        counter.initializer = _WORD(0)
        counter.linkage = "linkonce_odr"  # one for all types that a kernel is compiled for
        more = self.builder.add(self.builder.load(counter), _WORD(1))
        store = _VolatileStore(self.builder.block, more, counter)
        store.align = 4
        self.builder._insert(store)


def _is_source(inst: ir.Stmt) -> bool:
    """Say whether a statement stands in the source, and was not put there by Numba.

    Numba passes a variable on to where ways join by copies, at the line that set it elsewhere.
    """
    if isinstance(inst, ir.Del):
        return False
    if not isinstance(inst, ir.Assign):
        return True
    value: Any = inst.value
    if isinstance(value, ir.Var):
        return value.unversioned_name != inst.target.unversioned_name
    return not isinstance(value, ir.Arg) and value is not ir.UNDEFINED


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "millhand_counted_lowering"

    @property
    def lowering_class(self) -> type[Lower]:
        return _Lower


class CountedCompiler(Compiler):
    """Numba's compiler with lines counted."""

    def define_pipelines(self) -> list[PassManager]:
        found = super().define_pipelines()
        for passes in found:
            passes.passes = [
                (_Lowering if one is NativeLowering else one, text) for one, text in passes.passes
            ]
            passes.finalize()
        return found
