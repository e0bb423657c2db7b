"""What an emulated board has counted since its start."""

from drivers.plan import Plan


class Counts:
    """Counts of a lockstep's ticks, out of its plan."""

    _plan: Plan

    @property
    def ticks(self) -> int:
        """Ticks that the board has taken."""
        return self._plan["ticks"]

    @property
    def ticks_differing(self) -> int:
        """Ticks in which board and host differed in some bit."""
        return self._plan["differing"]

    @property
    def ticks_missed(self) -> int:
        """Ticks that passed the board by, see `Emulator.miss_ticks`."""
        return self._plan["missed"]

    @property
    def first_difference(self) -> str | None:
        """The first field in which board and host differed, with the bits of both."""
        return self._plan.first_difference

    @property
    def instructions(self) -> int:
        """Instructions of the kernel in all ticks."""
        return self._plan["instructions"]

    @property
    def last_instructions(self) -> int:
        """Instructions of the kernel in the latest tick."""
        return self._plan["last_instructions"]

    @property
    def wall_s(self) -> float:
        """Wall time spent in ticks, seconds."""
        return self._plan["wall_ns"] / 1e9

    @property
    def instructions_per_tick(self) -> float:
        """Mean instructions of the kernel a tick; NaN before the first."""
        return self.instructions / self.ticks if self.ticks else float("nan")

    @property
    def ticks_per_second(self) -> float:
        """Ticks a second of wall time spent in ticks; NaN before the first."""
        return self.ticks / self.wall_s if self.wall_s else float("nan")
