"""What a firmware may cost: budgets of a test, and the figures that a report has of it."""

from collections.abc import Mapping

from drivers.errors import DriverError
from drivers.toolchain import Firmware

Budget = int | Mapping[str, int]
"""The most that is allowed, or that for each board by name."""


def hold(firmware: Firmware, what: str, found: int, budget: Budget) -> None:
    """Raise AssertionError where more was found of `what` than the budget of the board allows.

    Raises DriverError for a budget that does not know the board.
    """
    __tracebackhide__ = True
    board = firmware.board.name
    if not isinstance(budget, int):
        if board not in budget:
            raise DriverError(f"no budget for {board}; there are: {', '.join(budget)}")
        budget = budget[board]
    if found > budget:
        raise AssertionError(
            f"{firmware.controller.name} on {board} takes {found} {what}; the budget is "
            f"{budget}, {found - budget} less"
        )


def identity(firmware: Firmware) -> dict[str, str]:
    """Say for what and from what a firmware was built."""
    board = firmware.board
    return {
        "board": board.name,
        "isa": board.isa,
        "abi": board.abi,
        "controller": firmware.controller.name,
    }


def sizes(firmware: Firmware) -> dict[str, int]:
    """Give a firmware's bytes of text, RAM and, where it can be told, stack."""
    found = {"text_bytes": firmware.text_bytes, "ram_bytes": firmware.ram_bytes}
    used = firmware.stack_used_bytes
    return found if used is None else {**found, "stack_bytes": used}
