"""The cross-compiler beside a C compiler: the same controller by hand, built by GCC at -O2.

Both objects go into the same firmware, run in the same emulator on the same inputs, and are
compared with the host's kernel in every bit of output and state. Instructions are the step's
own (`minstret` around it), those of arithmetic in software included: GCC's code uses GCC's,
libgcc's, and once more ours, which tells how much of the difference is the arithmetic's. Bytes
are the object's code and constants, without that arithmetic.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from shutil import which
from statistics import median
from typing import Any

import numpy as np

from drivers.emulator import Emulator
from drivers.errors import ToolchainError
from drivers.toolchain import Firmware, build, compile_kernel
from drivers.toolchain.elf import code_bytes
from drivers.toolchain.header import mailbox_header
from drivers.toolchain.target import ENTRY
from hardware import Board, boards, load_board
from robots import catalogue, controllers
from robots.controllers import joint_impedance
from robots.controllers.contract import Controller
from robots.kernel import kernel
from robots.kinematics import chain_dtype, jacobian

GCC = "riscv64-unknown-elf-gcc"
OBJCOPY = "riscv64-unknown-elf-objcopy"
INSTALL = f"{GCC} is not installed: apt-get install gcc-riscv64-unknown-elf"
FLAGS = (
    "-O2 -std=c11 -ffreestanding -ffp-contract=off -fno-math-errno -mcmodel=medany "
    "-Wall -Wextra -Werror"
)
SOURCES = Path(__file__).parent / "bench_c"
ISAS = ("rv64gc", "rv32imac")
LAWS = ("joint_impedance", "limiter", "fk_jacobian", "diff_ik")
RATE_HZ = 500.0
TICKS = 300


@kernel
def _fk_jacobian(params, state, input, output):  # type: ignore[no-untyped-def]
    jacobian(
        params.chain, input.q, output.position, output.rotation, state.scratch, output.jacobian
    )


@lru_cache
def fk_jacobian(n: int) -> Controller:
    """Give a controller that does nothing but forward kinematics and the Jacobian."""
    return Controller(
        name="fk_jacobian",
        params=np.dtype([("chain", chain_dtype(n))], align=True),
        state=np.dtype([("scratch", np.float64, (n, 9))], align=True),
        input=np.dtype([("q", np.float64, (n,))], align=True),
        output=np.dtype(
            [
                ("position", np.float64, (3,)),
                ("rotation", np.float64, (3, 3)),
                ("jacobian", np.float64, (6, n)),
            ],
            align=True,
        ),
        step=_fk_jacobian,
    )


def law_of(name: str) -> tuple[Controller, np.ndarray]:
    """Give a controller of the bench with its parameters, for the arm of seven joints."""
    robot = catalogue.load("panda")
    if name != "fk_jacobian":
        return controllers.for_robot(name, robot, RATE_HZ)
    law = fk_jacobian(len(robot.home))
    params = np.zeros(1, law.params)
    params["chain"] = robot.record
    return law, params


def motion(law: Controller, ticks: int) -> np.ndarray:
    """Give the inputs (ticks,) of an arm that swings about its home, its tool after a goal."""
    robot = catalogue.load("panda")
    n = len(robot.home)
    t = np.arange(ticks)[:, None] / RATE_HZ
    phase = np.arange(n)
    rows = np.zeros(ticks, law.input)
    values = {
        "q": robot.home + 0.3 * np.sin(4.0 * t + phase),
        "dq": 1.2 * np.cos(4.0 * t + phase),
        "q_ref": robot.home + 0.3 * np.sin(4.0 * t + phase + 0.02),
        "dq_ref": 1.2 * np.cos(4.0 * t + phase + 0.02),
        "q_goal": robot.home + 0.3 * np.sin(4.0 * t + phase + 0.1),
        "position": [0.4, 0.0, 0.5] + 0.1 * np.sin(3.0 * t + np.arange(3)),
        "quaternion": [1.0, 0.0, 0.0, 0.0] + 0.1 * np.sin(2.0 * t + np.arange(4)),
        "twist": 0.05 * np.sin(5.0 * t + np.arange(6)),
    }
    for field in law.input.names or ():
        rows[field] = values[field]
    return rows


def compile_peer(law: Controller, board: Board) -> tuple[bytes, bytes]:
    """Compile `bench_c/NAME.c` with GCC: the object, and one with GCC's own arithmetic in it.

    Raises ToolchainError where it cannot.
    """
    if which(GCC) is None:
        raise ToolchainError(INSTALL)
    machine = [f"-march={board.isa}", f"-mabi={board.abi}"]
    source = SOURCES / f"{law.name}.c"
    with tempfile.TemporaryDirectory(prefix="millhand-peer-") as name:
        folder = Path(name)
        (folder / "mailbox.h").write_text(mailbox_header(law), encoding="utf-8")
        _run(folder, GCC, *machine, *FLAGS.split(), "-I.", "-c", str(source), "-o", "peer.o")
        _run(folder, GCC, *machine, "-r", "-nostdlib", "peer.o", "-lgcc", "-o", "whole.o")
        _run(folder, OBJCOPY, f"--keep-global-symbol={ENTRY}", "whole.o")
        return (folder / "peer.o").read_bytes(), (folder / "whole.o").read_bytes()


def _run(folder: Path, *line: str) -> None:
    try:
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120)
    except OSError as error:
        raise ToolchainError(f"{line[0]} did not run: {error}") from error
    if done.returncode:
        raise ToolchainError(f"{' '.join(line)}: {done.stderr.strip()}")


def instructions(law: Controller, params: np.ndarray, firmware: Firmware) -> float:
    """Count a tick's instructions, mean over the motion. Raises where a bit differs."""
    with Emulator(law, firmware.board, firmware=firmware) as emulator:
        emulator.start(params)
        for row in motion(law, TICKS):
            emulator.input[0] = row
            emulator.tick()
        if emulator.ticks_differing:
            raise ToolchainError(
                f"{law.name} on {firmware.board.name}: {emulator.ticks_differing} of {TICKS} "
                f"ticks differ from the host's; {emulator.first_difference}"
            )
        return emulator.instructions_per_tick


def codegen(names: tuple[str, ...] = LAWS, rounds: int = 3) -> list[dict[str, Any]]:
    """Give the bench's cases: instructions a tick, bytes of code, and the wait after an edit."""
    found = []
    usable = [board for isa in ISAS for board in map(load_board, boards()) if _fits(board, isa)]
    for board in usable:
        for name in names:
            found += list(_cases(*law_of(name), board))
    return [*found, *_waits(usable[0], rounds)]


def _fits(board: Board, isa: str) -> bool:
    """Whether a board has this ISA, all its memory in one, and one emulated hart."""
    emulated = board.emulator is not None and board.emulator.harts == 1
    return board.isa == isa and board.code == board.ram and emulated


_EDIT = """
import sys, time
began = time.perf_counter()
import numpy as np
from drivers.emulator import Emulator
from robots import catalogue
robot = catalogue.load("panda")
for number, file in enumerate(sys.argv[2:]):
    if number:
        began = time.perf_counter()
    spaces = {"__name__": f"edited_{number}", "__file__": file}
    exec(compile(open(file).read(), file, "exec"), spaces)
    with Emulator(spaces["controller"](len(robot.home)), sys.argv[1]) as board:
        board.start(spaces["params"](robot, 500.0))
        board.tick()
        assert not board.ticks_differing
    print(time.perf_counter() - began)
"""


def _waits(board: Board, rounds: int) -> Iterator[dict[str, Any]]:
    """Time from a controller's edited source to its first tick in the emulator."""
    text = Path(joint_impedance.__file__).read_text(encoding="utf-8")
    anew, warm = [], []
    with tempfile.TemporaryDirectory(prefix="millhand-edit-") as folder:
        for turn in range(rounds):
            files = []
            for number in (0, 1):
                file = Path(folder) / f"edit_{time.time_ns()}_{turn}_{number}.py"
                changed = f"{1.0 + time.time_ns() % 1000 / 1e9!r} * (spring + damper)"
                file.write_text(text.replace("spring + damper", changed), encoding="utf-8")
                files.append(str(file))
            line = [sys.executable, "-c", _EDIT, board.name, *files]
            done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=True)
            first, second = map(float, done.stdout.split())
            anew.append(first)
            warm.append(second)
    title = "joint_impedance edited, to its first tick"
    yield _case(f"{title}: in a running process", median(warm), None, None, "s")
    yield _case(f"{title}: in a new process", median(anew), None, None, "s")


def _cases(law: Controller, params: np.ndarray, board: Board) -> Iterator[dict[str, Any]]:
    title, gcc = f"{law.name}, {board.isa}", "C by hand, GCC -O2"
    code = compile_kernel(law, board)
    ours = instructions(law, params, build(law, board))
    if which(GCC) is None:
        yield _case(f"{title}: a tick", ours, None, INSTALL, "instructions")
        yield _case(f"{title}: code", code_bytes(code), None, INSTALL, "bytes")
        return
    peer, whole = compile_peer(law, board)
    theirs = instructions(law, params, build(law, board, step=whole))
    yield _case(f"{title}: a tick", ours, theirs, gcc, "instructions")
    if "d" not in board.extensions:
        same = instructions(law, params, build(law, board, step=peer))
        yield _case(f"{title}: a tick", ours, same, f"{gcc}, our arithmetic", "instructions")
    yield _case(f"{title}: code", code_bytes(code), code_bytes(peer), gcc, "bytes")


def _case(
    case: str, ours: float, peer: float | None, peer_name: str | None, unit: str
) -> dict[str, Any]:
    return {
        "case": case,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "unit": unit,
        "ratio": peer / ours if peer else None,
    }
