"""A machine kept in mid-run, whole: core, devices, clocks and memory, by QEMU's own snapshots.

They need a disk image that can hold them. It has no name: it goes when QEMU does.
QEMU QMP reference, `blockdev-create`, `snapshot-save` and `snapshot-load`.
"""

import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivers.errors import DriverError
from drivers.qemu import Machine

_NODE = "millhand-snapshots"
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Snapshot:
    """What `Emulator.snapshot` kept: the machine by `name`, and the host's side."""

    name: str
    counts: dict[str, int]
    first_difference: str | None
    areas: list[np.ndarray]


class Snapshots:
    """The snapshots of one machine, which has to be held while one is saved or loaded."""

    def __init__(self, machine: Machine) -> None:
        self.names: list[str] = []
        self._machine = machine
        with tempfile.TemporaryDirectory(prefix="millhand-snapshots-") as folder:
            file = Path(folder) / "image"
            file.touch()
            machine.ask("blockdev-add", **{
                "driver": "file", "node-name": f"{_NODE}-file", "filename": str(file),
            })  # fmt: skip
            image = {"driver": "qcow2", "file": f"{_NODE}-file", "size": 1 << 20}
            self._job("blockdev-create", options=image)
            machine.ask("blockdev-add", **{
                "driver": "qcow2", "node-name": _NODE, "file": f"{_NODE}-file",
            })  # fmt: skip

    def save(self) -> str:
        """Keep the machine as it is, and give the snapshot's name."""
        name = secrets.token_hex(8)
        self._job("snapshot-save", tag=name, vmstate=_NODE, devices=[_NODE])
        self.names.append(name)
        return name

    def load(self, name: str) -> None:
        """Bring the machine back."""
        self._job("snapshot-load", tag=name, vmstate=_NODE, devices=[_NODE])

    def _job(self, command: str, **arguments: Any) -> None:
        """Run a monitor command that is a job. The time limit is only a guard against a hang."""
        name = f"millhand-{secrets.token_hex(4)}"
        self._machine.ask(command, **{"job-id": name, **arguments})
        began = time.monotonic()
        while True:
            job = next(j for j in self._machine.ask("query-jobs") if j["id"] == name)
            if job["status"] == "concluded":
                break
            if time.monotonic() - began > _PATIENCE_S:
                raise DriverError(f"QEMU did not end {command} in {_PATIENCE_S:g} s")
            time.sleep(0.001)
        self._machine.ask("job-dismiss", id=name)
        if "error" in job:
            raise DriverError(f"QEMU could not do {command}: {job['error']}")
