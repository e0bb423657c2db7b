"""An emulated board behind a TCP port, that runs what the fake flash tool puts on its chip."""

import contextlib
import socket
import stat
import threading
import time

import numpy as np

from drivers.linked import _stream_pair
from drivers.mailbox import HEADER, MAGIC
from drivers.qemu import Machine

TOOL = """#!/bin/sh
# chipper write IMAGE: puts an image on the chip and waits until the board has booted it.
[ "$1" = write ] || exit 3
echo "chipper: writing $2"
rm -f "{folder}/booted"
cp "$2" "{folder}/new" && mv "{folder}/new" "{folder}/chip"
while [ ! -e "{folder}/booted" ]; do sleep 0.02; done
"""


class BoardOnAPort:
    """`url` is the port; `write(elf)` flashes as the tool does; nothing answers before."""

    def __init__(self, board, folder):
        self.board, self.folder = board, folder
        folder.mkdir()
        self.machine = self.uart = None
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self.server.getsockname()[1]}"
        self.done = threading.Event()
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self._chip, self._port)]
        for thread in self.threads:
            thread.start()

    def tool(self, path):
        """Write the fake tool, and give its folder."""
        path.mkdir()
        program = path / "chipper"
        program.write_text(TOOL.format(folder=self.folder))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return path

    def write(self, elf):
        (self.folder / "booted").unlink(missing_ok=True)
        (self.folder / "new").write_bytes(elf.read_bytes())
        (self.folder / "new").rename(self.folder / "chip")
        while not (self.folder / "booted").exists():
            assert not self.done.wait(0.01)

    def _chip(self):
        chip, held = self.folder / "chip", None
        while not self.done.wait(0.01):
            with contextlib.suppress(FileNotFoundError):
                if chip.stat().st_ino != held:
                    held = chip.stat().st_ino
                    self._boot(chip)

    def _boot(self, elf):
        if self.machine:
            self.machine.close()
        self.uart, theirs = _stream_pair()
        self.machine = Machine(self.board, elf, theirs)
        theirs.close()
        place = self.board.mailbox.base - self.board.ram.base
        header = np.frombuffer(self.machine.ram, HEADER, 1, place)
        while header["magic"][0] != MAGIC:
            time.sleep(0.01)
        (self.folder / "booted").touch()

    def _port(self):
        while not self.done.is_set():
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            uart = self.uart
            if uart is not None:
                threading.Thread(target=self._pump, args=(uart, client), daemon=True).start()
                self._pump(client, uart)
            else:
                self._pump(client, None)
            client.close()

    def _pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if sink is not None:
                    sink.sendall(data)

    def close(self):
        self.done.set()
        self.server.close()
        for thread in self.threads[:1]:
            thread.join()
        if self.machine:
            self.machine.close()
