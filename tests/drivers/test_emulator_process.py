"""QEMU missing, killed, crashed, interrupted: a clear error, and nothing left behind."""

import _thread
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from driver_controllers import BOARDS, one

from drivers import link
from drivers.emulator import Emulator
from drivers.errors import DriverError, EmulatorError
from drivers.exchange import _load_byte
from drivers.qemu import Machine
from drivers.toolchain import build
from hardware import load_board
from robots.kernel import kernel

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]


@pytest.fixture
def emulator(scale):
    with Emulator(scale, "virt-rv64") as made:
        made.start(np.ones(1, scale.params))
        yield made


def _exists(pid):
    """Whether the process is there, be it as a zombie."""
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A folder that this test, and the processes it starts, alone make temporary files in."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_qemu_killed_in_the_middle_is_an_error_with_the_tick(emulator):
    for _ in range(5):
        emulator.tick()
    pid = emulator._machine.process.pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(EmulatorError, match=r"QEMU exited with status -9 at tick \d+ \(step\)"):
        for _ in range(1000):
            emulator.tick()
    assert not _exists(pid)
    assert emulator.ticks >= 5  # what was counted is kept
    assert emulator.first_difference is None


def test_qemu_missing_is_an_error_with_the_remedy(scale, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DriverError, match=r"qemu-system-riscv32 is not installed: .*qemu") as error:
        Emulator(scale, "virt-rv32")
    assert "\n" not in str(error.value)


def test_a_qemu_that_does_not_start_says_why(scale, monkeypatch, tmp_path):
    fake = tmp_path / "qemu-system-riscv64"
    fake.write_text("#!/bin/sh\necho no such machine >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(DriverError, match=r"did not start \(exit status 3\): no such machine"):
        Emulator(scale, "virt-rv64")


def test_close_leaves_nothing(scale, own_folder):
    assert tempfile.gettempdir() == str(own_folder)
    open_before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        emulator = Emulator(scale, "virt-rv64")
        pid = emulator._machine.process.pid
        emulator.start(np.ones(1, scale.params))
        emulator.tick()
        emulator.close()
        emulator.close()
        assert not _exists(pid)
    gc.collect()
    assert not list(own_folder.iterdir())
    assert len(os.listdir("/proc/self/fd")) <= open_before
    assert "millhand-ram" not in Path("/proc/self/maps").read_text()
    with pytest.raises(EmulatorError, match="the emulator of scale is closed"):
        emulator.tick()


def test_an_abandoned_emulator_ends_its_qemu(scale):
    emulator = Emulator(scale, "virt-rv64")
    pid = emulator._machine.process.pid
    del emulator
    gc.collect()
    assert not _exists(pid)


def test_an_interrupt_stops_a_run_between_two_ticks(emulator):
    inputs = np.zeros(20_000_000, emulator.controller.input)
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        emulator.run(inputs)
    timer.join()
    ticks = emulator.ticks
    assert 0 < ticks < len(inputs)
    emulator.tick()
    assert (emulator.ticks, emulator.ticks_differing) == (ticks + 1, 0)


def test_qemu_that_is_killed_in_a_run_is_an_error_that_says_so(emulator):
    inputs = np.zeros(20_000_000, emulator.controller.input)
    pid = emulator._machine.process.pid
    timer = threading.Timer(0.2, os.kill, (pid, signal.SIGKILL))
    timer.start()
    with pytest.raises(EmulatorError, match=r"QEMU exited with status -9 at tick \d+ \(step\)"):
        emulator.run(inputs)
    timer.join()
    with pytest.raises(EmulatorError, match="is closed"):
        emulator.tick()


_CHILD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits "ignore"
import numpy as np
from drivers.emulator import Emulator
import driver_controllers as conftest
controller = conftest.one("scale", conftest._scale)
emulator = Emulator(controller, "virt-rv64")
emulator.start(np.ones(1, controller.params))
emulator.tick()
print(emulator._machine.process.pid, flush=True)
{end}
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", 0),
        ("sys.exit(4)", 4),
        ("raise RuntimeError", 1),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL,
                     marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux's own")),
    ],
)  # fmt: skip
def test_however_python_ends_qemu_ends(end, status, own_folder):
    done = subprocess.run(
        [sys.executable, "-c", _CHILD.format(end=end)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{REPO}:{HERE}"},
    )
    assert done.returncode == status, done.stderr
    pid = int(done.stdout)
    for _ in range(500):  # the kernel needs a moment to reap what it killed
        if not _running(pid):
            break
        time.sleep(0.01)
    assert not _running(pid)
    assert not list(own_folder.iterdir())


def _running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # an orphan's zombie is its adoptive parent's to reap


def test_firmware_of_other_dtypes_is_refused(scale, pd_aligned, monkeypatch):
    board = load_board("virt-rv64")
    machine = Machine(board, build(pd_aligned, board).elf)
    try:
        with pytest.raises(EmulatorError, match="layout .*; scale needs version 2, layout"):
            link.Link(scale, board, machine)
    finally:
        machine.close()


@pytest.mark.parametrize("board", BOARDS)
def test_a_trap_leaves_a_crash_record(board):
    @kernel
    def wild(params, state, input, output):
        state.n += 1
        if state.n == 4:
            # Nothing is at address 8: a load access fault.
            output.y = _load_byte(np.int64(8))

    controller = one("wild", wild)
    with Emulator(controller, board, compare=False) as emulator:
        emulator.start(np.zeros(1, controller.params))
        for _ in range(3):
            emulator.tick()
        with pytest.raises(
            EmulatorError,
            match=r"wild crashed at tick 3 on .*: mcause 0x5, mepc 0x8000\w+, mtval 0x8$",
        ):
            emulator.tick()


def test_a_firmware_that_hangs_is_an_error_and_not_a_hang(monkeypatch):
    @kernel
    def endless(params, state, input, output):
        while input.x == 0.0 or params.k == 0.0:
            state.n += 1

    controller = one("endless", endless)
    monkeypatch.setattr(link, "HANG_S", 0.5)
    with Emulator(controller, "virt-rv64", compare=False) as emulator:
        pid = emulator._machine.process.pid
        emulator.start(np.zeros(1, controller.params))
        with pytest.raises(EmulatorError, match=r"no answer .* at tick 0 .*QEMU says: running"):
            emulator.tick()
    assert not _exists(pid)


def test_the_board_says_hello(emulator):
    assert emulator._machine.uart() == "millhand scale on virt-rv64"
