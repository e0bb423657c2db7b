"""One generated function, compiled when it is first used, in its single and its batched form."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from math import isfinite, prod
from types import ModuleType
from typing import Any

import numpy as np

from robots.errors import RobotError
from robots.generated.functions import Signature

Dtype = Any
KEPT_BYTES = 1 << 24
DOUBLE, FLOAT = np.dtype(np.float64), np.dtype(np.float32)


class Kernel:
    """A function of a robot's state, specialised for the robot.

    `single` is the kernel for use in other compiled code, `single(*inputs, *outputs)`: float64
    arrays of the shapes in `inputs` and `outputs`, all given by the caller; C-contiguous, it
    allocates nothing, checks nothing, and gives the same bits on every machine. An output may be
    the memory of an input. What is not finite goes on as IEEE 754 says, and every NaN that comes
    out is the canonical quiet one. Kernels of your own that call it: `robots.generated.compose`.

    Call it for comfort, and `blocks` for speed. Both check what they are given and raise
    RobotError, naming what was expected, for a wrong number of arrays, a wrong shape, dtype or
    layout, an empty batch, and for NaN or infinity.
    """

    def __init__(
        self,
        robot: str,
        spec: Signature,
        load: Callable[[], ModuleType],
        operations: Callable[[], dict[str, int]],
    ) -> None:
        self.label = f"{spec.name} of {robot}"
        self.inputs, self.outputs = spec.inputs, spec.outputs
        self._load, self._operations = load, operations
        self._kept = threading.local()

    @cached_property
    def module(self) -> ModuleType:
        """The generated module; its `__file__` is straight-line Python, to be read."""
        return self._load()

    @property
    def single(self) -> Any:
        return self.module.single

    @cached_property
    def operations(self) -> dict[str, int]:
        """How many operations of each kind one state takes; `sin` counts pairs of sin and cos."""
        counts = self._operations()
        counts.pop("var", None)
        counts["sin"] = max(counts.pop("cos", 0), counts.pop("sin", 0))
        return counts

    def __call__(self, *inputs: np.ndarray, threads: int = 1) -> Any:
        """Give the outputs for one state or for many: one array, or a tuple of them.

        Inputs are (n,) float64 for one state; (batch, n), all float64 or all float32, for many,
        computed in that precision on `threads` threads. Outputs have the shapes in `outputs`,
        after the batch.
        """
        self._count(inputs, len(self.inputs))
        many = inputs[0].ndim == 2 if isinstance(inputs[0], np.ndarray) else False
        dtype = inputs[0].dtype if many else DOUBLE
        size = len(inputs[0]) if many else 0
        for (name, shape), value in zip(self.inputs.items(), inputs, strict=True):
            hint = "" if many else f" for one state, or (batch, {shape[0]}) for many"
            self._check(name, value, (size, *shape) if many else shape, dtype, hint)
            self._finite(name, value)
        if many:
            made = self._many(inputs, size, dtype, threads)
        else:
            made = [np.empty(shape) for shape in self.outputs.values()]
            self.single(*inputs, *made)
        return made[0] if len(made) == 1 else tuple(made)

    def empty(self, states: int, dtype: Dtype = DOUBLE) -> dict[str, np.ndarray]:
        """Give blocks (blocks, rows, 16) for that many states, by the name of input or output.

        They are not filled, and lie as vector registers like it. A lane that stands for no state
        still has to hold finite numbers; `robots.generated.blocks.pack` sees to it.
        """
        from robots.generated.blocks import aligned, count

        shapes = (self.inputs | self.outputs).items()
        size, kind = count(states), np.dtype(dtype)
        return {name: aligned((size, prod(shape), 16), kind) for name, shape in shapes}

    def blocks(self, *arrays: np.ndarray, threads: int = 1) -> None:
        """Compute whole blocks: inputs, then outputs, each (blocks, rows, 16) and C-contiguous.

        Sixteen states lie side by side; rows are the numbers of an input or output, flat. All are
        float64 or all float32. Sums of products may be rounded once instead of twice.
        """
        shapes = self.inputs | self.outputs
        self._count(arrays, len(shapes))
        size = arrays[0].shape[0] if isinstance(arrays[0], np.ndarray) and arrays[0].ndim else 0
        dtype = arrays[0].dtype if isinstance(arrays[0], np.ndarray) else DOUBLE
        for (name, shape), array in zip(shapes.items(), arrays, strict=True):
            self._check(name, array, (size, prod(shape), 16), dtype, " (blocks, rows, 16)")
            if name in self.inputs:
                self._finite(name, array)
        self._run(arrays, size, threads)

    def _many(
        self, inputs: tuple[np.ndarray, ...], size: int, dtype: Dtype, threads: int
    ) -> list[np.ndarray]:
        from robots.generated.blocks import pack, unpack

        room = self._room(size, dtype)
        for name, value in zip(self.inputs, inputs, strict=True):
            pack(value, room[name])
        names = self.inputs | self.outputs
        self._run(tuple(room[name] for name in names), len(room["q"]), threads)
        made = []
        for name, shape in self.outputs.items():
            flat = np.empty((size, prod(shape)), dtype)
            unpack(room[name], flat)
            made.append(flat.reshape(size, *shape))
        return made

    def _room(self, size: int, dtype: Dtype) -> dict[str, np.ndarray]:
        """Give blocks to work in; a thread keeps those of its last batch, unless they are big."""
        kept = getattr(self._kept, "room", None)
        if kept is not None and kept[0] == (size, dtype):
            return dict(kept[1])
        room = self.empty(size, dtype)
        if sum(array.nbytes for array in room.values()) <= KEPT_BYTES:
            self._kept.room = ((size, dtype), room)
        return room

    def _run(self, arrays: tuple[np.ndarray, ...], size: int, threads: int) -> None:
        batched: Callable[..., None] = self.module.batched
        share = min(threads, size)
        if share < 2:
            batched(*arrays, 0, size)
            return
        edges = [size * i // share for i in range(share + 1)]
        jobs = [
            _pool(share).submit(batched, *arrays, first, last)
            for first, last in zip(edges[:-1], edges[1:], strict=True)
        ]
        for job in jobs:
            job.result()

    def _count(self, arrays: tuple[Any, ...], wanted: int) -> None:
        if len(arrays) != wanted:
            names = ", ".join([*self.inputs, *self.outputs][:wanted])
            raise RobotError(f"{self.label}: {len(arrays)} arrays given; expected {names}")

    def _check(
        self, name: str, value: Any, shape: tuple[int, ...], dtype: Dtype, hint: str
    ) -> None:
        if not isinstance(value, np.ndarray):
            raise RobotError(
                f"{self.label}: {name} is a {type(value).__name__}; "
                f"expected a NumPy array {shape}{hint}"
            )
        if 0 in shape and value.ndim == len(shape):
            raise RobotError(f"{self.label}: {name} is empty; expected at least one state")
        if value.shape != shape:
            raise RobotError(
                f"{self.label}: {name} has shape {value.shape}; expected {shape}{hint}"
            )
        if value.dtype != dtype or dtype not in (DOUBLE, FLOAT):
            wanted = dtype if dtype in (DOUBLE, FLOAT) else "float64 or float32"
            raise RobotError(f"{self.label}: {name} has dtype {value.dtype}; expected {wanted}")
        if not value.flags.c_contiguous:
            raise RobotError(
                f"{self.label}: {name} has strides {value.strides}; expected a C-contiguous array"
            )

    def _finite(self, name: str, value: np.ndarray) -> None:
        # One fast sum tells nearly always; only where it does not, every number is looked at.
        if isfinite(value.sum()) or np.isfinite(value).all():
            return
        place = np.argwhere(~np.isfinite(value))[0].tolist()
        raise RobotError(
            f"{self.label}: {name}{place} is {value[tuple(place)]}; expected finite numbers"
        )


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="millhand-batch")
