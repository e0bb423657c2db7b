"""`millhand flash`: the tool's command, the refusal of another board, the image read back."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import threading

import pytest
import trouble
from board_on_a_port import BoardOnAPort
from plugin_runs import LAW, ROOT

from drivers import flash
from drivers.errors import DriverError, LinkError
from drivers.identity import identity_of
from drivers.linked import LinkedBoard
from drivers.serial_port import opened
from drivers.toolchain import build
from hardware import load_board
from robots import controllers

FLASH = '\n[flash]\ntool = "chipper"\ncommand = "chipper write {{elf}} {port}"\nnote = "A note."\n'


def board_file(folder, name, port=""):
    """A virtual board, by its own name, that the fake tool can flash."""
    path = folder / f"{name}-flashed.toml"
    text = (ROOT / f"hardware/boards/{name}.toml").read_text()
    path.write_text(text + FLASH.format(port=port))
    return path


@pytest.fixture
def law(tmp_path):
    path = tmp_path / "law.py"
    path.write_text(LAW)
    return path


@pytest.fixture
def bench(tmp_path, law):
    """Makes a board at a port, and what runs `millhand flash` for one with the fake tool."""
    made = []

    def make(name):
        board = BoardOnAPort(load_board(board_file(tmp_path, name)), tmp_path / f"at-{name}")
        made.append(board)
        return board

    def run(*words, board="virt-rv64", tools=None, stdin=subprocess.DEVNULL):
        words = [str(board_file(tmp_path, board)), "--controller", str(law), *map(str, words)]
        path = f"{tools}:{os.environ['PATH']}" if tools else os.environ["PATH"]
        return subprocess.run(
            [sys.executable, "-c", "import millhand; millhand.main()", "flash", "--board", *words,
             "--out", str(tmp_path / "out"), "--json"],
            capture_output=True, text=True, cwd=ROOT, timeout=300, stdin=stdin,
            env={**os.environ, "PATH": path, "COLUMNS": "200"}, check=False,
        )  # fmt: skip

    make.run, make.path = run, tmp_path
    yield make
    for board in made:
        board.close()


def result_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def firmware_of(law, board):
    found = controllers.for_robot(law, controllers.robot_for(law), 500)
    return build(found[0], board, runtime="link")


def test_a_board_is_flashed_and_reads_back_the_image(bench, law):
    board = bench("virt-rv64")
    tools = board.tool(bench.path / "bin")
    done = bench.run("--port", board.url, "--yes", tools=tools)
    said = result_of(done)
    elf = bench.path / "out/lag-virt-rv64.elf"
    assert said["command"] == f"chipper write {elf}"
    assert "nothing answers yet" in done.stderr and "chipper: writing" in done.stderr
    assert (said["flashed"], said["verified"]) == (True, True)
    assert said["sha256"] == identity_of(elf).sha256 and said["bytes"] == identity_of(elf).size
    again = bench.run("--port", board.url, "--yes", tools=tools)
    assert f"at {board.url}: lag on virt-rv64" in again.stderr
    looked = result_of(bench.run("--serial", board.url, "--verify-only"))
    assert (looked["flashed"], looked["verified"], looked["command"]) == (False, True, "")


def test_another_board_at_the_port_is_refused_by_name(bench, law):
    other = bench("virt-rv32")
    tools = other.tool(bench.path / "bin")
    other.write(firmware_of(law, other.board).elf)
    chip = (other.folder / "chip").read_bytes()
    done = bench.run("--port", other.url, "--yes", tools=tools)
    assert done.returncode == 2
    assert (
        f"the board at {other.url} is virt-rv32 (it runs lag), not virt-rv64: nothing was flashed"
    ) in done.stderr
    assert (other.folder / "chip").read_bytes() == chip


def test_an_image_that_is_not_what_was_flashed_is_not_verified(bench, law):
    board = bench("virt-rv64")
    board.write(firmware_of(law, board.board).elf)
    idle = bench.path / "idle"
    idle.mkdir()
    (idle / "chipper").write_text("#!/bin/sh\nexit 0\n")
    (idle / "chipper").chmod(0o755)
    law.write_text(LAW.replace("2.0 * state.y", "3.0 * state.y"))
    done = bench.run("--port", board.url, "--yes", tools=idle)
    assert done.returncode == 2
    assert "virt-rv64 holds" in done.stderr and "flash it again" in done.stderr
    (idle / "chipper").write_text("#!/bin/sh\nexit 7\n")
    done = bench.run("--port", board.url, "--yes", tools=idle)
    assert done.returncode == 2 and "chipper ended with status 7: chipper write" in done.stderr


def test_a_board_whose_motors_may_move_is_not_flashed():
    with LinkedBoard(trouble.controller, "virt-rv64") as board:
        link = board.link
        link.load(trouble.params())
        link.arm(rate_hz=1000, watchdog_s=1e6)
        with pytest.raises(LinkError, match="trouble on virt-rv64 at P is armed: stop it first"):
            flash.check_before(board.firmware, link._stream, "P")


def test_what_is_missing_is_one_line_with_the_remedy(bench):
    done = bench.run("--yes")
    assert done.returncode == 2
    assert "chipper is not installed: install it and put it on PATH" in done.stderr
    idle = bench.path / "idle"
    idle.mkdir()
    (idle / "chipper").write_text("#!/bin/sh\ntouch ran\n")
    (idle / "chipper").chmod(0o755)
    done = bench.run("--port", "/dev/ttyNOPE7", "--yes", tools=idle)
    assert done.returncode == 2 and "there is no port /dev/ttyNOPE7; there are: " in done.stderr
    done = bench.run("--port", "/dev/ttyNOPE7", "--dry-run", tools=idle)
    assert result_of(done)["flashed"] is False
    done = bench.run(tools=idle)
    assert done.returncode == 2 and "give --yes to run the command" in done.stderr
    assert "Traceback" not in done.stderr and not list(bench.path.rglob("ran"))


def test_commands_are_filled_split_and_shown(law, tmp_path):
    made = controllers.for_robot(law, controllers.robot_for(law), 500)[0]

    def steps(name, port=None):
        return flash.commands(build(made, load_board(name), tmp_path), port)

    elf = str(tmp_path / "lag-hifive1.elf")
    found = steps("hifive1")
    assert found == [
        ["openocd", "-f", "board/sifive-hifive1.cfg", "-c", f"program {elf} verify reset exit"]
    ]
    assert f"-c 'program {elf} verify reset exit'" in flash.as_text(found)
    first, second = steps("esp32-c3", "/dev/ttyACM0")
    assert first[-2:] == [
        str(tmp_path / "lag-esp32-c3.elf.img"),
        str(tmp_path / "lag-esp32-c3.elf"),
    ]
    assert second[3:5] == ["--port", "/dev/ttyACM0"]
    assert " && esptool" in flash.as_text([first, second])
    assert steps("rp2350")[0][-1] == str(tmp_path / "lag-rp2350.uf2")
    with pytest.raises(DriverError, match="esptool needs --port"):
        steps("esp32-c3")
    with pytest.raises(DriverError, match=r"board virt-rv64 has no \[flash\] part.*hifive1"):
        steps("virt-rv64")
    with pytest.raises(DriverError, match="which the tool would misread"):
        flash.commands(build(made, load_board("hifive1"), tmp_path / "a b"), None)


def test_a_serial_device_carries_the_host_link():
    with LinkedBoard(trouble.controller, "virt-rv64") as board:
        uart = board.wire.stream.socket
        uart.settimeout(None)
        ours, theirs = pty.openpty()

        def down():
            with contextlib.suppress(OSError):
                while data := os.read(ours, 4096):
                    uart.sendall(data)

        def up():
            with contextlib.suppress(OSError):
                while data := uart.recv(4096):
                    os.write(ours, data)

        pumps = [threading.Thread(target=pump, daemon=True) for pump in (down, up)]
        for pump in pumps:
            pump.start()
        name = os.ttyname(theirs)
        with opened(name, 115200) as stream:
            assert flash.check_before(board.firmware, stream, name) == "trouble on virt-rv64"
            assert flash.verify(board.firmware, stream, 10.0) == identity_of(board.firmware.elf)
            with pytest.raises(DriverError, match="is in use by another"), opened(name, 115200):
                pass
        os.close(theirs)
    for pump in pumps:
        pump.join()
    os.close(ours)


def test_a_port_that_is_pulled_out_is_an_error_that_says_so():
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    with opened(name, 115200) as stream:
        assert stream.read(1) == b""
        os.close(ours)
        os.close(theirs)
        for call in (lambda: stream.read(1), lambda: stream.write(b"x")):
            with pytest.raises(LinkError, match=f"the port {name} is gone"):
                call()


def test_the_serial_port_is_the_tools_where_that_can_be_one(tmp_path):
    assert flash.serial_of("/dev/ttyUSB0", None) == "/dev/ttyUSB0"
    assert flash.serial_of("socket://localhost:1", None) == "socket://localhost:1"
    assert flash.serial_of(str(tmp_path), None) is None
    assert flash.serial_of("me@host:/opt", None) is None
    assert flash.serial_of(str(tmp_path), "/dev/ttyUSB0") == "/dev/ttyUSB0"
    assert flash.serial_of(None, None) is None


def test_a_port_that_cannot_be_opened_says_why(monkeypatch):
    import serial

    def refuse(number, text):
        class Port:
            def open(self):
                raise serial.SerialException(number, text)

        monkeypatch.setattr(serial, "serial_for_url", lambda *a, **k: Port())

    for number, text, said in [
        (13, "Permission denied", "sudo usermod -aG dialout"),
        (16, "busy", "port /dev/ttyX is in use by another program"),
        (5, "I/O", "port /dev/ttyX cannot be opened"),
    ]:
        refuse(number, text)
        with pytest.raises(DriverError, match=said), opened("/dev/ttyX", 115200):
            pass
    monkeypatch.undo()
    with (
        pytest.raises(DriverError, match="port nonsense://x cannot be opened"),
        opened("nonsense://x", 115200),
    ):
        pass
