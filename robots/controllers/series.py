"""Controllers one after the other, wired by the names of their fields, as one controller.

    series("limited_computed_torque", limiter, computed_torque, torque_limiter)

An input of a stage is the latest output of that name before it; where there is none it is an
input of the whole. The output of the whole has every output of every stage, the latest of a
name, and the union of their flags. `params` and `state` have one field a stage, named as the
stage is.

A kernel that is made anew around other kernels (a closure) would miss Numba's cache on disk in
every process. Here one kernel serves all series. What it runs is a number, the digest of the
stages' layouts and sources: Numba keys the cache by it, and only where the cache has nothing is
the number looked up and the code for these stages written, at typing time. The cross-compiler
goes the same way.
"""

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numba.extending import overload

from robots.controllers.contract import Controller, Step
from robots.errors import RobotError
from robots.kernel import SOURCES, kernel


class Law(Protocol):
    """What makes a controller for a robot: a module of this folder, or a Series."""

    @property
    def controller(self) -> Callable[[int], Controller]:
        """Gives the controller for n joints."""

    @property
    def params(self) -> Callable[[Any, float], np.ndarray]:
        """Gives the parameters, shape (1,), for a robot and a rate, Hz."""


@dataclass(frozen=True)
class Series:
    """Controllers in series; see the module. `body` gives what they move of a robot."""

    name: str
    laws: tuple[Law, ...]
    body: Callable[[Any], Any] = lambda robot: robot

    def size(self, robot: Any) -> int:
        """Give the n of the controller for a robot."""
        return len(self.body(robot).joint_names)

    def controller(self, n: int) -> Controller:
        """Give the controller for n joints."""
        return _joined(self.name, tuple(law.controller(n) for law in self.laws))

    def params(self, robot: Any, rate_hz: float) -> np.ndarray:
        """Give the parameters, shape (1,), of every stage for a robot controlled at `rate_hz`."""
        whole = self.controller(self.size(robot))
        record = np.zeros(1, whole.params)
        for field, law in zip(whole.params.names or (), self.laws, strict=True):
            record[field] = law.params(self.body(robot), rate_hz)
        return record


def series(name: str, *laws: Law, body: Callable[[Any], Any] | None = None) -> Series:
    """Put controllers one after the other; see the module.

    `body` gives the part of a robot that they move, such as `robots.gripper.fingers`; the whole
    where it is None. Raises RobotError where there is no law; making the controller raises it
    where two stages have one name, or the type of a field differs between them.
    """
    if not laws:
        raise RobotError(f"series {name!r} has no stage; give one controller or more")
    return Series(name, laws, body) if body else Series(name, laws)


@lru_cache
def _joined(name: str, stages: tuple[Controller, ...]) -> Controller:
    names = [stage.name for stage in stages]
    twice = {stage for stage in names if names.count(stage) > 1}
    if twice:
        raise RobotError(f"series {name!r} has {twice.pop()!r} twice; a name may occur once")
    inputs: dict[str, np.dtype] = {}
    outputs: dict[str, np.dtype] = {}
    for stage in stages:
        for field, kind in _fields(stage.input):
            _agree(name, field, kind, outputs.get(field, inputs.get(field, kind)))
            if field not in outputs:
                inputs[field] = kind
        for field, kind in _fields(stage.output):
            _agree(name, field, kind, outputs.get(field, kind))
            outputs[field] = kind
    # Flags come last, as in every controller.
    outputs["flags"] = outputs.pop("flags", np.dtype(np.uint32))
    state = [
        (stage.name + suffix, getattr(stage, area))
        for stage in stages
        for suffix, area in (("", "state"), ("_in", "input"), ("_out", "output"))
    ]
    text = _source(stages, list(outputs))
    step, steps = _kernels(_number(text, stages))
    return Controller(
        name=name,
        params=np.dtype([(stage.name, stage.params) for stage in stages], align=True),
        state=np.dtype(state, align=True),
        input=np.dtype(list(inputs.items()), align=True),
        output=np.dtype(list(outputs.items()), align=True),
        step=step,
        steps=steps,
    )


def _fields(dtype: np.dtype) -> list[tuple[str, np.dtype]]:
    assert dtype.fields is not None
    return [(name, dtype.fields[name][0]) for name in dtype.names or ()]


def _agree(name: str, field: str, one: np.dtype, other: np.dtype) -> None:
    if one != other:
        raise RobotError(f"series {name!r}: {field!r} is {other} for one stage, {one} for another")


def _source(stages: tuple[Controller, ...], outputs: list[str]) -> str:
    """Write the function that runs the stages; `step_NAME` are their kernels."""
    lines = ["def run(number, params, state, input, output):"]
    made: dict[str, str] = {}
    for stage in stages:
        name = stage.name
        for field, kind in _fields(stage.input):
            lines += _copy(f"state.{name}_in.{field}", f"{made.get(field, 'input')}.{field}", kind)
        areas = f"params.{name}, state.{name}, state.{name}_in, state.{name}_out"
        lines.append(f"step_{name}({areas})")
        made.update({field: f"state.{name}_out" for field, _ in _fields(stage.output)})
    kinds = {field: kind for stage in stages for field, kind in _fields(stage.output)}
    for field in outputs[:-1]:
        lines += _copy(f"output.{field}", f"{made[field]}.{field}", kinds[field])
    flagged = [s.name for s in stages if "flags" in (s.output.names or ())]
    union = " | ".join(f"state.{name}_out.flags" for name in flagged)
    lines.append(f"output.flags = uint32({union or 0})")
    return "\n    ".join(lines) + "\n"


def _copy(target: str, source: str, kind: np.dtype) -> list[str]:
    """Give the lines that copy one field. An assignment of arrays would allocate."""
    shape = kind.subdtype[1] if kind.subdtype else ()
    at = "".join(f"[i{axis}]" for axis in range(len(shape)))
    lines = [" " * 4 * axis + f"for i{axis} in range({m}):" for axis, m in enumerate(shape)]
    return [*lines, " " * 4 * len(shape) + f"{target}{at} = {source}{at}"]


_TEXTS: dict[int, tuple[str, tuple[Controller, ...]]] = {}


def _number(text: str, stages: tuple[Controller, ...]) -> int:
    """Give the number of this series, and remember what it stands for."""
    parts = [text, SOURCES]
    for stage in stages:
        parts += [str(getattr(stage, area)) for area in ("params", "state", "input", "output")]
        # A stage from elsewhere is not among our sources: its own file has to count.
        file = inspect.getsourcefile(getattr(stage.step, "py_func", stage.step))
        if file and Path(file).exists():
            parts.append(Path(file).read_text(encoding="utf-8"))
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    number = int.from_bytes(digest[:7], "little")
    _TEXTS[number] = text, stages
    return number


def _run(number, params, state, input, output):  # type: ignore[no-untyped-def]
    """Run the stages of a series; only within kernels."""
    raise NotImplementedError("runs within kernels only")


@overload(_run, prefer_literal=True)
def _typed_run(number, params, state, input, output):  # type: ignore[no-untyped-def]
    text, stages = _TEXTS[number.literal_value]
    room: dict[str, Any] = {f"step_{stage.name}": stage.step for stage in stages}
    room["uint32"] = np.uint32
    exec(text, room)
    return room["run"]


@lru_cache
def _kernels(number: int) -> tuple[Step, Step]:
    """Give the kernel of a series for one record, and for every row of arrays."""

    @kernel
    def step(params, state, input, output):  # type: ignore[no-untyped-def]
        _run(number, params, state, input, output)

    @kernel
    def steps(params, state, input, output):  # type: ignore[no-untyped-def]
        for k in range(len(params)):
            _run(number, params[k], state[k], input[k], output[k])

    return step, steps
