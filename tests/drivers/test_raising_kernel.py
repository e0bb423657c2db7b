"""A step that reports failure: no kernel of the contract can, but what stands in for one might."""

import os
import subprocess
import sys

import pytest
import trouble
from host_c import HERE

from drivers.emulator import Emulator
from drivers.errors import EmulatorError
from drivers.linked import LinkedBoard
from drivers.mailbox import Fault, Status
from drivers.protocol import State
from drivers.toolchain import build, cache_folder
from drivers.toolchain.link import command
from hardware import load_board

BOARDS = ("virt-rv64", "virt-rv32-soft", "hifive1")


@pytest.fixture(params=BOARDS)
def raising(request, tmp_path):
    """A board, and the object file of a step that fails at its fourth call."""
    board, cache = load_board(request.param), str(cache_folder() / "zig")
    flags = [word for word in command(board) if not word.startswith(("-Wl", "-static"))]
    made = tmp_path / "step.o"
    subprocess.run(
        [sys.executable, "-m", "ziglang", *flags, "-c", str(HERE / "raising_step.c"), "-o", made],
        check=True, capture_output=True,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
    )  # fmt: skip
    return board, made.read_bytes()


def test_in_lockstep_it_ends_the_board_with_its_number(raising):
    board, step = raising
    firmware = build(trouble.controller, board, step=step)
    with Emulator(trouble.controller, board, compare=False, firmware=firmware) as emulator:
        emulator.start(trouble.params())
        for _ in range(3):
            emulator.tick()
            assert emulator.output["tau"][0, 0] == 5.0
        box = emulator._link.box
        said = rf"trouble stopped at tick 4 on {board.name}: the kernel raised \(status 7\)"
        with pytest.raises(EmulatorError, match=said):
            emulator.tick()
        assert not box["output"].tobytes().strip(b"\0")
        assert (box["header"]["status"], box["header"]["fault"]) == (Status.FAULT, Fault.KERNEL)


def test_free_running_it_stops_the_motors_in_its_tick_until_it_is_cleared(raising):
    board, step = raising
    firmware = build(trouble.controller, board, step=step, runtime="link")
    with LinkedBoard(trouble.controller, board, firmware=firmware) as running:
        link = running.link
        link.load(trouble.params())
        rate = link.timer_hz / 2000
        link.arm(rate_hz=rate, watchdog_s=2**31 / rate, every=1)
        link.send(trouble.given())
        link.start()
        while link.crash is None and link.status().ticks < 100:
            link.poll()
        assert link.crash.describe(running.firmware.elf) == "the kernel raised at tick 4"
        assert (link.state, link.crash.fault) == (State.FAULT, Fault.KERNEL)
        assert [output.tick for output in link.outputs] == [1, 2, 3]
        assert not running.box["output"].tobytes().strip(b"\0")
        assert "the kernel raised" in link.console
        link.clear()
        assert link.state is State.IDLE
