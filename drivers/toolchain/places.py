"""Where in the source a symbol comes from that a board does not have.

Optimised code has forgotten its lines. So the kernel is lowered once more, with them, and the
call is looked up in that; from code of Numba's own the way leads back to the kernel that calls it.
"""

import re
from collections.abc import Iterator

from drivers.toolchain import refusals
from drivers.toolchain.calling import RAISE
from drivers.toolchain.target import lower
from hardware import Board
from robots.controllers.contract import Controller

_FUNCTION = re.compile(r'^define .*?@("[^"]+"|[\w.$]+)\(.*?\{$(.*?)^\}$', re.M | re.S)
_CALL = re.compile(r'call .*?@("[^"]+"|[\w.$]+)\(.*?!dbg !(\d+)')
_REMAINDER = re.compile(r"= frem (float|double) .*?!dbg !(\d+)")
_REMAINDERS = {"float": "fmodf", "double": "fmod"}
_LINE = re.compile(r"^!(\d+) = .*?!DILocation\(line: (\d+), .*?scope: !(\d+)", re.M)
_SCOPE = re.compile(r"^!(\d+) = .*?!DISubprogram\(.*?file: !(\d+)", re.M)
_FILE = re.compile(r'^!(\d+) = !DIFile\(filename: "(.*?)", directory: "(.*?)"\)', re.M)

Place = tuple[str, int]


def refusal_of(controller: Controller, board: Board, foreign: set[str]) -> str:
    """Give the reason, with its place, why a kernel that needs foreign symbols is refused."""
    raised = sorted(name for name in foreign if name.startswith(RAISE))
    name = (raised or sorted(foreign))[0]
    reason = _reason(name)
    places = _places(controller, board, name)
    if not places:
        return f"{reason} (symbol {name})"
    file, line = min(places)
    return f"{file}:{line}: {reason}"


def _reason(name: str) -> str:
    if name.startswith(RAISE):
        return refusals.RAISES.format(name.removeprefix(RAISE).partition(" at ")[0])
    if name.startswith("NRT_"):
        return refusals.ALLOCATES
    if name.startswith(("Py", "numba_", "_Py")):
        return refusals.OBJECT.format("Python's runtime")
    return refusals.LIBM.format(name)


def _places(controller: Controller, board: Board, symbol: str) -> set[Place]:
    """Give the places outside Numba from which a symbol is reached."""
    text = str(lower(controller, board.xlen, "located"))
    files = {key: f"{folder}/{name}" for key, name, folder in _FILE.findall(text)}
    scopes = {key: files.get(file, "") for key, file in _SCOPE.findall(text)}
    lines = {key: (scopes.get(scope, ""), int(line)) for key, line, scope in _LINE.findall(text)}
    calls: dict[str, list[tuple[str, Place]]] = {}
    for caller, body in _FUNCTION.findall(text):
        for called, key in _CALL.findall(body):
            calls.setdefault(_plain(called), []).append((_plain(caller), lines.get(key, ("", 0))))
        for kind, key in _REMAINDER.findall(body):
            place = lines.get(key, ("", 0))
            calls.setdefault(_REMAINDERS[kind], []).append((_plain(caller), place))
    return set(_outside(symbol, calls, set()))


def _outside(
    name: str, calls: dict[str, list[tuple[str, Place]]], seen: set[str]
) -> Iterator[Place]:
    if name in seen:
        return
    seen.add(name)
    for caller, place in calls.get(name, []):
        if place[0] and not place[0].startswith(refusals.NUMBA):
            yield place
        else:
            yield from _outside(caller, calls, seen)


def _plain(name: str) -> str:
    """Give a function's name as the object file has it: `llvm.pow.f64` becomes a call of pow."""
    name = name.strip('"')
    intrinsic = re.fullmatch(r"llvm\.(\w+)\.(f32|f64)", name)
    if intrinsic is None:
        return name
    return intrinsic[1] + ("f" if intrinsic[2] == "f32" else "")
