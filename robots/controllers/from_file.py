"""A controller in a file of one's own: read as a module that answers as ours do."""

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from robots.controllers.contract import Controller
from robots.errors import RobotError

INTERFACE = {"controller": "controller(n)", "params": "params(robot, rate_hz)"}
"""What makes a law: callables by these names, that take these arguments."""

_READ: dict[tuple[Path, str], ModuleType] = {}


def is_path(name: str | Path) -> bool:
    """Say whether a controller's name is that of a file."""
    return isinstance(name, Path) or name.endswith(".py") or "/" in name or "\\" in name


def read(path: str | Path) -> ModuleType:
    """Give the module that a Python file makes, read anew where the file has changed.

    The module's name has the digest of the text in it, and the text that was read is what counts
    for compiled kernels on disk: an edit while a process runs cannot put old code under the new
    text. Raises RobotError, which names the file and what is wrong, for one that cannot be read,
    does not run, or lacks what a law has.
    """
    file = Path(path).expanduser().resolve()
    try:
        text = file.read_bytes()
    except OSError as error:
        raise RobotError(f"controller {path}: {error.strerror}; give a Python file") from None
    digest = hashlib.sha256(text).hexdigest()
    if (file, digest) not in _READ:
        _READ[file, digest] = _run(path, file, text, digest)
    return _READ[file, digest]


def _run(path: str | Path, file: Path, text: bytes, digest: str) -> ModuleType:
    # Of the text alone: kernels kept beside a folder that has moved are found there again.
    module = ModuleType(f"{re.sub(r'[^A-Za-z0-9]', '_', file.stem)}_{digest[:16]}")
    module.__file__ = str(file)
    module.__dict__["__digest__"] = digest
    # Numba and pickle look modules up by name.
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, str(file), "exec"), module.__dict__)
        check(module, str(path))
    except RobotError:
        sys.modules.pop(module.__name__, None)
        raise
    except (Exception, SystemExit) as error:
        sys.modules.pop(module.__name__, None)
        raise RobotError(
            f"controller {path} does not import: {type(error).__name__}: {_first_line(error)}"
        ) from error
    return module


def check(law: Any, name: str) -> None:
    """Raise RobotError unless a law has controller(n) and params(robot, rate_hz)."""
    lacks = [what for key, what in INTERFACE.items() if not callable(getattr(law, key, None))]
    if lacks:
        raise RobotError(
            f"controller {name} has no {' and no '.join(lacks)}; see docs/control.md for both"
        )
    if not callable(getattr(law, "size", len)):
        raise RobotError(f"controller {name}: size is {law.size!r}; it must be size(robot)")


def size(law: Any, robot: Any) -> int:
    """Give for how many joints a law's controller has to be made for a robot."""
    if not hasattr(law, "size"):
        return len(robot.joint_names)
    found = _call(law, lambda: law.size(robot), "size(robot)")
    if not isinstance(found, int) or found < 1:
        raise RobotError(f"controller {name_of(law)}: size(robot) gave {_short(found)}")
    return found


def make(law: Any, n: int) -> Controller:
    """Give a law's controller for n joints. Raises RobotError where it makes none."""
    made = _call(law, lambda: law.controller(n), f"controller({n})")
    if not isinstance(made, Controller):
        raise RobotError(
            f"controller {name_of(law)}: controller({n}) gave {_short(made)}; "
            "it must give a robots.controllers.contract.Controller"
        )
    if not hasattr(made.step, "py_func"):
        raise RobotError(
            f"controller {name_of(law)}: step {_short(made.step)} is no kernel; "
            "decorate it with robots.kernel.kernel"
        )
    return made


def set_for(law: Any, made: Controller, robot: Any, rate_hz: float) -> np.ndarray:
    """Give a law's parameters, shape (1,). Raises RobotError where they are none of `made`."""
    found = _call(law, lambda: law.params(robot, rate_hz), "params(robot, rate_hz)")
    if not isinstance(found, np.ndarray) or found.shape != (1,) or found.dtype != made.params:
        raise RobotError(
            f"controller {name_of(law)}: params(robot, rate_hz) gave {_short(found)}; "
            f"it must give an array (1,) of {made.params}"
        )
    return found


def name_of(law: Any) -> str:
    """Give what to call a law in a message."""
    if isinstance(law, ModuleType):
        return str(law.__file__) if "__digest__" in vars(law) else law.__name__.rpartition(".")[2]
    return str(getattr(law, "name", law))


def _call(law: Any, function: Callable[[], Any], what: str) -> Any:
    try:
        return function()
    except (RobotError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise RobotError(
            f"controller {name_of(law)}: {what} raised {type(error).__name__}: {_first_line(error)}"
        ) from error


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "without a word"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} of {value.dtype}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
