"""What the compiled side of a lockstep works on (drivers/exchange.py), as Python sees it."""

import os
from typing import Any

import numpy as np

from drivers import exchange
from drivers.difference import first_difference
from drivers.faults import Stuck
from drivers.link import HANG_S, Link, cpus
from robots.controllers.contract import Controller, Instance

_LOOKS, _LOOKS_ALONE = 400_000, 100
"""How often to look for a reply before sleeping: some 130 us at a third of a ns each, more than a
control stack takes, for a host that naps finds its guest dozing; and on the guest's own CPU."""


class Plan:
    """A record of exchange.PLAN, and the memory that it points to.

    `plan[name]` reads and sets one. `host` is stepped by the C function at `law`, where that is
    not 0. `first_difference` names the first field in which board and host differed.
    """

    def __init__(self, controller: Controller, host: Instance, law: int, compare: bool) -> None:
        self._record, self._code = np.zeros(1, exchange.PLAN), exchange.code()
        self._room = np.zeros(2, np.int64)
        self.address = self._record.ctypes.data
        self._kept = {
            "output": np.zeros(1, controller.output),
            "host_output": np.zeros(1, controller.output),
            "state": np.zeros(1, controller.state),
            "host_state": np.zeros(1, controller.state),
        }
        self._first: str | None = None
        for name, array in self._kept.items():
            self[f"kept_{name}"] = array.ctypes.data
        for area in ("input", "output", "state"):
            self[f"{area}_size"] = getattr(controller, area).itemsize
        for area in ("params", "state", "output"):
            self[f"host_{area}"] = getattr(host, area).ctypes.data
        self["law"], self["compare"], self["room"] = law, compare, self._room.ctypes.data
        self["looks"] = _LOOKS_ALONE if cpus() == 1 else _LOOKS
        self["patience_ns"], self["process"] = HANG_S * 1e9, -1

    def __getitem__(self, name: str) -> int:
        return int(self._record[name][0])

    def __setitem__(self, name: str, value: Any) -> None:
        self._record[name] = value

    def join(self, link: Link, pid: int) -> None:
        """Take up a mailbox, and watch its QEMU, until `part`."""
        header = link.box["header"]
        for name in ("request", "reply", "status"):
            self[name] = header[name].ctypes.data
        self["guest_instructions"] = header["instructions"].ctypes.data
        for area in ("input", "output", "state"):
            self[f"guest_{area}"] = link.box[area].ctypes.data
        # One number, whoever asks: Python's commands and the compiled ticks.
        self["sequence"] = link.numbers
        link.numbers = self._record["sequence"]
        if hasattr(os, "pidfd_open"):
            self["process"] = os.pidfd_open(pid)

    def part(self) -> None:
        """Let go of the mailbox. Compiled code that still has the plan finds it closed."""
        self["request"] = 0
        if self["process"] >= 0:
            os.close(self["process"])
            self["process"] = -1

    def place(self, input: np.ndarray, output: np.ndarray) -> None:
        """Say where the emulator's input and output are."""
        self._given, self._taken = input.ctypes.data, output.ctypes.data
        self["input"], self["output"] = self._given, self._taken

    def hold(self, stuck: Stuck) -> None:
        """Let inputs stick."""
        self["mask"] = stuck.mask.ctypes.data if stuck.mask.any() else 0
        self["stuck"] = stuck.bits.ctypes.data

    def tick(self) -> int:
        """Take one tick; give exchange.OK, or what went wrong."""
        return self._code.tick(self.address, 0, self._given, self._taken)

    def run(self, inputs: np.ndarray, outputs: np.ndarray) -> int:
        """Take a tick for each of `inputs` (n,), contiguous; write `outputs` (n,)."""
        places = inputs.ctypes.data, outputs.ctypes.data
        return self._code.run(self.address, *places, len(inputs))

    def zero(self) -> None:
        """Count from 0."""
        for count in exchange.COUNTS:
            self[count] = 0
        self._first = None

    @property
    def first_difference(self) -> str | None:
        """The first field in which the two sides differed, with the bits of both."""
        if self._first is None and self["differing"]:
            self._first = self._difference()
        return self._first

    @first_difference.setter
    def first_difference(self, found: str | None) -> None:
        self._first = found

    def _difference(self) -> str:
        for area in ("output", "state"):
            found = first_difference(self._kept[area], self._kept[f"host_{area}"], area)
            if found:
                return f"tick {self['first_differing']}: {found}"
        return f"tick {self['first_differing']}: bytes between the fields"
