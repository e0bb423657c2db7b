"""What the rest of the house knows about a board."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """A region of memory, in bytes. `kind` is ram or flash."""

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
    """A memory-mapped device: what it is, where, and what its driver has to know.

    The runtime's file for it is `ROLE_KIND.c`. `options` are (name, value) pairs.
    """

    kind: str
    base: int
    role: str = ""
    irq: int | None = None
    clock_hz: int | None = None
    options: tuple[tuple[str, int], ...] = ()

    def option(self, name: str, default: int) -> int:
        """Give an option's value, or the default where the board does not name it."""
        return dict(self.options).get(name, default)


@dataclass(frozen=True)
class EmulatorSpec:
    """How QEMU is asked for this board.

    `harts` are all that the machine has at least; `timer_hz` is given where QEMU's timer does
    not run at the board's rate.
    """

    program: str
    machine: str = ""
    cpu: str | None = None
    harts: int = 1
    timer_hz: int | None = None


@dataclass(frozen=True)
class FlashTool:
    """The vendor's tool that puts an image on the board.

    `command` is a template: `{elf}`, `{bin}` or `{uf2}` is the image, `{port}` a serial port.
    """

    tool: str
    command: str
    note: str = ""


@dataclass(frozen=True)
class Board:
    """A board that can run firmware.

    `extensions` are the parts of `isa`; sizes are bytes, rates are Hz, `watchdog_s` is
    simulated seconds without a sign of life from the host in free-running control. `mailbox`
    is the most that a controller's mailbox may take. `hart` is the one that runs the
    controller. `csrs` is `few` where mhartid, mie and minstret are not to be touched; no
    instructions are then counted. `boot` names the file that brings the chip up before the
    firmware runs. `system` is bare, or linux where the firmware is a program of the operating
    system. `emulator` is None for a board that is built for and size-checked, but not run.
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
    hart: int = 0
    csrs: str = "all"
    boot: str = ""
    system: str = "bare"
    devices: tuple[Device, ...] = ()
    flash: FlashTool | None = None
    proven: str = ""
    wiring: str = ""
    sources: tuple[str, ...] = ()

    @property
    def code(self) -> Memory:
        """The region that code runs from."""
        return next(region for region in self.memory if region.base <= self.entry < region.end)

    @property
    def ram(self) -> Memory:
        """The region that holds data, stack and mailbox."""
        base = self.mailbox.base
        return next(region for region in self.memory if region.base <= base < region.end)

    @property
    def emulated_timer_hz(self) -> int:
        """The timer's rate where the firmware runs in the emulator."""
        return (self.emulator and self.emulator.timer_hz) or self.timer_hz

    @property
    def runs(self) -> str:
        """Where its firmware is run in tests: qemu, or built where it is not run at all."""
        return "qemu" if self.emulator else "built"

    def parts(self, role: str) -> tuple[Device, ...]:
        """The devices of a role, such as gpio or can, in the file's order."""
        return tuple(device for device in self.devices if device.role == role)

    def code_space(self) -> Memory:
        """Where code may lie: from the entry to the region's end, or to the mailbox."""
        code = self.code
        end = self.mailbox.base if code == self.ram else code.end
        return Memory(code.name, code.kind, self.entry, end - self.entry)

    def data_space(self, mailbox: int) -> Memory:
        """Where data and stack may lie beside a mailbox of so many bytes.

        A mailbox at the start of its region takes what it needs; elsewhere it ends the space.
        """
        ram = self.ram
        if self.code == ram:
            return self.code_space()
        base, end = ram.base, self.mailbox.base
        if end == base:
            base, end = base + -(-mailbox // 64) * 64, ram.end
        return Memory(ram.name, ram.kind, base, end - base)
