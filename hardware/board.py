"""What the rest of the house knows about a board."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """A region of memory, in bytes."""

    name: str
    kind: str
    base: int
    size: int

    @property
    def end(self) -> int:
        """The first address after the region."""
        return self.base + self.size


@dataclass(frozen=True)
class Device:
    """A memory-mapped device: what it is, and where."""

    kind: str
    base: int


@dataclass(frozen=True)
class EmulatorSpec:
    """How QEMU is asked for this board."""

    program: str
    machine: str
    cpu: str | None


@dataclass(frozen=True)
class Board:
    """A board that can run firmware.

    `extensions` are the parts of `isa`; sizes are bytes, rates are Hz, `watchdog_s` is
    simulated seconds without a sign of life from the host in free-running control.
    `emulator` is None for a board that QEMU does not have.
    """

    name: str
    description: str
    isa: str
    xlen: int
    extensions: tuple[str, ...]
    abi: str
    entry: int
    memory: tuple[Memory, ...]
    stack_size: int
    mailbox: Memory
    uart: Device
    timer: Device
    timer_hz: int
    rate_hz: float
    watchdog_s: float
    emulator: EmulatorSpec | None

    @property
    def ram(self) -> Memory:
        """The region that holds code, data, stack and mailbox."""
        return next(region for region in self.memory if region.base <= self.entry < region.end)
